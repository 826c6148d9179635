"""Makes the classes of interfaces and servers what the rest of the compiler takes them for: structures with methods.

The stubs are guest Python as text (client.py, server.py); their names are looked up in a module of their own, which has
those of the interface's module and, with `_` before them, those that stubs need.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from atoll.compiler.errors import Reporter, shown
from atoll.compiler.interfaces.client import client_methods, result_type
from atoll.compiler.interfaces.description import Interface, Item, Method
from atoll.compiler.interfaces.names import Defined, Names
from atoll.compiler.interfaces.reader import Reader
from atoll.compiler.interfaces.server import dispatcher, server_methods
from atoll.compiler.modules import INTERFACE, STUBS, Loader
from atoll.compiler.symbols import Broken, Builtin, ClassDecl, FunctionDecl, Module, Symbol
from atoll.compiler.types import NAMED

Tree = TypeVar("Tree", bound=ast.AST)

_RAW = ("address_of", "copy_memory", "size_of", "view")
_TYPES = ("copy", "signed", "unsigned", "Slice")


@dataclass
class Stubs:
    """What the compiler knows of an interface's class besides its structure."""

    interface: Interface
    module: Module  # where names in stubs are looked up
    node: ast.ClassDef
    methods: dict[str, ast.FunctionDef]


class StubMaker:
    """Makes the stubs of one module's interfaces and servers."""

    def __init__(self, module: Module, loader: Loader, reporter: Reporter) -> None:
        self.module = module
        self.loader = loader
        self.reporter = reporter
        self.reader = Reader(Names(self._tree))
        self.stub_module = Module(module.name, module.path, module.shown, module.tree, module.lines)

    def _tree(self, name: str) -> ast.Module | None:
        found = self.loader.modules.get(name)
        return found.tree if found is not None else None

    def _report(self, node: ast.AST, message: str, advice: str) -> None:
        self.reporter.report(self.module.at(node), message, advice)

    def finish(self) -> None:
        """All names of the module are declared: let its stubs see them."""
        stubs = self.loader.modules.get(STUBS)
        if stubs is None:
            return
        names = self.stub_module.names
        names.update(self.module.names)
        names.update({f"_{name}": symbol for name, symbol in stubs.names.items()})
        names.update({f"_{name}": Builtin("type", name) for name in NAMED})
        names.update({f"_{name}": Builtin("raw", name) for name in _RAW})
        names.update({f"_{name}": Builtin("types", name) for name in _TYPES})

    # --- the client ---------------------------------------------------------------------------------------------------

    def client(self, node: ast.ClassDef) -> ClassDecl | Broken:
        """The structure that stands for an interface: a handle, and a method for each message."""
        before = len(self.reporter.found)
        interface = self.reader.read(Defined(self.module.name, node), self._report)
        if len(self.reporter.found) > before:
            return Broken()
        nodes = {item.name: item for item in node.body if isinstance(item, ast.FunctionDef)}
        decl = ClassDecl(node.name, self.stub_module, node, is_dataclass=True)
        handle = ast.parse("handle: _u64 = 0").body[0]
        assert isinstance(handle, ast.AnnAssign)
        decl.field_nodes = [placed(handle, node)]
        written = client_methods(interface)
        for name, source in written.items():
            method = parsed(source, nodes.get(name.removeprefix("reply_"), node))
            is_static = source.startswith("@staticmethod")
            decl.methods[name] = FunctionDecl(name, self.stub_module, method, decl, is_static=is_static, is_stub=True)
        decl.stubs = Stubs(interface, self.stub_module, node, nodes)
        decl.stub_source = class_text(node.name, written)
        return decl

    # --- the server ---------------------------------------------------------------------------------------------------

    def is_server(self, node: ast.ClassDef, bases: Sequence[Symbol | None]) -> bool:
        """Whether a class derives from interfaces only; what is wrong is reported."""
        for written, base in zip(node.bases, bases, strict=True):
            if not isinstance(base, ClassDecl) or base.stubs is None:
                if not isinstance(base, Broken):
                    problem = f"class {node.name} derives from {shown(written)}"
                    self._report(written, problem, "a server derives from interfaces only")
                return False
        if node.keywords:
            problem = f"server {node.name} has numbers of its own"
            self._report(node, problem, "an interface has messages= and errors=, and derives from Interface alone")
        return not node.keywords

    def server(self, decl: ClassDecl, bases: list[ClassDecl]) -> None:
        """Give a class that implements interfaces what it needs to answer messages."""
        parts = [base.stubs for base in bases if base.stubs is not None]
        before = len(self.reporter.found)
        self._check_ranges(decl, [part.interface for part in parts])
        for part in parts:
            for method in part.interface.methods:
                self._check_implements(decl, part, method)
        if len(self.reporter.found) > before or not parts:
            return
        written: dict[str, str] = {}
        for part in parts:
            sources = server_methods(part.interface)
            for name, source in sources.items():
                place = part.methods.get(name.removeprefix(f"_serve_{part.interface.name}_"), part.node)
                decl.methods[name] = FunctionDecl(name, part.module, parsed(source, place), decl, is_stub=True)
            written.update(sources)
        first = parts[0]
        source = written["dispatch"] = dispatcher([part.interface for part in parts])
        decl.methods.setdefault("dispatch", FunctionDecl("dispatch", first.module, parsed(source, first.node), decl))
        self._inherit(decl)
        decl.stub_source = class_text(decl.name, written)

    def _check_ranges(self, decl: ClassDecl, interfaces: list[Interface]) -> None:
        for i, interface in enumerate(interfaces):
            for other in interfaces[:i]:
                if other.base == interface.base:
                    problem = f"{other.name} and {interface.name} have the same message numbers, {other.base:#06x} up"
                    self._report(decl.node, problem, "give one of them a range of its own")
                elif other.name == interface.name:
                    problem = f"{decl.name} implements two interfaces that are called {interface.name}"
                    self._report(decl.node, problem, "give one of them another name")

    def _check_implements(self, decl: ClassDecl, part: Stubs, method: Method) -> None:
        found = decl.methods.get(method.name)
        advice = f"write: {header(method)}"
        if found is None:
            self._report(decl.node, f"{decl.name} does not implement {method.name} of {part.interface.name}", advice)
            return
        is_plain = not (found.is_static or found.is_property or found.is_assembly)
        written = self.reader.signature(self.module.name, found.node, 0, False, lambda *_: None)
        if not is_plain or shape(written) != shape(method):
            self._report(found.node, f"{method.name} is not as {part.interface.name} declares it", advice)

    def _inherit(self, decl: ClassDecl) -> None:
        """What a server does not define it has from `Interface`."""
        root = self.loader.modules[INTERFACE].names["Interface"]
        assert isinstance(root, ClassDecl)
        for name, method in root.methods.items():
            if name not in decl.methods and not method.is_static:
                decl.methods[name] = FunctionDecl(name, method.module, method.node, decl)


def is_root(symbol: Symbol | None) -> bool:
    """Whether it is `Interface` itself."""
    return isinstance(symbol, ClassDecl) and symbol.name == "Interface" and symbol.module.name == INTERFACE


def shape(method: Method) -> tuple[object, ...]:
    """What must agree between an interface's method and a server's."""

    def shapes(items: tuple[Item, ...]) -> list[tuple[str, str]]:
        return [(item.name, item.meaning) for item in items]

    return len(method.parameters), shapes(method.parameters), shapes(method.results), method.is_tuple


def header(method: Method) -> str:
    """A method's first line."""
    parameters = "".join(f", {item.name}: {item.written}" for item in method.parameters)
    return f"def {method.name}(self{parameters}) -> {result_type(method)}:"


def parsed(source: str, place: ast.AST) -> ast.FunctionDef:
    """The tree of a stub; in messages and tracebacks all of it stands where `place` is."""
    function = ast.parse(source).body[0]
    assert isinstance(function, ast.FunctionDef)
    return placed(function, place)


def placed(tree: Tree, place: ast.AST) -> Tree:
    """The tree with all its nodes in one place."""
    for node in ast.walk(tree):
        ast.copy_location(node, place)
        if hasattr(node, "end_lineno"):
            node.end_lineno = getattr(place, "lineno", 1)
    return tree


def class_text(name: str, methods: dict[str, str]) -> str:
    """The stubs of a class as they would stand in a file."""
    lines = [line for source in methods.values() for line in ["", *source.splitlines()]]
    return "\n".join([f"class {name}:", *(f"    {line}" if line else "" for line in lines)]) + "\n"
