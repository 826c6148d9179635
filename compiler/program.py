"""The program being compiled: its modules, types and functions; a generic one is made anew for each use."""

from __future__ import annotations

import ast
from collections import deque
from contextlib import suppress
from pathlib import Path

from atoll.compiler.annotations import Annotations, Place
from atoll.compiler.constants import evaluate_integer
from atoll.compiler.declare import Declarer
from atoll.compiler.errors import Location, Refused, Reporter
from atoll.compiler.modules import Loader
from atoll.compiler.symbols import (
    Broken,
    ClassDecl,
    EnumDecl,
    ErrorDecl,
    FunctionDecl,
    FunctionSignature,
    GlobalVariable,
    Module,
    Symbol,
)
from atoll.compiler.tree import Function
from atoll.compiler.types import (
    BOOL,
    I64,
    TEXT,
    VOID,
    ArrayType,
    EnumType,
    Field,
    FunctionType,
    Int,
    OptionalType,
    RefType,
    StructType,
    Type,
    an,
    is_aggregate,
    least_size,
    mentions_variable,
    nesting,
)

# Python's hierarchy of the errors that guest code knows without declaring them.
_BUILTIN_ERRORS = {
    "Exception": "", "ArithmeticError": "Exception", "OverflowError": "ArithmeticError",
    "ZeroDivisionError": "ArithmeticError", "AssertionError": "Exception", "AttributeError": "Exception",
    "EOFError": "Exception", "LookupError": "Exception", "IndexError": "LookupError", "KeyError": "LookupError",
    "MemoryError": "Exception", "OSError": "Exception", "PermissionError": "OSError", "TimeoutError": "OSError",
    "RuntimeError": "Exception", "NotImplementedError": "RuntimeError", "RecursionError": "RuntimeError",
    "TypeError": "Exception", "ValueError": "Exception",
}  # fmt: skip
# Run-time modules that every image is linked with, and whose own checks must not call themselves.
RUNTIME = "atoll.userland.runtime."
UNCHECKED = tuple(RUNTIME + name for name in ("errors", "memory", "text", "floats", "console"))

# What the run-time library's error record has room for.
MOST_ERROR_NUMBERS = 4
# Of a type argument; no real program comes near it.
DEEPEST_TYPE = 10
# 1 GiB: no image of ours is larger, and LLVM would take a very long time over it.
LARGEST_STORAGE = 1 << 30

Substitution = dict[str, Type | int]


class Program:
    """Symbols and types of one compilation."""

    def __init__(self, checks: str, kernel: bool) -> None:
        self.reporter = Reporter()
        self.loader = Loader(self.reporter)
        self.checks = checks
        self.kernel = kernel
        # Code for the host is compiled without checks and without the run-time library.
        self.has_runtime = checks != "none"
        self.errors: dict[str, ErrorDecl] = {}
        for name, base in _BUILTIN_ERRORS.items():
            parent = self.errors.get(base)
            self.errors[name] = ErrorDecl(name, None, parent)
            if parent is not None:
                parent.children.append(self.errors[name])
        self.functions: dict[tuple[FunctionDecl, tuple[Type | int, ...], tuple[Type | int, ...]], Function] = {}
        self.substitutions: dict[Function, Substitution] = {}
        self.globals: dict[GlobalVariable, None] = {}
        self.pending: deque[Function] = deque()
        self._structs: dict[tuple[ClassDecl, tuple[Type | int, ...]], StructType] = {}
        self._completing: list[StructType] = []
        self._symbols: dict[str, int] = {}
        self._declared: set[Module] = set()
        self.types = Annotations(self)

    # --- modules ------------------------------------------------------------------------------------------------------

    def load(self, path: Path, needed: tuple[str, ...]) -> Module:
        """Load the program at `path` and the run-time modules `needed`, and declare all their names."""
        root = self.loader.load_root(path)
        for name in needed:
            if self.loader.load(name) is None:
                raise self.reporter.refuse(Location(str(path), 1), f"the run-time module {name} is missing")
        if self.loader.unreadable:
            # The names of a module that is not there would be missed everywhere.
            self.reporter.finish()
        self.declare()
        return root

    def declare(self) -> None:
        """Declare the modules that were loaded since the last call."""
        for module in self.loader.order:
            if module not in self._declared:
                self._declared.add(module)
                Declarer(module, self.loader, self.reporter, self.errors).declare()
                for symbol in module.names.values():
                    if isinstance(symbol, EnumDecl) and symbol.module is module:
                        self._members(symbol)
        self._refuse_exported_twice()

    def _members(self, decl: EnumDecl) -> None:
        """Compute the members of an enumeration; each may use those before it."""
        for name, node in decl.written:
            try:
                value = evaluate_integer(self, node, decl.module, dict(decl.members))
                if not I64.holds(value):
                    self.reporter.report(decl.module.at(node), f"{value} does not fit {I64}")
            except Refused:
                value = 0
            decl.members[name] = value

    def _refuse_exported_twice(self) -> None:
        """A symbol has one function."""
        seen: dict[str, FunctionDecl] = {}
        for module in self.loader.order:
            for symbol in module.names.values():
                if isinstance(symbol, FunctionDecl) and symbol.module is module and symbol.exported is not None:
                    first = seen.setdefault(symbol.exported, symbol)
                    if first is not symbol:
                        place = f"{first.module.shown}:{first.node.lineno}"
                        self.reporter.report(
                            module.at(symbol.node), f"symbol {symbol.exported} is exported twice, first in {place}"
                        )

    def module(self, name: str) -> Module:
        return self.loader.modules[name]

    def lookup(self, module: Module, name: str) -> Symbol | None:
        """What a global name means in a module."""
        symbol = module.names.get(name) or self.errors.get(name)
        if isinstance(symbol, Broken):
            raise Refused(name)
        return symbol

    # --- types --------------------------------------------------------------------------------------------------------

    def struct(self, decl: ClassDecl, arguments: tuple[Type | int, ...], at: Location) -> StructType:
        """The structure type of one use of a class."""
        self._check_nesting(decl, arguments, at)
        key = (decl, arguments)
        found = self._structs.get(key)
        if found is None:
            if len(arguments) != len(decl.parameters):
                wanted = f"{', '.join(decl.parameters)} in its brackets" if decl.parameters else "no brackets"
                raise self.reporter.refuse(at, f"{decl.name} has {wanted}, not {len(arguments)} types")
            found = self._structs[key] = StructType(decl, arguments)
        return found

    def _check_nesting(
        self, decl: ClassDecl | FunctionDecl, arguments: tuple[Type | int, ...], at: Location
    ) -> None:
        """A generic that uses itself with ever larger types has no end."""
        if max(map(nesting, arguments), default=0) > DEEPEST_TYPE:
            raise self.reporter.refuse(
                at,
                f"{decl.name} is used with types of more than {DEEPEST_TYPE} levels",
                "it seems to use itself endlessly",
            )

    def complete(self, struct: StructType) -> StructType:
        """Give a structure its fields (when its layout is first needed)."""
        if struct.complete:
            return struct
        decl = struct.decl
        if struct in self._completing:
            raise self.reporter.refuse(
                decl.module.at(decl.node),
                f"structure {decl.name} contains itself",
                f"refer to it instead: a field of type {decl.name} | None or Ref[{decl.name}]",
            )
        self._completing.append(struct)
        try:
            substitution = self.substitution(struct)
            for index, node in enumerate(decl.field_nodes):
                assert isinstance(node.target, ast.Name)
                try:
                    type_ = self.types.resolve(node.annotation, decl.module, substitution)
                    self.complete_storage(type_, decl.module.at(node))
                except Refused:
                    struct.refused.add(node.target.id)
                    continue
                struct.fields[node.target.id] = Field(node.target.id, type_, index)
            for index, field in enumerate(struct.fields.values()):
                field.index = index
        finally:
            self._completing.pop()
            struct.complete = True
        return struct

    def field(self, struct: StructType, name: str) -> Field | None:
        """A field of a structure; nothing is said of one whose declaration was refused."""
        if name in self.complete(struct).refused:
            raise Refused(name)
        return struct.fields.get(name)

    def complete_storage(self, type_: Type, at: Location) -> None:
        """Complete all structures that storage of this type holds in place; refuse it if it is too large."""
        part = type_
        while isinstance(part, ArrayType):
            part = part.element
        if isinstance(part, StructType):
            self.complete(part)
        if least_size(type_) > LARGEST_STORAGE:
            raise self.reporter.refuse(at, f"{type_} has more than {LARGEST_STORAGE} bytes", "make it smaller")

    def substitution(self, struct: StructType) -> Substitution:
        """The type arguments of a structure, by name."""
        return dict(zip(struct.decl.parameters, struct.arguments, strict=True))

    def error_fields(self, decl: ErrorDecl) -> dict[str, Field]:
        """The annotated fields of an error class, its bases' first; at most four numbers and one text."""
        if decl.complete:
            return decl.fields
        decl.complete = True
        if decl.base is not None:
            decl.fields.update(self.error_fields(decl.base))
        if decl.node is None or decl.module is None:
            return decl.fields
        for item in decl.node.body:
            with suppress(Refused):
                self._error_field(decl, decl.module, item)
        numbers = sum(f.type != TEXT for f in decl.fields.values())
        if numbers > MOST_ERROR_NUMBERS or len(decl.fields) - numbers > 1:
            self.reporter.report(
                decl.module.at(decl.node), f"an error carries at most {MOST_ERROR_NUMBERS} numbers and one text"
            )
        return decl.fields

    def _error_field(self, decl: ErrorDecl, module: Module, item: ast.stmt) -> None:
        match item:
            case ast.AnnAssign(ast.Name(name), annotation, None):
                if name in decl.fields:
                    raise self.reporter.refuse(module.at(item), f"field {name} is declared twice")
                type_ = self.types.resolve(annotation, module, {})
                if not (isinstance(type_, Int | EnumType) or type_ in (BOOL, TEXT)):
                    problem = f"an error carries numbers and one text, not {an(type_)}"
                    raise self.reporter.refuse(module.at(item), problem)
                decl.fields[name] = Field(name, type_, sum(f.type != TEXT for f in decl.fields.values()))
            case ast.Expr(ast.Constant()) | ast.Pass():
                pass
            case _:
                raise self.reporter.refuse(
                    module.at(item), "an error class has only annotated fields", "compute things where it is raised"
                )

    # --- functions ----------------------------------------------------------------------------------------------------

    def signature(self, decl: FunctionDecl, substitution: Substitution, owner: StructType | None) -> FunctionSignature:
        """Parameters and result of one use of a function."""
        arguments = decl.node.args
        module = decl.module
        problems = False
        for bad in (arguments.vararg, arguments.kwarg, *arguments.kwonlyargs, *arguments.posonlyargs):
            if bad is not None:
                self.reporter.report(module.at(bad), "only plain parameters are supported", "name each parameter")
                problems = True
        names = [a.arg for a in arguments.args]
        for position, argument in enumerate(arguments.args):
            if argument.arg in names[:position]:
                self.reporter.report(module.at(argument), f"parameter {argument.arg} is declared twice")
                problems = True
        types: list[Type] = []
        for position, argument in enumerate(arguments.args):
            try:
                types.append(self._parameter(decl, position, argument, substitution, owner))
            except Refused:
                problems = True
        result: Type = VOID
        try:
            self._check_self(decl)
            result = self._result(decl, substitution)
        except Refused:
            problems = True
        if problems:
            raise Refused(decl.name)
        defaults = dict(zip(names[len(names) - len(arguments.defaults) :], arguments.defaults, strict=True))
        for type_ in (*types, result):
            self._complete_value(type_)
        return FunctionSignature(tuple(names), FunctionType(tuple(types), result), defaults, substitution)

    def _check_self(self, decl: FunctionDecl) -> None:
        count = len(decl.node.args.args)
        if decl.owner is None or decl.is_static:
            return
        if count == 0:
            raise self.reporter.refuse(
                decl.module.at(decl.node), f"method {decl.name} has no self", "add it, or write @staticmethod"
            )
        if decl.is_property and count > 1:
            raise self.reporter.refuse(decl.module.at(decl.node), f"property {decl.name} takes self only")

    def _parameter(
        self,
        decl: FunctionDecl,
        position: int,
        argument: ast.arg,
        substitution: Substitution,
        owner: StructType | None,
    ) -> Type:
        if position == 0 and owner is not None and not decl.is_static:
            return owner
        if argument.annotation is None:
            raise self.reporter.refuse(
                decl.module.at(argument),
                f"parameter {argument.arg} of {decl.name} has no type",
                f"write {argument.arg}: u64, for example",
            )
        return _value(self.types.resolve(argument.annotation, decl.module, substitution, Place.PARAMETER))

    def _result(self, decl: FunctionDecl, substitution: Substitution) -> Type:
        node, module = decl.node, decl.module
        if node.returns is None and decl.name != "__init__":
            raise self.reporter.refuse(
                module.at(node), f"function {decl.name} has no result type", "write -> None or the type"
            )
        result: Type = VOID
        if node.returns is not None:
            result = _value(self.types.resolve(node.returns, module, substitution, Place.RESULT))
        if decl.name == "__init__" and decl.owner is not None and result != VOID:
            raise self.reporter.refuse(module.at(node.returns or node), "__init__ returns nothing", "write -> None")
        return result

    def _complete_value(self, type_: Type) -> None:
        if mentions_variable(type_):
            return
        if isinstance(type_, StructType) and type_ not in self._completing:
            self.complete(type_)
        elif isinstance(type_, OptionalType):
            self._complete_value(type_.inner)

    def function(
        self, decl: FunctionDecl, owner: StructType | None = None, arguments: tuple[Type | int, ...] = ()
    ) -> Function:
        """The function for one use; its body is checked later."""
        owned = owner.arguments if owner else ()
        self._check_nesting(decl, arguments, decl.module.at(decl.node))
        key = (decl, owned, arguments)
        found = self.functions.get(key)
        if found is not None:
            return found
        if len(arguments) != len(decl.parameters):
            # Functions come here with the types that a call told; methods have those of their class only.
            raise self.reporter.refuse(
                decl.module.at(decl.node),
                f"method {decl.name} has a type variable of its own",
                "make its class generic, or write a function",
            )
        substitution: Substitution = dict(zip(decl.parameters, arguments, strict=True))
        if owner is not None:
            substitution.update(self.substitution(owner))
        signature = self.signature(decl, substitution, owner)
        shown = f"{owner}.{decl.name}" if owner else decl.name
        suffix = f"[{', '.join(map(str, arguments))}]" if arguments else ""
        symbol = decl.exported or decl.external
        if symbol is None:
            # Two uses may look alike: with classes of one name from two modules.
            symbol = f"{decl.module.name.removeprefix('atoll.')}.{shown}{suffix}"
            self._symbols[symbol] = self._symbols.get(symbol, 0) + 1
            symbol += f"#{self._symbols[symbol]}" if self._symbols[symbol] > 1 else ""
        checks = "none" if decl.module.name in UNCHECKED else self.checks
        found = Function(
            decl,
            symbol,
            shown.split("[")[0] if not owner else f"{owner.decl.name}.{decl.name}",
            signature.type,
            checks=checks,
        )
        self.functions[key] = found
        self.substitutions[found] = substitution
        self.pending.append(found)
        return found


def _value(type_: Type) -> Type:
    """A parameter or result of type Ref[T] is a T."""
    return type_.inner if isinstance(type_, RefType) and is_aggregate(type_.inner) else type_
