"""Conversions at annotated points: an integer of another width (checked), to and from optionals, views of arrays."""

from __future__ import annotations

import ast

from atoll.compiler.check.scope import Scope
from atoll.compiler.constants import fits
from atoll.compiler.tree import (
    Constant,
    Convert,
    Expression,
    FunctionValue,
    Let,
    Local,
    Logic,
    MakeTuple,
    TupleItem,
)
from atoll.compiler.types import (
    BOOL,
    BYTES,
    FLOAT,
    LITERAL,
    NEVER,
    TEXT,
    U8,
    VOID,
    ArrayType,
    EnumType,
    ErrorType,
    Int,
    OptionalType,
    RefType,
    SliceType,
    StructType,
    TupleType,
    Type,
    an,
)


class Coercion(Scope):
    """The layer that converts."""

    def coerce(self, expression: Expression, wanted: Type, node: ast.AST) -> Expression:
        """`expression` as a `wanted`; refused where Python's annotation would be a lie."""
        if isinstance(wanted, RefType):
            wanted = wanted.inner
        if expression.type == wanted:
            if isinstance(expression, FunctionValue):
                expression.function.address_taken = True
            return expression
        result = self._convert(expression, wanted, node)
        if result is None:
            found = expression.type
            shown = "None" if found == VOID else str(found)
            if found == VOID and not isinstance(expression, Constant):
                raise self.refuse(node, f"expected {wanted}, but this call returns nothing")
            raise self.refuse(node, f"expected {wanted}, found {shown}", _advice(found, wanted))
        return result

    def _convert(self, expression: Expression, wanted: Type, node: ast.AST) -> Expression | None:
        found = expression.type
        if isinstance(wanted, Int):
            return self._to_integer(expression, wanted, node)
        if wanted == FLOAT and (isinstance(found, Int) or found == LITERAL):
            return self.to_float(expression, node)
        if isinstance(wanted, OptionalType):
            return self._to_optional(expression, wanted, node)
        if isinstance(found, OptionalType):
            return self.coerce(self.unwrap(expression), wanted, node)
        if isinstance(wanted, ErrorType) and isinstance(found, ErrorType) and found.decl.is_a(wanted.decl):
            return Convert(expression.at, wanted, "same", expression)
        if isinstance(wanted, SliceType) and isinstance(found, ArrayType) and found.element == wanted.element:
            return Convert(expression.at, wanted, "view", expression)
        if wanted == BYTES and isinstance(found, ArrayType | SliceType) and found.element == U8:
            return Convert(expression.at, wanted, "view", expression)
        if (
            isinstance(wanted, TupleType)
            and isinstance(found, TupleType)
            and len(found.elements) == len(wanted.elements)
        ):
            return self._tuple(expression, wanted, node)
        return None

    def _to_integer(self, expression: Expression, wanted: Int, node: ast.AST) -> Expression | None:
        if isinstance(expression, Constant) and isinstance(expression.value, int):
            value = int(expression.value)
            if expression.type == LITERAL or isinstance(expression.type, Int | EnumType) or expression.type == BOOL:
                return fits(self.program, value, wanted, self.at(node))
        if isinstance(expression.type, Int | EnumType) or expression.type == BOOL:
            return Convert(expression.at, wanted, "int", expression)
        if isinstance(expression.type, OptionalType):
            return self.coerce(self.unwrap(expression), wanted, node)
        return None

    def to_float(self, expression: Expression, node: ast.AST) -> Expression:
        """An integer as f64 (rounded to nearest, as in Python)."""
        if self.program.kernel:
            raise self.refuse(
                node, "the kernel has no floating point: it does not save those registers", "use // for integers"
            )
        if isinstance(expression, Constant) and isinstance(expression.value, int):
            return Constant(expression.at, FLOAT, float(expression.value))
        return expression if expression.type == FLOAT else Convert(expression.at, FLOAT, "float", expression)

    def _to_optional(self, expression: Expression, wanted: OptionalType, node: ast.AST) -> Expression:
        if isinstance(expression, Constant) and expression.value is None:
            return Constant(expression.at, wanted, None)
        if isinstance(expression.type, OptionalType):
            raise self.refuse(node, f"expected {wanted}, found {expression.type}", "unwrap it after `is not None`")
        return Convert(expression.at, wanted, "some", self.coerce(expression, wanted.inner, node))

    def unwrap(self, expression: Expression) -> Expression:
        """The value of an optional; None at run time is an error there."""
        if not isinstance(expression.type, OptionalType):
            return expression
        return Convert(expression.at, expression.type.inner, "unwrap", expression)

    def _tuple(self, expression: Expression, wanted: TupleType, node: ast.AST) -> Expression:
        if isinstance(expression, MakeTuple):
            values = [self.coerce(v, t, node) for v, t in zip(expression.values, wanted.elements, strict=True)]
            return MakeTuple(expression.at, wanted, values)
        assert isinstance(expression.type, TupleType)
        whole = self.once(expression)
        items: list[Expression] = [
            TupleItem(expression.at, t, whole.again(), i) for i, t in enumerate(expression.type.elements)
        ]
        made = MakeTuple(
            expression.at, wanted, [self.coerce(v, t, node) for v, t in zip(items, wanted.elements, strict=True)]
        )
        return whole.around(made)

    def once(self, expression: Expression) -> Once:
        """Make an expression usable several times though it is evaluated once."""
        return Once(self, expression)

    def condition(self, node: ast.expr) -> Expression:
        """An expression as a condition, by Python's rules of truth."""
        if isinstance(node, ast.BoolOp):
            op = "and" if isinstance(node.op, ast.And) else "or"
            return self.all_or_any(op, [self.condition(v) for v in node.values], node)
        return self.truth(self.expression(node, BOOL), node)

    def all_or_any(self, op: str, operands: list[Expression], node: ast.AST) -> Expression:
        """`and` and `or`: constants are left out, or decide alone."""
        decides = op == "or"
        kept: list[Expression] = []
        for operand in operands:
            if not isinstance(operand, Constant):
                kept.append(operand)
            elif bool(operand.value) == decides:
                kept.append(operand)
                break
        if len(kept) > 1:
            return Logic(self.at(node), BOOL, op, kept)
        return kept[0] if kept else Constant(self.at(node), BOOL, not decides)

    def truth(self, expression: Expression, node: ast.AST) -> Expression:
        """Whether the value counts as true."""
        found = expression.type
        if found == BOOL:
            return expression
        if found in (VOID, NEVER):
            self.settle(expression, node)
        if isinstance(expression, Constant):
            return Constant(expression.at, BOOL, bool(expression.value))
        sequence = isinstance(found, ArrayType | SliceType) or found in (TEXT, BYTES)
        if isinstance(found, Int | OptionalType | EnumType) or found == FLOAT or sequence:
            if isinstance(found, OptionalType) and not _always_true(found.inner):
                raise self.refuse(node, f"{an(found)} as a condition is ambiguous", "write `is not None`")
            return Convert(expression.at, BOOL, "truth", expression)
        raise self.refuse(node, f"{an(found)} cannot be a condition", "compare it with something")


def _always_true(type_: Type) -> bool:
    return isinstance(type_, StructType)


class Once:
    """An expression that is evaluated once into a temporary, unless it is simple enough to be repeated."""

    def __init__(self, scope: Scope, expression: Expression) -> None:
        self.expression = expression
        self.simple = isinstance(expression, Constant | Local)
        self.variable = None if self.simple else scope.temporary(expression.type)

    def again(self) -> Expression:
        """The value, once more."""
        if self.variable is None:
            return self.expression
        return Local(self.expression.at, self.expression.type, self.variable)

    def around(self, body: Expression) -> Expression:
        """`body`, with the temporary set before it."""
        if self.variable is None:
            return body
        target = Local(self.expression.at, self.expression.type, self.variable)
        return Let(self.expression.at, body.type, target, self.expression, body)


def _advice(found: Type, wanted: Type) -> str:
    if wanted == TEXT and found == BYTES:
        return 'write str(data, "utf-8")'
    if wanted == BYTES and found == TEXT:
        return "write text.encode()"
    if isinstance(wanted, Int) and found == FLOAT:
        return f"write {wanted}(x): it cuts the fraction"
    return ""
