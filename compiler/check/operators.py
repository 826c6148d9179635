"""Operators: which type arithmetic and comparisons have, with constants computed here."""

from __future__ import annotations

import ast

from atoll.compiler.check.coerce import Coercion
from atoll.compiler.constants import fold
from atoll.compiler.tree import (
    Binary,
    Choice,
    Compare,
    Constant,
    Convert,
    Expression,
    FieldOf,
    Intrinsic,
    Length,
    Local,
    LocalVariable,
    Logic,
    TupleItem,
    Unary,
)
from atoll.compiler.types import (
    BOOL,
    BYTES,
    FLOAT,
    I64,
    LITERAL,
    TEXT,
    U8,
    ArrayType,
    EnumType,
    Int,
    OptionalType,
    RefType,
    SliceType,
    StructType,
    TupleType,
    Type,
    common_integer,
)

SIGNS: dict[type[ast.AST], str] = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.FloorDiv: "//", ast.Mod: "%", ast.Div: "/", ast.Pow: "**",
    ast.BitAnd: "&", ast.BitOr: "|", ast.BitXor: "^", ast.LShift: "<<", ast.RShift: ">>",
    ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=",
    ast.Is: "is", ast.IsNot: "is not", ast.In: "in", ast.NotIn: "not in",
}  # fmt: skip
_FLOAT_OPERATORS = ("+", "-", "*", "/", "//", "%")


class Operators(Coercion):
    """The layer of arithmetic, comparison and logic."""

    # --- arithmetic ---------------------------------------------------------------------------------------------------

    def binary(self, node: ast.BinOp, expected: Type | None) -> Expression:
        """`a op b`."""
        hint = expected if isinstance(expected, Int) else None
        left = self.unwrap(self.expression(node.left, hint))
        right = self.unwrap(self.expression(node.right, hint))
        return self.arithmetic(SIGNS[type(node.op)], left, right, node)

    def arithmetic(self, op: str, left: Expression, right: Expression, node: ast.AST) -> Expression:
        """`left op right` for checked operands."""
        if op == "@" or (TEXT in (left.type, right.type)):
            raise self.refuse(node, f"{op} on text is not supported", 'write an f-string, such as f"{a}{b}"')
        if left.type == right.type and isinstance(left.type, EnumType) and left.type.decl.flags and op in "&|^":
            return self._flags(op, left, right)
        left, right = self._number(left, right, node, op), self._number(right, left, node, op)
        if FLOAT in (left.type, right.type) or op == "/":
            return self._float(op, left, right, node)
        if left.type == BOOL and right.type == BOOL and op in "&|^":
            return Binary(self.at(node), BOOL, op, left, right)
        left, right = (Convert(x.at, I64, "int", x) if x.type == BOOL else x for x in (left, right))
        return self._integers(op, left, right, node)

    def _flags(self, op: str, left: Expression, right: Expression) -> Expression:
        if (
            isinstance(left, Constant)
            and isinstance(right, Constant)
            and isinstance(left.value, int)
            and isinstance(right.value, int)
        ):
            return Constant(left.at, left.type, fold(op, left.value, right.value))
        return Binary(left.at, left.type, op, left, right)

    def _number(self, operand: Expression, other: Expression, node: ast.AST, op: str) -> Expression:
        """An operand of arithmetic: enumerations count as numbers."""
        if isinstance(operand.type, EnumType):
            if isinstance(operand, Constant):
                return Constant(operand.at, LITERAL, operand.value)
            return Convert(operand.at, other.type if isinstance(other.type, Int) else I64, "int", operand)
        if isinstance(operand.type, Int) or operand.type in (FLOAT, BOOL, LITERAL):
            return operand
        raise self.refuse(node, f"{op} is not defined for {operand.type}")

    def _float(self, op: str, left: Expression, right: Expression, node: ast.AST) -> Expression:
        if op not in _FLOAT_OPERATORS:
            raise self.refuse(node, f"{op} is not defined for f64")
        return Binary(self.at(node), FLOAT, op, self.to_float(left, node), self.to_float(right, node))

    def _integers(self, op: str, left: Expression, right: Expression, node: ast.AST) -> Expression:
        if (
            isinstance(left, Constant)
            and isinstance(right, Constant)
            and (done := self._fold(op, left, right)) is not None
        ):
            return done
        type_ = self._operand_type(op, left, right, node)
        left = self.coerce(left, type_, node)
        right = self.settle(right, node) if op in ("<<", ">>", "**") else self.coerce(right, type_, node)
        if op == "**":
            return Intrinsic(self.at(node), type_, "power", [left, right])
        return Binary(self.at(node), type_, op, left, right)

    def _operand_type(self, op: str, left: Expression, right: Expression, node: ast.AST) -> Type:
        if left.type == LITERAL:
            return self.settle(left, node).type if right.type == LITERAL else right.type
        if right.type == LITERAL or op in ("<<", ">>", "**"):
            return left.type
        assert isinstance(left.type, Int) and isinstance(right.type, Int)
        type_ = common_integer(left.type, right.type)
        if type_ is None:
            unsigned, other = (right, left) if left.type.signed else (left, right)
            known = interval(other)
            if known is not None and known[0] >= 0 and isinstance(unsigned.type, Int) and unsigned.type.holds(known[1]):
                # A length, or the variable of a loop over a range of constants: never negative.
                return unsigned.type
            raise self.refuse(node, f"no type holds every {left.type} and every {right.type}",
                              f"convert one of them: {left.type}(...) or {right.type}(...)")  # fmt: skip
        return type_

    def _fold(self, op: str, left: Constant, right: Constant) -> Constant | None:
        """The constant result; None leaves an operation that fails to run time, where it raises as in Python."""
        assert isinstance(left.value, int) and isinstance(right.value, int)
        value = fold(op, left.value, right.value)
        if value is None:
            return None
        if left.type == LITERAL and right.type == LITERAL:
            return Constant(left.at, LITERAL, value)
        if op in ("<<", ">>", "**") and left.type != LITERAL:
            type_: Type | None = left.type
        elif LITERAL in (left.type, right.type):
            type_ = right.type if left.type == LITERAL else left.type
            if isinstance(type_, Int) and not (type_.holds(int(left.value)) and type_.holds(int(right.value))):
                return None
        else:
            assert isinstance(left.type, Int) and isinstance(right.type, Int)
            type_ = common_integer(left.type, right.type)
        return Constant(left.at, type_, value) if isinstance(type_, Int) and type_.holds(value) else None

    def unary(self, node: ast.UnaryOp, expected: Type | None) -> Expression:
        """`-x`, `+x`, `~x`, `not x`."""
        if isinstance(node.op, ast.Not):
            operand = self.condition(node.operand)
            if isinstance(operand, Constant):
                return Constant(operand.at, BOOL, not operand.value)
            return Unary(self.at(node), BOOL, "not", operand)
        operand = self.unwrap(self.expression(node.operand, expected))
        if isinstance(operand.type, EnumType) and operand.type.decl.flags and isinstance(node.op, ast.Invert):
            every = 0
            for value in operand.type.decl.members.values():
                every |= value
            return Binary(self.at(node), operand.type, "^", operand, Constant(operand.at, operand.type, every))
        op = {ast.USub: "-", ast.Invert: "~", ast.UAdd: "+"}[type(node.op)]
        operand = self._number(operand, operand, node, op)
        if operand.type == BOOL:
            operand = Convert(operand.at, I64, "int", operand)
        if op == "+":
            return operand
        if isinstance(operand, Constant) and isinstance(operand.value, int | float):
            return self._unary_constant(op, operand, node)
        if op == "~" and operand.type == FLOAT:
            raise self.refuse(node, "~ is not defined for f64")
        return Unary(self.at(node), operand.type, op, operand)

    def _unary_constant(self, op: str, operand: Constant, node: ast.AST) -> Expression:
        if isinstance(operand.value, float):
            return Constant(operand.at, FLOAT, -operand.value)
        assert isinstance(operand.value, int)
        value = -operand.value if op == "-" else ~operand.value
        if isinstance(operand.type, Int) and not operand.type.signed and op == "~":
            value &= operand.type.maximum
        if isinstance(operand.type, Int) and not operand.type.holds(value):
            return Unary(self.at(node), operand.type, op, operand)
        return Constant(operand.at, operand.type, value)

    # --- comparison ---------------------------------------------------------------------------------------------------

    def comparison(self, node: ast.Compare) -> Expression:
        """`a < b <= c`: each operand is evaluated once."""
        left = self._operand(node.left, None)
        links: list[Expression] = []
        wraps = []
        for position, (op, right_node) in enumerate(zip(node.ops, node.comparators, strict=True)):
            sign = SIGNS[type(op)]
            if sign in ("in", "not in"):
                links.append(self._membership(sign, left, right_node, node))
                break
            right = self._operand(right_node, left.type)
            if position + 1 < len(node.ops):
                kept = self.once(self.settle(right, node))
                wraps.append((position, kept))
                right = kept.again()
                first: Expression = kept.around(right)
            else:
                first = right
            links.append(self.compare(sign, left, first, node))
            left = right
        if len(node.ops) > len(links):
            raise self.refuse(node, "a chained comparison with `in` is not supported", "write it with `and`")
        return links[0] if len(links) == 1 else Logic(self.at(node), BOOL, "and", links)

    def _operand(self, node: ast.expr, other: Type | None) -> Expression:
        if isinstance(node, ast.Constant) and node.value is None:
            return Constant(self.at(node), OptionalType(other or BOOL), None)
        return self.expression(node, other if not isinstance(other, OptionalType) else other.inner)

    def compare(self, op: str, left: Expression, right: Expression, node: ast.AST) -> Expression:
        """One comparison of two checked operands."""
        if op in ("is", "is not"):
            return self._identity(op, left, right, node)
        if self._is_none(left) or self._is_none(right):
            return self._identity("is" if op == "==" else "is not", left, right, node)
        left, right = self.unwrap(left), self.unwrap(right)
        if (
            isinstance(left, Constant)
            and isinstance(right, Constant)
            and isinstance(left.value, int)
            and isinstance(right.value, int)
        ):
            return Constant(self.at(node), BOOL, _compare(op, left.value, right.value))
        if LITERAL in (left.type, right.type):
            left, right = self._compare_constant(left, right, node)
        elif FLOAT in (left.type, right.type) and left.type != right.type:
            left, right = self.coerce(left, FLOAT, node), self.coerce(right, FLOAT, node)
        elif isinstance(left.type, StructType | TupleType):
            return self._fieldwise(op, left, right, node)
        elif _is_bytes(left.type) and _is_bytes(right.type):
            left, right = self.coerce(left, BYTES, node), self.coerce(right, BYTES, node)
        numbers = _is_number(left.type) and _is_number(right.type)
        if not numbers and not (
            left.type == right.type and (left.type in (TEXT, BYTES) or isinstance(left.type, EnumType))
        ):
            raise self.refuse(node, f"{left.type} and {right.type} cannot be compared with {op}")
        return Compare(self.at(node), BOOL, op, left, right)

    def _compare_constant(self, left: Expression, right: Expression, node: ast.AST) -> tuple[Expression, Expression]:
        """A constant beside a value: it takes the value's type if it fits, its own else (comparisons take any two)."""
        constant, other = (left, right) if left.type == LITERAL else (right, left)
        assert isinstance(constant, Constant) and isinstance(constant.value, int)
        if isinstance(other.type, Int) and other.type.holds(constant.value):
            typed: Expression = Constant(constant.at, other.type, constant.value)
        elif other.type == FLOAT:
            typed = self.to_float(constant, node)
        else:
            typed = self.settle(constant, node)
        return (typed, right) if constant is left else (left, typed)

    @staticmethod
    def _is_none(expression: Expression) -> bool:
        return isinstance(expression, Constant) and expression.value is None

    def _identity(self, op: str, left: Expression, right: Expression, node: ast.AST) -> Expression:
        if self._is_none(left):
            left, right = right, left
        if self._is_none(right):
            if not isinstance(left.type, OptionalType):
                return Constant(self.at(node), BOOL, op == "is not")
            test: Expression = Intrinsic(self.at(node), BOOL, "is none", [left])
        elif _is_struct(left.type) and _is_struct(right.type):
            test = Compare(self.at(node), BOOL, "is", left, right)
        elif isinstance(left.type, EnumType) and left.type == right.type:
            test = Compare(self.at(node), BOOL, "==", left, right)
        else:
            raise self.refuse(node, f"`{op}` compares structures, or something with None", "use == for values")
        return test if op == "is" else Unary(self.at(node), BOOL, "not", test)

    def _fieldwise(self, op: str, left: Expression, right: Expression, node: ast.AST) -> Expression:
        if (left.type != right.type and not isinstance(left.type, TupleType)) or op not in ("==", "!="):
            raise self.refuse(node, f"{left.type} and {right.type} cannot be compared with {op}")
        a, b = self.once(left), self.once(right)
        tests: list[Expression] = []
        if isinstance(left.type, StructType):
            if not left.type.decl.is_dataclass:
                raise self.refuse(node, f"{left.type} has no ==", "make it a @dataclass, or compare identity with `is`")
            for field in self.program.complete(left.type).fields.values():
                pair = [FieldOf(left.at, _plain(field.type), x.again(), field) for x in (a, b)]
                tests.append(self.compare("==", pair[0], pair[1], node))
        elif (
            isinstance(left.type, TupleType)
            and isinstance(right.type, TupleType)
            and len(left.type.elements) == len(right.type.elements)
        ):
            for i, types in enumerate(zip(left.type.elements, right.type.elements, strict=True)):
                pair_ = [TupleItem(left.at, t, x.again(), i) for t, x in zip(types, (a, b), strict=True)]
                tests.append(self.compare("==", pair_[0], pair_[1], node))
        else:
            raise self.refuse(node, f"{left.type} and {right.type} cannot be compared with {op}")
        whole: Expression = Logic(self.at(node), BOOL, "and", tests) if tests else Constant(self.at(node), BOOL, True)
        whole = a.around(b.around(whole))
        return whole if op == "==" else Unary(self.at(node), BOOL, "not", whole)

    def _membership(self, op: str, left: Expression, right_node: ast.expr, node: ast.AST) -> Expression:
        if isinstance(right_node, ast.Tuple | ast.List | ast.Set):
            value = self.once(self.settle(left, node))
            tests = [
                self.compare("==", value.again(), self.expression(item, left.type), node) for item in right_node.elts
            ]
            found: Expression = value.around(Logic(self.at(node), BOOL, "or", tests))
        else:
            container = self.unwrap(self.expression(right_node))
            found = self._contains(container, left, node)
        return found if op == "in" else Unary(self.at(node), BOOL, "not", found)

    def _contains(self, container: Expression, item: Expression, node: ast.AST) -> Expression:
        kind = container.type
        if kind == TEXT and item.type == TEXT:
            return Intrinsic(self.at(node), BOOL, "find text", [container, item])
        if kind == BYTES and _is_bytes(item.type):
            return Intrinsic(self.at(node), BOOL, "find text", [container, self.coerce(item, BYTES, node)])
        if kind == BYTES or (isinstance(kind, ArrayType | SliceType) and isinstance(kind.element, Int | EnumType)):
            element = U8 if kind == BYTES else kind.element  # type: ignore[union-attr]
            view = container if kind == BYTES else self.coerce(container, SliceType(element), node)
            if (
                isinstance(item, Constant)
                and isinstance(item.value, int)
                and isinstance(element, Int)
                and not element.holds(item.value)
            ):
                return Constant(self.at(node), BOOL, False)
            value = self.settle(item, node) if item.type != LITERAL else self.coerce(item, element, node)
            return Intrinsic(self.at(node), BOOL, "contains", [view, value])
        if isinstance(kind, StructType) and "__contains__" in kind.decl.methods:
            return self.call_method(container, "__contains__", [item], node)
        raise self.refuse(node, f"`in` is not defined for {kind}", "write a loop or a __contains__ method")

    def call_method(self, base: Expression, name: str, arguments: list[Expression], node: ast.AST) -> Expression:
        """A call that an operator stands for; given by the layer of calls."""
        raise AssertionError(base, name, arguments, node)

    # --- logic --------------------------------------------------------------------------------------------------------

    def logic(self, node: ast.BoolOp) -> Expression:
        """`a and b`, `a or b` of conditions."""
        op = "and" if isinstance(node.op, ast.And) else "or"
        return Logic(self.at(node), BOOL, op, [self.condition(v) for v in node.values])

    def choice(self, node: ast.IfExp, expected: Type | None) -> Expression:
        """`a if condition else b`."""
        condition = self.condition(node.test)
        then, other = self.expression(node.body, expected), self.expression(node.orelse, expected)
        then, other = self.unify(then, other, node)
        return Choice(self.at(node), then.type, condition, then, other)

    def unify(self, a: Expression, b: Expression, node: ast.AST) -> tuple[Expression, Expression]:
        """Two values with one type."""
        if a.type == b.type:
            return self.settle(a, node), self.settle(b, node)
        if self._is_none(a):
            return self.coerce(a, b.type if isinstance(b.type, OptionalType) else OptionalType(b.type), node), (
                b if isinstance(b.type, OptionalType) else self.coerce(b, OptionalType(b.type), node))  # fmt: skip
        if self._is_none(b):
            b, a = self.unify(b, a, node)
            return a, b
        if a.type == LITERAL:
            return self.coerce(a, b.type, node), b
        if (
            isinstance(a.type, Int)
            and isinstance(b.type, Int)
            and (common := common_integer(a.type, b.type)) is not None
        ):
            return self.coerce(a, common, node), self.coerce(b, common, node)
        if isinstance(a.type, ArrayType) and isinstance(b.type, SliceType | ArrayType):
            slice_type = SliceType(a.type.element)
            return self.coerce(a, slice_type, node), self.coerce(b, slice_type, node)
        return a, self.coerce(b, a.type, node)


def interval(value: Expression) -> tuple[int, int] | None:
    """Bounds that are plain from the expression's form, or None. They decide what is accepted: the check stays."""
    match value:
        case Constant(value=int() as number):
            return number, number
        case Local(variable=LocalVariable(bounds=bounds)):
            return bounds
        case Length():
            return 0, I64.maximum
        case Convert(kind="int"):
            return interval(value.operand)
        case Binary(op="+" | "-" | "*" | "//" | "%" | "<<" | ">>" as op):
            a, b = interval(value.left), interval(value.right)
            if a is None or b is None:
                return None
            corners = [fold(op, x, y) for x in a for y in b]
            if None in corners:
                return None
            if op == "%":
                return 0, max(b[1] - 1, 0)
            known = [c for c in corners if c is not None]
            return min(known), max(known)
    return None


def _compare(op: str, a: int, b: int) -> bool:
    return {"==": a == b, "!=": a != b, "<": a < b, "<=": a <= b, ">": a > b, ">=": a >= b}[op]


def _is_number(type_: Type) -> bool:
    return isinstance(type_, Int | EnumType) or type_ in (FLOAT, BOOL, LITERAL)


def _is_struct(type_: Type) -> bool:
    """Whether it is a structure, or one or None."""
    return isinstance(type_.inner if isinstance(type_, OptionalType) else type_, StructType)


def _is_bytes(type_: Type) -> bool:
    return type_ == BYTES or (isinstance(type_, ArrayType | SliceType) and type_.element == U8)


def _plain(type_: Type) -> Type:
    return type_.inner if isinstance(type_, RefType) else type_
