"""Calls of what the compiler itself knows: conversions, `len`, `copy`, `Array`, raw memory, instructions, text."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import TYPE_CHECKING

from atoll.compiler.check.machine import Machine
from atoll.compiler.check.missing import missing
from atoll.compiler.errors import Refused, shown
from atoll.compiler.symbols import Builtin, ClassDecl, Module, Symbol
from atoll.compiler.tree import (
    Binary,
    Call,
    Choice,
    Constant,
    Convert,
    Copy,
    ErrorField,
    Expression,
    FormatPart,
    FormattedText,
    Index,
    Intrinsic,
    MakeArray,
    Unary,
)
from atoll.compiler.types import (
    BOOL,
    BYTES,
    FLOAT,
    I64,
    INTEGERS,
    LITERAL,
    NAMED,
    TEXT,
    U8,
    U16,
    U32,
    U64,
    ArrayType,
    EnumType,
    ErrorType,
    FunctionType,
    Int,
    StructType,
    Type,
    is_aggregate,
)

if TYPE_CHECKING:
    pass

if TYPE_CHECKING:
    from atoll.compiler.interfaces.declare import Stubs

_WRAPPING = {"wrapping_add": "+", "wrapping_sub": "-", "wrapping_mul": "*", "wrapping_shl": "<<"}
_CUTS = {"low8": U8, "low16": U16, "low32": U32}


class Builtins(Machine):
    """The layer of built-in functions."""

    def call(self, node: ast.Call, expected: Type | None) -> Expression:
        """Any call."""
        callee = node.func
        if isinstance(callee, ast.Name) and callee.id in self.poisoned and callee.id not in self.locals:
            raise Refused(callee.id)
        if isinstance(callee, ast.Name) and callee.id not in self.locals:
            return self._call_named(callee, node, expected)
        if isinstance(callee, ast.Attribute):
            return self._call_attribute(callee, node, expected)
        if (
            isinstance(callee, ast.Subscript)
            and isinstance(callee.value, ast.Name | ast.Attribute)
            and self._is_type(callee.value)
        ):
            return self.construct_generic(node, callee, expected)
        return self.call_value(self.expression(callee), node)

    def _is_type(self, node: ast.expr) -> bool:
        """Whether brackets after it hold type arguments."""
        root = node
        while isinstance(root, ast.Attribute):
            root = root.value
        if not isinstance(root, ast.Name) or root.id in self.locals:
            return False
        symbol, _ = self.program.types.symbol(node, self.module)
        return isinstance(symbol, ClassDecl | Builtin)

    def _call_named(self, callee: ast.Name, node: ast.Call, expected: Type | None) -> Expression:
        symbol = self.program.lookup(self.module, callee.id)
        found = self.call_symbol(symbol, node, expected)
        if found is not None:
            return found
        if symbol is None or isinstance(symbol, Builtin):
            return self._builtin(symbol, callee, node, expected)
        return self.call_value(self.expression(callee), node)

    def _call_attribute(self, callee: ast.Attribute, node: ast.Call, expected: Type | None) -> Expression:
        owner = self.owner_symbol(callee.value)
        if isinstance(owner, Module):
            symbol: Symbol | None = self.program.lookup(owner, callee.attr)
            found = self.call_symbol(symbol, node, expected)
            if found is None and isinstance(symbol, Builtin):
                return self._builtin(symbol, ast.copy_location(ast.Name(callee.attr), callee), node, expected)
            return found if found is not None else self.call_value(self.expression(callee), node)
        if isinstance(owner, ClassDecl):
            return self._static(owner, callee, node)
        base = self.unwrap(self.expression(callee.value))
        if isinstance(base.type, StructType):
            return self.method(base, callee.attr, node)
        return self._value_method(base, callee.attr, node)

    def _static(self, owner: object, callee: ast.Attribute, node: ast.Call) -> Expression:
        assert isinstance(owner, ClassDecl)
        if owner.stubs is not None and callee.attr == "fail":
            return self._fail(owner, owner.stubs, node)
        decl = owner.methods.get(callee.attr)
        if decl is None or not decl.is_static or owner.parameters:
            raise self.refuse(node, f"{owner.name}.{callee.attr} is not a static method", "call it on an object")
        struct = self.program.struct(owner, (), self.at(node))
        function = self.program.function(decl, struct)
        signature = self.program.signature(decl, {}, struct)
        return Call(
            self.at(node), function.type.result, function, self.arguments(signature, node, decl.module, callee.attr)
        )

    def _fail(self, owner: ClassDecl, stubs: Stubs, node: ast.Call) -> Expression:
        """`Naming.fail(reply, NoSuchName("x"))`: the error answers a call that was postponed."""
        names = [error.name for error in stubs.interface.errors]
        advice = f"its errors: {', '.join(names) or 'none'}"
        match node:
            case ast.Call(_, [reply, ast.Call() as made], []):
                symbol, _ = self.program.types.symbol(made.func, self.module)
            case _:
                raise self.refuse(node, f"{owner.name}.fail takes a reply handle and a new error", advice)
        for error in stubs.interface.errors:
            declared, _ = self.program.types.symbol(ast.parse(error.written, mode="eval").body, stubs.module)
            if symbol is declared and symbol is not None:
                struct = self.program.struct(owner, (), self.at(node))
                decl = owner.methods[f"_fail_{error.name}"]
                function, signature = self.program.function(decl, struct), self.program.signature(decl, {}, struct)
                handle = self.coerce(self.expression(reply, U64), U64, reply)
                arguments = self.arguments(signature, made, decl.module, error.name, skip=1)
                return Call(self.at(node), function.type.result, function, [handle, *arguments])
        raise self.refuse(made, f"{owner.name} does not declare {shown(made.func)}", advice)

    # --- functions ----------------------------------------------------------------------------------------------------

    def _builtin(self, symbol: Builtin | None, callee: ast.Name, node: ast.Call, expected: Type | None) -> Expression:
        name = symbol.name if symbol is not None else callee.id
        kind = symbol.kind if symbol is not None else "python"
        if name in NAMED and kind in ("type", "python") and (symbol is not None or name not in INTEGERS):
            return self._conversion(NAMED[name], node)
        if kind == "riscv":
            return self._instruction(name, node)
        if kind == "raw":
            return self._raw(name, node)
        handlers: dict[str, Callable[[ast.Call, Type | None], Expression]] = {
            "len": self._len, "abs": self._abs, "ord": self._ord, "copy": self._copy, "Array": self.array,
            "wrapping_neg": self._negate,
        }  # fmt: skip
        if name in ("min", "max"):
            return self._least(name, node, expected)
        if name in ("signed", "unsigned") and symbol is not None:
            return self._reinterpret(name, node)
        if name in _WRAPPING and symbol is not None:
            return self._wrapping(name, node)
        if name in _CUTS and symbol is not None:
            return Convert(self.at(node), _CUTS[name], "cut", self._integer_argument(node))
        if name in handlers and (symbol is not None or name in ("len", "abs", "ord")):
            return handlers[name](node, expected)
        if name == "print":
            raise self.refuse(node, "print is a statement of its own here")
        if name in ("range", "enumerate"):
            raise self.refuse(node, f"{name} can only be the range of a for loop")
        raise self.refuse(node, f"{name} is not known here", missing(name) or self.similar(name))

    def _plain(self, node: ast.Call, count: int) -> list[ast.expr]:
        if node.keywords or len(node.args) != count:
            raise self.refuse(
                node,
                f"{shown(node.func)}() takes {count} argument{'s' if count != 1 else ''}, not {len(node.args)}",
            )
        return node.args

    def _integer_argument(self, node: ast.Call) -> Expression:
        value = self.unwrap(self.value(self._plain(node, 1)[0]))
        if not isinstance(value.type, Int):
            raise self.refuse(node, f"{shown(node.func)}() takes an integer, not {value.type}")
        return value

    def _conversion(self, wanted: Type, node: ast.Call) -> Expression:
        if wanted == TEXT:
            return self._to_text(node)
        value = self.unwrap(self.expression(self._plain(node, 1)[0], wanted))
        if wanted == BOOL:
            return self.truth(value, node)
        if isinstance(wanted, Int) and value.type == FLOAT:
            return Convert(self.at(node), wanted, "int", value)
        if wanted == BYTES and value.type == TEXT:
            return Convert(self.at(node), BYTES, "same", value)
        return self.coerce(value, wanted, node)

    def _to_text(self, node: ast.Call) -> Expression:
        if len(node.args) == 2:
            data = self.coerce(self.expression(node.args[0]), BYTES, node)
            match node.args[1]:
                case ast.Constant(str() as name) if name.lower() in ("utf-8", "utf8", "ascii"):
                    pass
                case _:
                    raise self.refuse(node.args[1], "text is UTF-8", 'write str(data, "utf-8")')
            return Convert(self.at(node), TEXT, "same", data)
        value = self.expression(self._plain(node, 1)[0])
        if value.type == TEXT:
            return value
        if value.type == BYTES:
            raise self.refuse(node, "the text of bytes needs its encoding", 'write str(data, "utf-8")')
        self.need_runtime(node)
        return FormattedText(self.at(node), TEXT, [self.part_of(value, "", node)])

    def part_of(self, value: Expression, spec: str, node: ast.AST) -> FormatPart:
        """A value as a part of a text; given by the layer of expressions."""
        raise AssertionError(value, spec, node)

    def _len(self, node: ast.Call, _expected: Type | None) -> Expression:
        return self.length(self.expression(self._plain(node, 1)[0]), node)

    def _least(self, name: str, node: ast.Call, expected: Type | None) -> Expression:
        """min and max of two or more numbers."""
        if node.keywords or len(node.args) < 2:
            raise self.refuse(node, f"{name}() takes two numbers or more", "write a loop over a sequence")
        op = "<=" if name == "min" else ">="
        result = self.unwrap(self.expression(node.args[0], expected))
        for argument in node.args[1:]:
            a, b = self.unify(result, self.unwrap(self.expression(argument, expected)), node)
            kept_a, kept_b = self.once(a), self.once(b)
            test = self.compare(op, kept_a.again(), kept_b.again(), node)
            result = kept_a.around(kept_b.around(Choice(self.at(node), a.type, test, kept_a.again(), kept_b.again())))
        return result

    def _abs(self, node: ast.Call, _expected: Type | None) -> Expression:
        value = self.unwrap(self.value(self._plain(node, 1)[0]))
        if not isinstance(value.type, Int) and value.type != FLOAT:
            raise self.refuse(node, f"abs() takes a number, not {value.type}")
        zero: Expression = Constant(value.at, value.type, 0.0 if value.type == FLOAT else 0)
        kept = self.once(value)
        negative = self.compare("<", kept.again(), zero, node)
        return kept.around(
            Choice(
                self.at(node), value.type, negative, Unary(self.at(node), value.type, "-", kept.again()), kept.again()
            )
        )

    def _ord(self, node: ast.Call, _expected: Type | None) -> Expression:
        value = self.expression(self._plain(node, 1)[0], TEXT)
        if isinstance(value, Constant) and isinstance(value.value, str) and len(value.value) == 1:
            return Constant(self.at(node), LITERAL, ord(value.value))
        if isinstance(value, Index) and value.base.type == TEXT:
            # One byte of a text: no decoding, and nothing that can fail but the index.
            data = Convert(value.at, BYTES, "same", value.base)
            return Convert(self.at(node), I64, "int", Index(value.at, U8, data, value.index))
        self.need_runtime(node)
        return Intrinsic(self.at(node), I64, "ord", [self.coerce(value, TEXT, node)])

    def _copy(self, node: ast.Call, expected: Type | None) -> Expression:
        value = self.unwrap(self.expression(self._plain(node, 1)[0], expected))
        if not is_aggregate(value.type):
            raise self.refuse(
                node, f"copy() is for structures and arrays, not {value.type}", "assign it: values are copied anyway"
            )
        return Copy(self.at(node), value.type, value)

    def _wrapping(self, name: str, node: ast.Call) -> Expression:
        args = self._plain(node, 2)
        left, right = self.unwrap(self.expression(args[0])), self.unwrap(self.expression(args[1]))
        result = self.arithmetic(_WRAPPING[name], left, right, node)
        if isinstance(result, Constant) and result.type == LITERAL:
            return self.settle(result, node)
        if isinstance(result, Binary) and isinstance(result.type, Int):
            result.wraps = True
            return result
        if isinstance(result, Constant):
            return result
        raise self.refuse(node, f"{name} takes integers")

    def _negate(self, node: ast.Call, _expected: Type | None) -> Expression:
        value = self._integer_argument(node)
        return Binary(self.at(node), value.type, "-", Constant(value.at, value.type, 0), value, wraps=True)

    def _reinterpret(self, name: str, node: ast.Call) -> Expression:
        value = self._integer_argument(node)
        assert isinstance(value.type, Int)
        return Convert(self.at(node), Int(value.type.bits, name == "signed"), "reinterpret", value)

    # --- arrays -------------------------------------------------------------------------------------------------------

    def array(self, node: ast.Call, expected: Type | None) -> Expression:
        """`Array()` zeroed, `Array((1, 2, 3))`, `Array(b"abc")`."""
        if not isinstance(expected, ArrayType):
            raise self.refuse(
                node, "the type of this array is not known here", "annotate: data: Array[u8, 64] = Array()"
            )
        if node.keywords or len(node.args) > 1:
            raise self.refuse(node, "Array() takes nothing, or one tuple of its elements")
        if not node.args:
            return MakeArray(self.at(node), expected, [])
        values = self._array_values(node.args[0], expected)
        if len(values) != expected.count:
            raise self.refuse(node, f"{expected} needs {expected.count} elements, not {len(values)}")
        return MakeArray(self.at(node), expected, values)

    def _array_values(self, node: ast.expr, expected: ArrayType) -> list[Expression]:
        if isinstance(node, ast.Tuple | ast.List):
            return [self.coerce(self.expression(e, expected.element), expected.element, e) for e in node.elts]
        value = self.expression(node)
        if isinstance(value, Constant) and isinstance(value.value, bytes):
            return [self.coerce(Constant(value.at, LITERAL, b), expected.element, node) for b in value.value]
        raise self.refuse(node, "an array is made from a tuple or from bytes", "make it zeroed and fill it in a loop")

    # --- methods of values --------------------------------------------------------------------------------------------

    def _value_method(self, base: Expression, name: str, node: ast.Call) -> Expression:
        kind = base.type
        if kind == TEXT and name == "encode" and not node.args:
            return Convert(self.at(node), BYTES, "same", base)
        if kind in (TEXT, BYTES) and name in ("startswith", "endswith", "find"):
            self.need_runtime(node)
        if kind in (TEXT, BYTES) and name in ("startswith", "endswith"):
            other = self.coerce(self.expression(self._plain(node, 1)[0], kind), kind, node)
            return Intrinsic(self.at(node), BOOL, name, [base, other])
        if kind in (TEXT, BYTES) and name == "find":
            other = self.coerce(self.expression(self._plain(node, 1)[0], kind), kind, node)
            return Intrinsic(self.at(node), I64, "find", [base, other])
        if isinstance(kind, ErrorType | EnumType | FunctionType):
            return self.call_value(self.expression(node.func), node)
        raise self.refuse(node, f"{kind} has no method {name}", missing(name))

    def error_text(self, error: Expression, node: ast.AST) -> Expression:
        """What a caught error says."""
        return ErrorField(self.at(node), TEXT, error, "")

