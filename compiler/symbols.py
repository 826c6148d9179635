"""What names stand for: modules, classes, functions, constants and module state, before any body is checked."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from atoll.compiler.errors import Location
from atoll.compiler.types import Field, FunctionType, Type

if TYPE_CHECKING:
    from atoll.compiler.interfaces.declare import Stubs


@dataclass(eq=False)
class Module:
    """A parsed guest module. `shown` is the file's name in messages and tracebacks."""

    name: str
    path: Path
    shown: str
    tree: ast.Module
    lines: list[str]
    names: dict[str, Symbol] = field(default_factory=dict)
    imports: list[Module] = field(default_factory=list)
    # Module state whose initialiser has to run before main, in order.
    initialisers: list[GlobalVariable] = field(default_factory=list)

    def at(self, node: ast.AST) -> Location:
        """The location of a node of this module."""
        return Location.of(self.shown, node)


@dataclass(eq=False)
class ClassDecl:
    """A structure, maybe generic (`parameters`: names of its type variables)."""

    name: str
    module: Module
    node: ast.ClassDef
    parameters: tuple[str, ...] = ()
    is_dataclass: bool = False
    field_nodes: list[ast.AnnAssign] = field(default_factory=list)
    methods: dict[str, FunctionDecl] = field(default_factory=dict)
    constants: dict[str, ConstantDecl] = field(default_factory=dict)
    # Of interfaces and servers (interfaces/declare.py).
    stubs: Stubs | None = None
    stub_source: str = ""

    def own_methods(self) -> list[str]:
        """The names of its methods, without those that only stubs call."""
        return [name for name, method in self.methods.items() if not (name.startswith("_") and method.is_stub)]


@dataclass(eq=False)
class EnumDecl:
    """An IntEnum or IntFlag with its members in order."""

    name: str
    module: Module
    node: ast.ClassDef
    flags: bool
    members: dict[str, int] = field(default_factory=dict)
    # Members as written; Program.declare computes them.
    written: list[tuple[str, ast.expr]] = field(default_factory=list)


@dataclass(eq=False)
class ErrorDecl:
    """An error class. `code` and `last` (of its last descendant) are numbered depth-first when an image is lowered."""

    name: str
    module: Module | None
    base: ErrorDecl | None
    node: ast.ClassDef | None = None
    fields: dict[str, Field] = field(default_factory=dict)
    children: list[ErrorDecl] = field(default_factory=list)
    code: int = 0
    last: int = 0
    complete: bool = False

    def is_a(self, other: ErrorDecl) -> bool:
        """Whether `except other` catches this."""
        return self is other or (self.base is not None and self.base.is_a(other))


@dataclass(eq=False)
class FunctionDecl:
    """A function or method as written."""

    name: str
    module: Module
    node: ast.FunctionDef
    owner: ClassDecl | None = None
    parameters: tuple[str, ...] = ()  # names of its type variables
    exported: str | None = None
    external: str | None = None
    is_assembly: bool = False
    is_property: bool = False
    is_static: bool = False
    noinline: bool = False
    is_stub: bool = False  # made by the compiler


@dataclass(eq=False)
class ConstantDecl:
    """A module or class constant; evaluated when first used."""

    name: str
    module: Module
    node: ast.expr
    annotation: ast.expr | None = None
    owner: ClassDecl | None = None
    value: object = None
    type: Type | None = None
    evaluating: bool = False


@dataclass(eq=False)
class GlobalVariable:
    """Module state."""

    name: str
    module: Module
    annotation: ast.expr | None
    node: ast.expr
    per_thread: bool = False
    type: Type | None = None

    @property
    def symbol(self) -> str:
        return f"{self.module.name}.{self.name}"


@dataclass(frozen=True)
class TypeVarDecl:
    """`T = TypeVar("T")`."""

    name: str


@dataclass(eq=False)
class AliasDecl:
    """`Address: TypeAlias = u64`."""

    name: str
    module: Module
    node: ast.expr


@dataclass(frozen=True)
class Builtin:
    """A name that the compiler itself knows: `kind` is the folder of names it comes from, such as `raw` or `riscv`."""

    kind: str
    name: str


@dataclass(frozen=True)
class Broken:
    """A name whose declaration was refused: its uses get no messages of their own."""


@dataclass(eq=False)
class FunctionSignature:
    """Names, types and defaults of a function's parameters for one use of it, which is told by `substitution`."""

    names: tuple[str, ...]
    type: FunctionType
    defaults: dict[str, ast.expr]
    substitution: dict[str, Type | int]


Symbol = (Module | ClassDecl | EnumDecl | ErrorDecl | FunctionDecl | ConstantDecl | GlobalVariable | TypeVarDecl
          | AliasDecl | Builtin | Broken)  # fmt: skip
