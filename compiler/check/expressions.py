"""Expressions: one entry for each kind of node; f-strings."""

from __future__ import annotations

import ast
import re

from atoll.compiler.check.builtins import Builtins
from atoll.compiler.constants import LARGEST
from atoll.compiler.tree import Constant, Convert, Expression, FormatPart, FormattedText, MakeTuple
from atoll.compiler.types import (
    BOOL,
    BYTES,
    FLOAT,
    I64,
    LITERAL,
    TEXT,
    VOID,
    EnumType,
    ErrorType,
    Int,
    OptionalType,
    TupleType,
    Type,
    an,
)

_FORMAT = re.compile(
    r"(?:(?P<fill>.)(?=[<>=^]))?(?P<align>[<>=^])?(?P<prefix>#)?(?P<zero>0)?(?P<width>\d+)?(?:\.(?P<precision>\d+))?(?P<kind>[a-zA-Z])?"
)
# More would not fit the buffers of the run-time library.
WIDEST_FORMAT = 200
MOST_DIGITS = 100
_REFUSED: dict[type[ast.AST], tuple[str, str]] = {
    ast.Lambda: ("a lambda is not supported", "write a function"),
    ast.ListComp: ("a comprehension is not supported", "write a loop that fills an array"),
    ast.SetComp: ("a comprehension is not supported", "write a loop"),
    ast.DictComp: ("a comprehension is not supported", "write a loop"),
    ast.GeneratorExp: ("a generator is not supported", "write a loop"),
    ast.Yield: ("a generator is not supported", "write a loop"),
    ast.YieldFrom: ("a generator is not supported", "write a loop"),
    ast.Await: ("async functions are not supported", "write a loop that receives messages"),
    ast.List: ("a list is not supported", "use Array[T, N], or Ring from atoll.userland.runtime.containers"),
    ast.Dict: ("a dict is not supported", "use Table from atoll.userland.runtime.containers"),
    ast.Set: ("a set is not supported", "use Table from atoll.userland.runtime.containers"),
    ast.Starred: ("* is not supported here", "write each element"),
}


class Expressions(Builtins):
    """The layer that dispatches on the kind of expression."""

    def expression(self, node: ast.expr, expected: Type | None = None) -> Expression:
        """Check any expression."""
        match node:
            case ast.Constant():
                return self._constant(node, expected)
            case ast.Name():
                return self.name(node)
            case ast.Attribute():
                return self.attribute(node)
            case ast.BinOp():
                return self.binary(node, expected)
            case ast.UnaryOp():
                return self.unary(node, expected)
            case ast.Compare():
                return self.comparison(node)
            case ast.BoolOp():
                return self.logic(node)
            case ast.IfExp():
                return self.choice(node, expected)
            case ast.Call():
                return self.call(node, expected)
            case ast.Subscript():
                return self.subscript(node)
            case ast.Tuple():
                return self._tuple_display(node, expected)
            case ast.JoinedStr():
                return self._joined(node)
            case ast.NamedExpr():
                raise self.refuse(node, ":= is not supported", "assign on a line of its own")
        message, advice = _REFUSED.get(type(node), (f"{type(node).__name__} is not supported", ""))
        raise self.refuse(node, message, advice)

    def _constant(self, node: ast.Constant, expected: Type | None) -> Expression:
        at = self.at(node)
        match node.value:
            case bool() as value:
                return Constant(at, BOOL, value)
            case int() as number:
                if number > LARGEST:
                    raise self.refuse(node, "this number does not fit 64 bits", "no integer type is wider")
                return Constant(at, LITERAL, number)
            case float() as real:
                if self.program.kernel:
                    raise self.refuse(
                        node, "the kernel has no floating point: it does not save those registers", "use integers"
                    )
                return Constant(at, FLOAT, real)
            case str() as text:
                if any("\ud800" <= c <= "\udfff" for c in text):
                    raise self.refuse(node, "half a surrogate pair is no text: text is UTF-8", "write the character")
                return Constant(at, TEXT, text)
            case bytes() as data:
                return Constant(at, BYTES, data)
            case None:
                return Constant(at, expected if isinstance(expected, OptionalType) else VOID, None)
        raise self.refuse(node, f"{node.value!r} is not supported")

    def _tuple_display(self, node: ast.Tuple, expected: Type | None) -> Expression:
        wanted: tuple[Type | None, ...] = (None,) * len(node.elts)
        if isinstance(expected, TupleType) and len(expected.elements) == len(node.elts):
            wanted = expected.elements
        values = []
        for element, type_ in zip(node.elts, wanted, strict=True):
            value = self.expression(element, type_)
            value = self.coerce(value, type_, element) if type_ is not None else self.settle(value, element)
            if value.type == VOID or isinstance(value.type, ErrorType):
                raise self.refuse(element, f"{an(value.type)} cannot be part of a tuple")
            values.append(value)
        return MakeTuple(self.at(node), TupleType(tuple(v.type for v in values)), values)

    # --- f-strings ----------------------------------------------------------------------------------------------------

    def _joined(self, node: ast.JoinedStr) -> Expression:
        self.need_runtime(node)
        return FormattedText(self.at(node), TEXT, self.format_parts(node))

    def format_parts(self, node: ast.expr) -> list[FormatPart]:
        """The parts of an f-string, or of any expression that is printed."""
        if not isinstance(node, ast.JoinedStr):
            return [self.part_of(self.expression(node), "", node)]
        parts = []
        for item in node.values:
            if isinstance(item, ast.FormattedValue):
                value = self.expression(item.value)
                if chr(max(item.conversion, 0)) in "ra" and value.type in (TEXT, BYTES):
                    raise self.refuse(item, "!r and !a of a text are not supported", "write '{x}'")
                parts.append(self.part_of(value, self._spec(item), item))
            else:
                parts.append(FormatPart(self.at(item), self.expression(item)))
        return parts

    def _spec(self, item: ast.FormattedValue) -> str:
        if item.format_spec is None:
            return ""
        assert isinstance(item.format_spec, ast.JoinedStr)
        pieces = [v.value for v in item.format_spec.values if isinstance(v, ast.Constant)]
        if len(pieces) != len(item.format_spec.values):
            raise self.refuse(item, "a format is constant", "write the width as a number")
        return "".join(map(str, pieces))

    def part_of(self, value: Expression, spec: str, node: ast.AST) -> FormatPart:
        """A value as a part of a text."""
        value = self.settle(self.unwrap(value), node)
        if isinstance(value.type, EnumType):
            value = self._enum_number(value)
        if isinstance(value.type, ErrorType):
            value = self.error_text(value, node)
        if not (isinstance(value.type, Int) or value.type in (BOOL, FLOAT, TEXT)):
            raise self.refuse(node, f"{an(value.type)} cannot be printed", "print its parts")
        return self._format(value, spec, node)

    def _enum_number(self, value: Expression) -> Expression:
        """An IntEnum prints as its number, as in Python."""
        return Convert(value.at, I64, "same", value)

    def _format(self, value: Expression, spec: str, node: ast.AST) -> FormatPart:
        found = _FORMAT.fullmatch(spec)
        if found is None:
            raise self.refuse(
                node,
                f"format {spec!r} is not supported",
                "supported: [[fill]align][#][0][width][.precision][d x X b o f]",
            )
        kind = found["kind"] or ""
        number = isinstance(value.type, Int)
        allowed = "dxXbo" if number or value.type == BOOL else "fF" if value.type == FLOAT else "s"
        if kind and kind not in allowed:
            raise self.refuse(node, f"format {kind} does not apply to {value.type}")
        if value.type == FLOAT and not kind:
            raise self.refuse(node, "a float needs its number of digits", "write {x:.3f}")
        if value.type == BOOL and spec:
            value = Convert(value.at, I64, "int", value)
        if int(found["width"] or 0) > WIDEST_FORMAT or int(found["precision"] or 0) > MOST_DIGITS:
            raise self.refuse(node, f"a format has at most {WIDEST_FORMAT} columns and {MOST_DIGITS} digits")
        if value.type == TEXT and (found["prefix"] or found["align"] == "="):
            raise self.refuse(node, f"format {spec!r} does not apply to {value.type}")
        part = FormatPart(
            self.at(node), value, int(found["width"] or 0), found["align"] or "", found["fill"] or " ", kind
        )
        part.prefix = bool(found["prefix"])
        part.precision = int(found["precision"] or 6)
        if len(part.fill.encode()) != 1:
            raise self.refuse(node, "a fill character must be ASCII")
        if found["zero"] and not found["fill"]:
            part.fill = "0"
            part.align = found["align"] or ("=" if value.type != TEXT else "<")
        elif found["precision"] and value.type != FLOAT:
            raise self.refuse(node, f"a precision does not apply to {value.type}")
        return part

    def print_parts(self, call: ast.Call) -> list[FormatPart]:
        """The parts of `print(...)`, separators and line end included."""
        self.need_runtime(call)
        options = {"sep": " ", "end": "\n"}
        for keyword in call.keywords:
            if keyword.arg not in options:
                raise self.refuse(keyword, f"print has no option {keyword.arg} here", "it has sep and end")
            value = self.expression(keyword.value)
            if not isinstance(value, Constant) or not isinstance(value.value, str):
                raise self.refuse(keyword.value, f"the {keyword.arg} of print is a constant text")
            options[keyword.arg] = value.value
        parts: list[FormatPart] = []
        for position, argument in enumerate(call.args):
            if position:
                parts.append(self._literal(options["sep"], call))
            parts += self.format_parts(argument)
        return [*parts, self._literal(options["end"], call)]

    def _literal(self, text: str, node: ast.AST) -> FormatPart:
        return FormatPart(self.at(node), Constant(self.at(node), TEXT, text))
