"""Annotations: from the expression after a colon to a type; also the constants that stand in it as array sizes."""

from __future__ import annotations

import ast
from enum import Enum
from typing import TYPE_CHECKING

from atoll.compiler.constants import evaluate_integer
from atoll.compiler.errors import Refused, shown
from atoll.compiler.modules import too_deep
from atoll.compiler.symbols import (
    AliasDecl,
    Builtin,
    ClassDecl,
    ConstantDecl,
    EnumDecl,
    ErrorDecl,
    Module,
    Symbol,
    TypeVarDecl,
)
from atoll.compiler.types import (
    FLOAT,
    NAMED,
    NEVER,
    VOID,
    ArrayType,
    EnumType,
    ErrorType,
    FunctionType,
    OptionalType,
    RefType,
    SliceType,
    TupleType,
    Type,
    Variable,
    is_aggregate,
)

if TYPE_CHECKING:
    from atoll.compiler.program import Program, Substitution

# 1 GiB: no image of ours is larger, and LLVM would take a very long time over it.
LARGEST_ARRAY = 1 << 30
_PAGE = "see docs/guest-python.md, Types"
_PYTHON_TYPES = ("int", "bool", "float", "str", "bytes")
# What to write for Python's own types that have no meaning here, and for types without their parameters.
_INSTEAD = {
    "list": "use Array[T, N], or Ring from atoll.userland.runtime.containers",
    "dict": "use Table[K, V, N] from atoll.userland.runtime.containers",
    "set": "use Table[K, V, N] from atoll.userland.runtime.containers",
    "Array": "write its elements and their number: Array[u8, 16]",
    "Slice": "write its elements: Slice[u8]",
    "Ref": "write what it refers to: Ref[Node]",
    "tuple": "write its elements: tuple[u64, bool]",
    "Callable": "write its parameters and result: Callable[[u64], bool]",
    "Optional": "write T | None",
    "Union": "write T | None; there are no other unions",
    "object": "name the type",
    "Any": "name the type",
}


class Place(Enum):
    """What an annotation describes: some types have a meaning in some places only."""

    STORAGE = "a variable or field"
    PARAMETER = "a parameter"
    RESULT = "a result"


class Annotations:
    """Resolves the annotations of a program."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._aliases: list[AliasDecl] = []

    def resolve(
        self, node: ast.expr, module: Module, substitution: Substitution, place: Place = Place.STORAGE
    ) -> Type:
        """The type that an annotation means; raises Refused after reporting."""
        type_ = self._type(node, module, substitution)
        if type_ in (VOID, NEVER) and place is not Place.RESULT:
            raise self._refuse(module, node, f"{type_} is only the result of a function")
        if isinstance(type_, ErrorType) and place is not Place.PARAMETER:
            raise self._refuse(
                module, node, f"an error cannot be {place.value}", "it lives in its handler; a function can be given it"
            )
        return type_

    def _type(self, node: ast.expr, module: Module, substitution: Substitution) -> Type:
        match node:
            case ast.Constant(None):
                return VOID
            case ast.Constant(str() as text):
                return self._quoted(node, text, module, substitution)
            case ast.Name() | ast.Attribute():
                return self._named(node, module, substitution)
            case ast.BinOp(left, ast.BitOr(), ast.Constant(None)) | ast.BinOp(ast.Constant(None), ast.BitOr(), left):
                return self._optional(left, module, substitution)
            case ast.Subscript(value, index):
                items = index.elts if isinstance(index, ast.Tuple) else [index]
                return self._subscript(node, value, items, module, substitution)
        union = isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr)
        advice = _INSTEAD["Union"] if union else _PAGE
        raise self._refuse(module, node, f"{shown(node)} is not a type of guest Python", advice)

    def _refuse(self, module: Module, node: ast.AST, message: str, advice: str = "") -> Refused:
        return self.program.reporter.refuse(module.at(node), message, advice)

    def _quoted(self, node: ast.expr, text: str, module: Module, substitution: Substitution) -> Type:
        try:
            inner = ast.parse(text, mode="eval").body
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            raise self._refuse(module, node, f"{shown(node)} is not a type", _PAGE) from None
        if too_deep(inner):
            raise self._refuse(module, node, f"{shown(node)} is not a type", _PAGE)
        for part in ast.walk(inner):
            ast.copy_location(part, node)
        return self._type(inner, module, substitution)

    def _optional(self, node: ast.expr, module: Module, substitution: Substitution) -> Type:
        inner = self._stored(node, module, substitution)
        if isinstance(inner, RefType):
            inner = inner.inner
        return inner if isinstance(inner, OptionalType) else OptionalType(inner)

    def _named(self, node: ast.Name | ast.Attribute, module: Module, substitution: Substitution) -> Type:
        if isinstance(node, ast.Name) and node.id in substitution:
            found = substitution[node.id]
            if isinstance(found, int):
                raise self._refuse(module, node, f"{node.id} is a number here, not a type")
            return found
        symbol, name = self.symbol(node, module)
        match symbol:
            case ClassDecl():
                return self.program.struct(symbol, (), module.at(node))
            case EnumDecl():
                return EnumType(symbol)
            case ErrorDecl():
                return ErrorType(symbol)
            case AliasDecl():
                return self._alias(symbol, node, module)
            case Builtin("standard", "NoReturn" | "Never"):
                return NEVER
            case Builtin("type", known):
                return self._no_float(NAMED[known], module, node)
            case None if isinstance(node, ast.Name) and name in _PYTHON_TYPES:
                return self._no_float(NAMED[name], module, node)
            case Builtin():
                name = symbol.name
        hint = _INSTEAD.get(name, f"write: from atoll.abi.types import {name}" if name in NAMED else "")
        if isinstance(symbol, TypeVarDecl):
            hint = "a type variable has a meaning only inside a generic class or function"
        raise self._refuse(
            module, node, f"{shown(node)} is not a type" if symbol else f"type {shown(node)} is not known here", hint
        )

    def symbol(self, node: ast.expr, module: Module) -> tuple[Symbol | None, str]:
        """What a name, or the name of another module's thing, stands for."""
        if isinstance(node, ast.Name):
            return self.program.lookup(module, node.id), node.id
        if isinstance(node, ast.Attribute):
            owner, _ = self.symbol(node.value, module)
            return (self.program.lookup(owner, node.attr) if isinstance(owner, Module) else None), node.attr
        return None, ""

    def _alias(self, decl: AliasDecl, node: ast.expr, module: Module) -> Type:
        if decl in self._aliases:
            raise self._refuse(module, node, f"{decl.name} is defined by itself")
        self._aliases.append(decl)
        try:
            return self._type(decl.node, decl.module, {})
        finally:
            self._aliases.pop()

    def _no_float(self, type_: Type, module: Module, node: ast.expr) -> Type:
        if type_ == FLOAT and self.program.kernel:
            raise self._refuse(
                module, node, "the kernel has no floating point: it does not save those registers", "use integers"
            )
        return type_

    def _stored(self, node: ast.expr, module: Module, substitution: Substitution) -> Type:
        """A type inside another: of an element, for example."""
        type_ = self._type(node, module, substitution)
        if type_ in (VOID, NEVER) or isinstance(type_, ErrorType):
            raise self._refuse(module, node, f"{type_} cannot be part of a type")
        return type_

    def _subscript(
        self, node: ast.expr, value: ast.expr, items: list[ast.expr], module: Module, substitution: Substitution
    ) -> Type:
        symbol, name = self.symbol(value, module)
        if isinstance(symbol, ClassDecl):
            arguments = tuple(self.argument(i, module, substitution) for i in items)
            return self.program.struct(symbol, arguments, module.at(node))
        if isinstance(symbol, Builtin) or (symbol is None and name == "tuple" and isinstance(value, ast.Name)):
            name = symbol.name if isinstance(symbol, Builtin) else name
            found = self._built_in(name, items, module, substitution)
            if found is not None:
                return found
        elif symbol is None and isinstance(value, ast.Name) and name in ("Array", "Slice", "Ref", "Callable"):
            home = "collections.abc" if name == "Callable" else "atoll.abi.types"
            raise self._refuse(module, value, f"type {name} is not known here", f"write: from {home} import {name}")
        raise self._refuse(module, node, f"{shown(node)} is not a type of guest Python", _INSTEAD.get(name, _PAGE))

    def _built_in(
        self, name: str, items: list[ast.expr], module: Module, substitution: Substitution
    ) -> Type | None:
        match name, len(items):
            case "Array", 2:
                return ArrayType(
                    self._stored(items[0], module, substitution), self.count(items[1], module, substitution)
                )
            case "Slice", 1:
                return SliceType(self._stored(items[0], module, substitution))
            case "Ref", 1:
                inner = self._stored(items[0], module, substitution)
                if not is_aggregate(inner) and not isinstance(inner, Variable):
                    raise self._refuse(module, items[0], f"Ref refers to a structure, not to {inner}")
                return RefType(inner)
            case "Final", 1:
                return self._type(items[0], module, substitution)
            case "tuple", _:
                return TupleType(tuple(_plain(self._stored(i, module, substitution)) for i in items))
            case "Callable", 2 if isinstance(items[0], ast.List):
                parameters = tuple(_plain(self._stored(p, module, substitution)) for p in items[0].elts)
                return FunctionType(parameters, _plain(self._type(items[1], module, substitution)))
        return None

    def argument(self, node: ast.expr, module: Module, substitution: Substitution) -> Type | int:
        """A type argument: a type, or a number (literal, constant or type variable that stands for one)."""
        if isinstance(node, ast.Constant) and isinstance(node.value, int):
            return self.count(node, module, substitution)
        if isinstance(node, ast.BinOp) and not isinstance(node.op, ast.BitOr):
            return self.count(node, module, substitution)
        if isinstance(node, ast.Name) and isinstance(substitution.get(node.id), int):
            return substitution[node.id]
        if not (isinstance(node, ast.Name) and node.id in substitution):
            symbol, _ = self.symbol(node, module)
            if isinstance(symbol, ConstantDecl):
                return self.count(node, module, substitution)
        return self._stored(node, module, substitution)

    def count(self, node: ast.expr, module: Module, substitution: Substitution) -> int:
        """A constant number of elements."""
        found = substitution.get(node.id) if isinstance(node, ast.Name) else None
        if isinstance(found, int):
            return found
        if isinstance(found, Variable):
            raise self._refuse(
                module, node, f"the length {found} cannot be found from an argument", "take a Slice[T] instead"
            )
        value = evaluate_integer(self.program, node, module, substitution)
        if not 0 < value <= LARGEST_ARRAY:
            raise self._refuse(module, node, f"{value} is not a number of elements", f"1 to {LARGEST_ARRAY}")
        return value


def _plain(type_: Type) -> Type:
    return type_.inner if isinstance(type_, RefType) else type_
