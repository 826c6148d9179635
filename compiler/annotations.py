"""Annotations: from the expression after a colon to a type; also the constants that stand in it as array sizes."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from atoll.compiler.constants import evaluate_integer
from atoll.compiler.symbols import AliasDecl, Builtin, ClassDecl, ConstantDecl, EnumDecl, ErrorDecl, Module, TypeVarDecl
from atoll.compiler.types import (
    FLOAT,
    NAMED,
    NEVER,
    VOID,
    ArrayType,
    EnumType,
    ErrorType,
    FunctionType,
    Int,
    OptionalType,
    RefType,
    SliceType,
    StructType,
    TupleType,
    Type,
)

if TYPE_CHECKING:
    from atoll.compiler.program import Program, Substitution

# 1 GiB: no image of ours is larger, and LLVM would take a very long time over it.
LARGEST_ARRAY = 1 << 30


class Annotations:
    """Resolves the annotations of a program."""

    def __init__(self, program: Program) -> None:
        self.program = program

    def resolve(self, node: ast.expr, module: Module, substitution: Substitution) -> Type:
        """The type that an annotation means; raises Refused after reporting."""
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
                return self._subscript(node, ast.unparse(value).split(".")[-1], value, items, module, substitution)
        raise self._refuse(
            module, node, f"{ast.unparse(node)} is not a type of guest Python", "see docs/guest-python.md, Types"
        )

    def _refuse(self, module: Module, node: ast.AST, message: str, advice: str = "") -> Exception:
        return self.program.reporter.refuse(module.at(node), message, advice)

    def _quoted(self, node: ast.expr, text: str, module: Module, substitution: Substitution) -> Type:
        try:
            inner = ast.parse(text, mode="eval").body
        except SyntaxError:
            raise self._refuse(module, node, f"{text!r} is not a type") from None
        for part in ast.walk(inner):
            ast.copy_location(part, node)
        return self.resolve(inner, module, substitution)

    def _optional(self, node: ast.expr, module: Module, substitution: Substitution) -> Type:
        inner = self.resolve(node, module, substitution)
        if isinstance(inner, RefType):
            inner = inner.inner
        return OptionalType(inner)

    def _named(self, node: ast.expr, module: Module, substitution: Substitution) -> Type:
        if isinstance(node, ast.Attribute):
            base = self.program.lookup(module, ast.unparse(node.value))
            if not isinstance(base, Module):
                raise self._refuse(module, node, f"{ast.unparse(node)} is not a type")
            return self._symbol(node, node.attr, base, substitution)
        assert isinstance(node, ast.Name)
        if node.id in substitution:
            found = substitution[node.id]
            if isinstance(found, int):
                raise self._refuse(module, node, f"{node.id} is a number here, not a type")
            return found
        return self._symbol(node, node.id, module, substitution)

    def _symbol(self, node: ast.expr, name: str, module: Module, substitution: Substitution) -> Type:
        symbol = self.program.lookup(module, name)
        match symbol:
            case ClassDecl():
                return self.program.struct(symbol, (), module.at(node))
            case EnumDecl():
                return EnumType(symbol)
            case ErrorDecl():
                return ErrorType(symbol)
            case AliasDecl():
                return self.resolve(symbol.node, symbol.module, substitution)
            case Builtin("standard", "NoReturn" | "Never"):
                return NEVER
            case Builtin("type", known):
                return self._no_float(NAMED[known], module, node)
            case None if name in ("int", "bool", "float", "str", "bytes"):
                return self._no_float(NAMED[name], module, node)
        hint = f"write: from atoll.abi.types import {name}" if name in NAMED else ""
        if isinstance(symbol, TypeVarDecl):
            hint = "a type variable has a meaning only inside a generic class or function"
        raise self._refuse(module, node, f"{name} is not a type" if symbol else f"type {name} is not known here", hint)

    def _no_float(self, type_: Type, module: Module, node: ast.expr) -> Type:
        if type_ == FLOAT and self.program.kernel:
            raise self._refuse(
                module, node, "the kernel has no floating point: it does not save those registers", "use integers"
            )
        return type_

    def _subscript(
        self,
        node: ast.expr,
        name: str,
        value: ast.expr,
        items: list[ast.expr],
        module: Module,
        substitution: Substitution,
    ) -> Type:
        def type_at(index: int) -> Type:
            return self.resolve(items[index], module, substitution)

        if isinstance(value, ast.Name) and isinstance(self.program.lookup(module, value.id), ClassDecl):
            return self._generic(node, value.id, items, module, substitution)
        match name, len(items):
            case "Array", 2:
                return ArrayType(type_at(0), self.count(items[1], module, substitution))
            case "Slice", 1:
                return SliceType(type_at(0))
            case "Ref", 1:
                return RefType(type_at(0))
            case "Final" | "ClassVar" | "PerThread", 1:
                return type_at(0)
            case "Optional", 1:
                return self._optional(items[0], module, substitution)
            case "tuple", _:
                return TupleType(tuple(_plain(type_at(i)) for i in range(len(items))))
            case "Callable", 2 if isinstance(items[0], ast.List):
                parameters = tuple(_plain(self.resolve(p, module, substitution)) for p in items[0].elts)
                return FunctionType(parameters, _plain(type_at(1)))
        advice = {"list": "use Array[T, N], or Ring from atoll.userland.runtime.containers",
                  "dict": "use Table[K, V, N] from atoll.userland.runtime.containers"}  # fmt: skip
        raise self._refuse(module, node, f"{ast.unparse(node)} is not a type of guest Python",
                           advice.get(name, "see docs/guest-python.md, Types"))  # fmt: skip

    def _generic(
        self, node: ast.expr, name: str, items: list[ast.expr], module: Module, substitution: Substitution
    ) -> StructType:
        decl = self.program.lookup(module, name)
        assert isinstance(decl, ClassDecl)
        return self.program.struct(decl, tuple(self.argument(i, module, substitution) for i in items), module.at(node))

    def argument(self, node: ast.expr, module: Module, substitution: Substitution) -> Type | int:
        """A type argument: a type, or a number (literal, constant or type variable that stands for one)."""
        if isinstance(node, ast.Constant) and isinstance(node.value, int):
            return self.count(node, module, substitution)
        if isinstance(node, ast.BinOp) and not isinstance(node.op, ast.BitOr):
            return self.count(node, module, substitution)
        if isinstance(node, ast.Name):
            if isinstance(substitution.get(node.id), int):
                return substitution[node.id]
            if isinstance(self.program.lookup(module, node.id), ConstantDecl):
                return self.count(node, module, substitution)
        return self.resolve(node, module, substitution)

    def count(self, node: ast.expr, module: Module, substitution: Substitution) -> int:
        """A constant number of elements."""
        if isinstance(node, ast.Name) and isinstance(number := substitution.get(node.id), int):
            return number
        value = evaluate_integer(self.program, node, module, substitution)
        if not 0 < value <= LARGEST_ARRAY:
            raise self._refuse(module, node, f"{value} is not a number of elements", f"1 to {LARGEST_ARRAY}")
        return value


def _plain(type_: Type) -> Type:
    return type_.inner if isinstance(type_, RefType) else type_


def is_integer(type_: Type) -> bool:
    """Whether arithmetic on integers applies to it."""
    return isinstance(type_, Int)
