"""Comparisons: `==` and its like, `is`, `in`, and chains of them."""

from __future__ import annotations

import ast

from atoll.compiler.check.operators import SIGNS, Operators, is_none
from atoll.compiler.tree import Compare, Constant, Expression, FieldOf, Intrinsic, Logic, TupleItem, Unary
from atoll.compiler.types import (
    BOOL,
    BYTES,
    FLOAT,
    LITERAL,
    TEXT,
    U8,
    VOID,
    ArrayType,
    EnumType,
    Int,
    OptionalType,
    RefType,
    SliceType,
    StructType,
    TupleType,
    Type,
    an,
)


class Comparison(Operators):
    """The layer of comparison."""

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
        if is_none(left) or is_none(right):
            if op not in ("==", "!="):
                raise self.refuse(node, f"None cannot be compared with {op}")
            return self._identity("is" if op == "==" else "is not", left, right, node)
        if op in ("==", "!=") and (isinstance(left.type, OptionalType) or isinstance(right.type, OptionalType)):
            return self._optionals(op, left, right, node)
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
        if left.type in (TEXT, BYTES):
            self.need_runtime(node)
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

    def _identity(self, op: str, left: Expression, right: Expression, node: ast.AST) -> Expression:
        if is_none(left):
            left, right = right, left
        if is_none(right):
            if not isinstance(left.type, OptionalType):
                if left.type != VOID or isinstance(left, Constant):
                    left = self.once(self.settle(left, node)).around(Constant(self.at(node), BOOL, op == "is not"))
                    return left
                raise self.refuse(node, "this call returns nothing, and its value is used")
            test: Expression = Intrinsic(self.at(node), BOOL, "is none", [left])
        elif _is_struct(left.type) and _is_struct(right.type):
            test = Compare(self.at(node), BOOL, "is", left, right)
        elif isinstance(left.type, EnumType) and left.type == right.type:
            test = Compare(self.at(node), BOOL, "==", left, right)
        else:
            raise self.refuse(node, f"`{op}` compares structures, or something with None", "use == for values")
        return test if op == "is" else Unary(self.at(node), BOOL, "not", test)

    def _optionals(self, op: str, left: Expression, right: Expression, node: ast.AST) -> Expression:
        """`==` where a side may be None: equal if both are, or if neither is and their values are equal."""
        at = self.at(node)
        a, b = self.once(self.settle(left, node)), self.once(self.settle(right, node))
        tests = [
            Intrinsic(at, BOOL, "is none", [x.again()])
            for x in (a, b)
            if isinstance(x.expression.type, OptionalType)
        ]
        equal = self.compare("==", self.unwrap(a.again()), self.unwrap(b.again()), node)
        both: Expression = Logic(at, BOOL, "and", [*(Unary(at, BOOL, "not", t) for t in tests), equal])
        if len(tests) > 1:
            both = Logic(at, BOOL, "or", [Logic(at, BOOL, "and", list(tests)), both])
        whole = a.around(b.around(both))
        return whole if op == "==" else Unary(at, BOOL, "not", whole)

    def _fieldwise(self, op: str, left: Expression, right: Expression, node: ast.AST) -> Expression:
        if (left.type != right.type and not isinstance(left.type, TupleType)) or op not in ("==", "!="):
            raise self.refuse(node, f"{left.type} and {right.type} cannot be compared with {op}")
        a, b = self.once(left), self.once(right)
        tests: list[Expression] = []
        if isinstance(left.type, StructType):
            if "__eq__" in left.type.decl.methods:
                equal = self.truth(self.call_method(left, "__eq__", [right], node), node)
                return equal if op == "==" else Unary(self.at(node), BOOL, "not", equal)
            if not left.type.decl.is_dataclass:
                raise self.refuse(
                    node, f"{left.type} has no ==", "make it a @dataclass, write __eq__, or compare identity with `is`"
                )
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
                self.compare("==", value.again(), self.expression(item, left.type), item) for item in right_node.elts
            ]
            if not tests:
                raise self.refuse(right_node, "nothing is in this")
            found: Expression = value.around(Logic(self.at(node), BOOL, "or", tests))
        else:
            container = self.unwrap(self.expression(right_node))
            found = self._contains(container, left, node)
        return found if op == "in" else Unary(self.at(node), BOOL, "not", found)

    def _contains(self, container: Expression, item: Expression, node: ast.AST) -> Expression:
        kind = container.type
        if kind == TEXT or (kind == BYTES and _is_bytes(item.type)):
            self.need_runtime(node)
        if kind == TEXT:
            return Intrinsic(self.at(node), BOOL, "find text", [container, self.coerce(item, TEXT, node)])
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
            if not isinstance(value.type, Int | EnumType) and value.type != BOOL:
                raise self.refuse(node, f"{an(value.type)} cannot be in {an(kind)}")
            return Intrinsic(self.at(node), BOOL, "contains", [view, value])
        if isinstance(kind, StructType) and "__contains__" in kind.decl.methods:
            return self.call_method(container, "__contains__", [item], node)
        raise self.refuse(node, f"`in` is not defined for {kind}", "write a loop or a __contains__ method")

    def call_method(self, base: Expression, name: str, arguments: list[Expression], node: ast.AST) -> Expression:
        """A call that an operator stands for; given by the layer of calls."""
        raise AssertionError(base, name, arguments, node)


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
