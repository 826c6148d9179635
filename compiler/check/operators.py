"""Operators: which type arithmetic, logic and `a if b else c` have, with constants computed here."""

from __future__ import annotations

import ast

from atoll.compiler.check.coerce import Coercion
from atoll.compiler.constants import fold
from atoll.compiler.tree import (
    Binary,
    Choice,
    Constant,
    Convert,
    Expression,
    Intrinsic,
    Length,
    Local,
    LocalVariable,
    Unary,
)
from atoll.compiler.types import (
    BOOL,
    FLOAT,
    I64,
    LITERAL,
    NEVER,
    TEXT,
    VOID,
    ArrayType,
    EnumType,
    Int,
    OptionalType,
    SliceType,
    Type,
    common_integer,
)

SIGNS: dict[type[ast.AST], str] = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.FloorDiv: "//", ast.Mod: "%", ast.Div: "/", ast.Pow: "**",
    ast.MatMult: "@", ast.BitAnd: "&", ast.BitOr: "|", ast.BitXor: "^", ast.LShift: "<<", ast.RShift: ">>",
    ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=",
    ast.Is: "is", ast.IsNot: "is not", ast.In: "in", ast.NotIn: "not in",
}  # fmt: skip
_FLOAT_OPERATORS = ("+", "-", "*", "/", "//", "%")


class Operators(Coercion):
    """The layer of arithmetic and logic."""

    # --- arithmetic ---------------------------------------------------------------------------------------------------

    def binary(self, node: ast.BinOp, expected: Type | None) -> Expression:
        """`a op b`."""
        hint = expected if isinstance(expected, Int) else None
        left = self.unwrap(self.expression(node.left, hint))
        right = self.unwrap(self.expression(node.right, hint))
        return self.arithmetic(SIGNS[type(node.op)], left, right, node)

    def arithmetic(self, op: str, left: Expression, right: Expression, node: ast.AST) -> Expression:
        """`left op right` for checked operands."""
        if op == "@":
            raise self.refuse(node, "@ is not supported", "write a function")
        if TEXT in (left.type, right.type):
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
        if operand.type in (VOID, NEVER):
            self.settle(operand, node)
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
        if op == "~" and operand.type == FLOAT:
            raise self.refuse(node, "~ is not defined for f64")
        if isinstance(operand, Constant) and isinstance(operand.value, int | float):
            return self._unary_constant(op, operand, node)
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

    # --- logic --------------------------------------------------------------------------------------------------------

    def logic(self, node: ast.BoolOp) -> Expression:
        """`a and b`, `a or b` as a value: of bools only, as Python gives one of the operands."""
        op = "and" if isinstance(node.op, ast.And) else "or"
        operands = [self.expression(value, BOOL) for value in node.values]
        for operand, value in zip(operands, node.values, strict=True):
            if operand.type != BOOL:
                raise self.refuse(
                    value, f"`{op}` of {operand.type} is a condition only, not a value", "write `a if a != 0 else b`"
                )
        return self.all_or_any(op, operands, node)

    def choice(self, node: ast.IfExp, expected: Type | None) -> Expression:
        """`a if condition else b`."""
        condition = self.condition(node.test)
        then, other = self.expression(node.body, expected), self.expression(node.orelse, expected)
        if is_none(then) and is_none(other):
            raise self.refuse(node, "both are None", "write None")
        then, other = self.unify(then, other, node)
        return Choice(self.at(node), then.type, condition, then, other)

    def unify(self, a: Expression, b: Expression, node: ast.AST) -> tuple[Expression, Expression]:
        """Two values with one type."""
        if a.type == b.type:
            return self.settle(a, node), self.settle(b, node)
        if is_none(a):
            return self.coerce(a, b.type if isinstance(b.type, OptionalType) else OptionalType(b.type), node), (
                b if isinstance(b.type, OptionalType) else self.coerce(b, OptionalType(b.type), node))  # fmt: skip
        if is_none(b):
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


def is_none(expression: Expression) -> bool:
    """Whether it is the constant None."""
    return isinstance(expression, Constant) and expression.value is None


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
            if None in corners or (op in ("//", "%") and b[0] <= 0):
                return None
            if op == "%":
                return 0, b[1] - 1
            known = [c for c in corners if c is not None]
            return min(known), max(known)
    return None
