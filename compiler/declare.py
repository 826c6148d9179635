"""Declarations: fills each module's table of names from its top level, without looking into any function."""

from __future__ import annotations

import ast
from functools import lru_cache

from atoll.compiler.errors import Reporter, shown
from atoll.compiler.interfaces.declare import StubMaker, is_root
from atoll.compiler.modules import INTERFACE, INTRINSIC, MOST_KEPT, STANDARD, Loader
from atoll.compiler.symbols import (
    AliasDecl,
    Broken,
    Builtin,
    ClassDecl,
    ConstantDecl,
    EnumDecl,
    ErrorDecl,
    FunctionDecl,
    GlobalVariable,
    Module,
    Symbol,
    TypeVarDecl,
)
from atoll.compiler.types import NAMED

_BASES = "structures have no inheritance: put the other structure in a field"
_MODULE_LEVEL = "code at module level is not supported"
# Where the names come from that a declaration may need.
_HOME = {
    "dataclass": "dataclasses", "IntEnum": "enum", "IntFlag": "enum", "Generic": "typing", "TypeVar": "typing",
    "assembly": "atoll.abi.types", "noinline": "atoll.abi.types", "export": "atoll.abi.types",
    "external": "atoll.abi.types",
}  # fmt: skip
_PYTHON_DECORATORS = ("property", "staticmethod")


@lru_cache(maxsize=MOST_KEPT)
def written_names(tree: ast.Module) -> frozenset[str]:
    """Names that some function of a module writes after `global`."""
    return frozenset(name for node in ast.walk(tree) if isinstance(node, ast.Global) for name in node.names)


class Declarer:
    """Declares the names of one module."""

    def __init__(self, module: Module, loader: Loader, reporter: Reporter, errors: dict[str, ErrorDecl]) -> None:
        self.module = module
        self.loader = loader
        self.reporter = reporter
        self.builtin_errors = errors
        self.stubs = StubMaker(module, loader, reporter)
        # Names that some function writes after `global`: module state even if they look like constants.
        self.written = written_names(module.tree)

    def declare(self) -> None:
        """Fill `module.names`."""
        intrinsic = INTRINSIC.get(self.module.name)
        for node in self.module.tree.body:
            if intrinsic:
                self._intrinsic(node, intrinsic)
            else:
                self._statement(node)
        self.stubs.finish()

    def _intrinsic(self, node: ast.stmt, kind: str) -> None:
        """A module whose functions the compiler knows: only their names matter, wherever they are defined."""
        match node:
            case ast.ImportFrom(source) if source in STANDARD:
                self._import_from(node)
            case ast.ClassDef() if kind == "riscv":
                self._class(node)
            case ast.FunctionDef(name) | ast.ClassDef(name) | ast.AnnAssign(ast.Name(name)):
                self.module.names[name] = Builtin("type" if name in NAMED else kind, name)
            case ast.Assign([target]):
                for part in ast.walk(target):
                    if isinstance(part, ast.Name):
                        self.module.names[part.id] = Builtin(kind, part.id)
            case ast.If():
                for inner in node.body:
                    self._intrinsic(inner, kind)

    def _name(self, node: ast.AST, name: str, symbol: Symbol) -> None:
        old = self.module.names.get(name)
        if isinstance(old, Broken) and isinstance(node, ast.Import | ast.ImportFrom):
            return
        if old is not None and old is not symbol and not isinstance(old, Builtin | Broken):
            self._refuse(node, f"{name} is declared twice in this module", "give it another name")
        self.module.names[name] = symbol

    def _statement(self, node: ast.stmt) -> None:
        match node:
            case ast.Import():
                self._import(node)
            case ast.ImportFrom():
                self._import_from(node)
            case ast.FunctionDef():
                self._name(node, node.name, self._function(node, None))
            case ast.ClassDef():
                self._class(node)
            case ast.AnnAssign():
                self._annotated(node)
            case ast.Assign():
                self._assign(node)
            case ast.Expr(ast.Constant(str())) | ast.Pass():
                pass
            case ast.If() if _is_skipped(node.test):
                pass
            case ast.AsyncFunctionDef():
                self._refuse(node, "async functions are not supported", "write a loop that receives messages")
                self.module.names.setdefault(node.name, Broken())
            case _:
                self._refuse(node, _MODULE_LEVEL, "put it into main()")
                for part in ast.walk(node):
                    if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store):
                        self.module.names.setdefault(part.id, Broken())

    def _refuse(self, node: ast.AST, message: str, advice: str = "") -> None:
        self.reporter.report(self.module.at(node), message, advice)

    def _builtin(self, node: ast.expr) -> str:
        """What the compiler calls the name that an expression is, if it was imported from its home; else nothing."""
        symbol = self.module.names.get(node.id) if isinstance(node, ast.Name) else None
        return symbol.name if isinstance(symbol, Builtin) else ""

    @staticmethod
    def _from(node: ast.expr) -> str:
        """Advice for a name that was not imported."""
        home = _HOME.get(node.id) if isinstance(node, ast.Name) else None
        return f"write: from {home} import {shown(node)}" if home else ""

    # --- imports ------------------------------------------------------------------------------------------------------

    def _import(self, node: ast.Import) -> None:
        for alias in node.names:
            found = self.loader.modules.get(alias.name)
            if found is None:
                continue
            if alias.asname is None and "." in alias.name:
                self._refuse(node, f"import {alias.name} without a name", f"write: import {alias.name} as NAME")
            else:
                self._name(node, alias.asname or alias.name, found)

    def _import_from(self, node: ast.ImportFrom) -> None:
        name = node.module or ""
        source = self.loader.modules.get(name)
        for alias in node.names:
            local = alias.asname or alias.name
            if isinstance(self.module.names.get(local), Broken):
                continue
            if alias.name == "*":
                self._refuse(node, "import * is not supported", "name what you use")
            elif name in STANDARD:
                self._name(node, local, Builtin("standard", alias.name))
            elif source is not None:
                self._imported(node, source, alias.name, local)
            elif f"{name}.{alias.name}" in self.loader.modules:
                self._name(node, local, self.loader.modules[f"{name}.{alias.name}"])

    def _imported(self, node: ast.ImportFrom, source: Module, name: str, local: str) -> None:
        symbol = source.names.get(name) or self.loader.modules.get(f"{source.name}.{name}")
        if symbol is None:
            self._refuse(node, f"module {source.name} has no {name}")
            symbol = Broken()
        self._name(node, local, symbol)

    # --- functions and classes ----------------------------------------------------------------------------------------

    def _function(self, node: ast.FunctionDef, owner: ClassDecl | None) -> FunctionDecl:
        decl = FunctionDecl(node.name, self.module, node, owner)
        for decorator in node.decorator_list:
            self._decorate(decl, decorator)
        if getattr(node, "type_params", None):
            self._refuse(node, "type parameters in brackets are not supported", 'write T = TypeVar("T") before it')
        names = {n.id for a in _annotations(node) for n in ast.walk(a) if isinstance(n, ast.Name)}
        owned = owner.parameters if owner else ()
        decl.parameters = tuple(n for n in sorted(names) if self._is_variable(n) and n not in owned)
        return decl

    def _decorate(self, decl: FunctionDecl, decorator: ast.expr) -> None:
        callee = decorator.func if isinstance(decorator, ast.Call) else decorator
        name = self._builtin(callee)
        if isinstance(callee, ast.Name) and callee.id in _PYTHON_DECORATORS and callee.id not in self.module.names:
            name = callee.id if decl.owner else ""
        match name, decorator:
            case "assembly", ast.Name():
                decl.is_assembly = True
            case "noinline", ast.Name():
                decl.noinline = True
            case "property", ast.Name():
                decl.is_property = True
            case "staticmethod", ast.Name():
                decl.is_static = True
            case "export", ast.Call(_, [ast.Constant(str() as symbol)], []) if symbol.isidentifier():
                decl.exported = symbol
            case "external", ast.Call(_, [ast.Constant(str() as symbol)], []) if symbol.isidentifier():
                decl.external = symbol
            case "export" | "external", _:
                self._refuse(decorator, f"{name} takes the name of a symbol", f'write @{name}("name")')
            case _:
                advice = f"write @{name}" if name in _HOME else self._from(callee)
                self._refuse(decorator, f"decorator {shown(decorator)} is not supported", advice)

    def _is_variable(self, name: str) -> bool:
        return isinstance(self.module.names.get(name), TypeVarDecl)

    def _class(self, node: ast.ClassDef) -> None:
        bases = [self._base(base) for base in node.bases]
        if any(isinstance(base, Broken) for base in bases):
            self._name(node, node.name, Broken())
        elif any(map(is_root, bases)):
            self._name(node, node.name, self.stubs.client(node))
        elif any(isinstance(base, ClassDecl) and base.stubs is not None for base in bases):
            self._name(node, node.name, self._server(node, bases))
        else:
            self._plain_class(node)

    def _server(self, node: ast.ClassDef, bases: list[Symbol | None]) -> Symbol:
        """A class that implements interfaces."""
        if not self.stubs.is_server(node, bases):
            return Broken()
        decl = self._structure(node, None)
        self.stubs.server(decl, [base for base in bases if isinstance(base, ClassDecl)])
        return decl

    def _plain_class(self, node: ast.ClassDef) -> None:
        if node.keywords or getattr(node, "type_params", None):
            self._refuse(node, "a class takes no keywords and no type parameters in brackets", "use Generic[T]")
        base = node.bases[0] if node.bases else None
        kind = self._builtin(base) if base is not None else ""
        generic = isinstance(base, ast.Subscript) and self._builtin(base.value) == "Generic"
        if len(node.bases) == 1 and kind in ("IntEnum", "IntFlag"):
            self._name(node, node.name, self._enum(node, kind == "IntFlag"))
        elif len(node.bases) == 1 and (error := self._error_base(base)) is not None:
            decl = ErrorDecl(node.name, self.module, error, node)
            error.children.append(decl)
            self._undecorated(node)
            self._name(node, node.name, decl)
        elif base is None or (len(node.bases) == 1 and generic):
            self._name(node, node.name, self._structure(node, base if isinstance(base, ast.Subscript) else None))
        else:
            self._refuse(base, f"class {node.name} derives from {shown(base)}", self._from(base) or _BASES)
            self._name(node, node.name, Broken())

    def _undecorated(self, node: ast.ClassDef) -> None:
        for decorator in node.decorator_list:
            self._refuse(decorator, f"decorator {shown(decorator)} is not supported on this class")

    def _base(self, node: ast.expr | None) -> Symbol | None:
        """What the name of a base class stands for."""
        if isinstance(node, ast.Name):
            return self.module.names.get(node.id, self.builtin_errors.get(node.id))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            owner = self.module.names.get(node.value.id)
            return owner.names.get(node.attr) if isinstance(owner, Module) else None
        return None

    def _error_base(self, node: ast.expr | None) -> ErrorDecl | None:
        symbol = self._base(node)
        return symbol if isinstance(symbol, ErrorDecl) else None

    def _enum(self, node: ast.ClassDef, flags: bool) -> EnumDecl:
        decl = EnumDecl(node.name, self.module, node, flags)
        self._undecorated(node)
        for item in node.body:
            match item:
                case ast.Assign([ast.Name(name)], value):
                    if any(name == other for other, _ in decl.written):
                        self._refuse(item, f"member {name} is declared twice")
                    else:
                        decl.written.append((name, value))
                case ast.Expr(ast.Constant(str())) | ast.Pass():
                    pass
                case _:
                    self._refuse(item, "only members are supported in an enumeration", "write NAME = number")
        return decl

    def _structure(self, node: ast.ClassDef, generic: ast.Subscript | None) -> ClassDecl:
        parameters: list[str] = []
        if generic is not None:
            for item in generic.slice.elts if isinstance(generic.slice, ast.Tuple) else [generic.slice]:
                if not isinstance(item, ast.Name) or not self._is_variable(item.id) or item.id in parameters:
                    self._refuse(item, "Generic takes different type variables", 'write T = TypeVar("T") before')
                else:
                    parameters.append(item.id)
        decl = ClassDecl(node.name, self.module, node, tuple(parameters))
        for decorator in node.decorator_list:
            callee = decorator.func if isinstance(decorator, ast.Call) else decorator
            if self._builtin(callee) != "dataclass":
                self._refuse(
                    decorator, f"decorator {shown(decorator)} is not supported on a class", self._from(callee)
                )
            elif isinstance(decorator, ast.Call) and (decorator.args or decorator.keywords):
                self._refuse(decorator, "options of dataclass are not supported", "write @dataclass")
            decl.is_dataclass = True
        names: set[str] = set()
        for member in node.body:
            self._member(decl, member, names)
        return decl

    def _member(self, decl: ClassDecl, item: ast.stmt, names: set[str]) -> None:
        name = ""
        match item:
            case ast.AnnAssign(ast.Name(name), annotation, value):
                marker, inner = self._marked(annotation)
                if marker and value is None:
                    self._refuse(item, f"{name} has no value", "give it one")
                elif marker and value is not None:
                    decl.constants[name] = ConstantDecl(name, self.module, value, inner, decl)
                elif name not in names:
                    decl.field_nodes.append(item)
            case ast.Assign([ast.Name(name)], value):
                decl.constants[name] = ConstantDecl(name, self.module, value, None, decl)
            case ast.FunctionDef("__init_subclass__") if self.module.name == INTERFACE:
                return  # what Python calls with an interface's messages= and errors=
            case ast.FunctionDef(name):
                decl.methods[name] = self._function(item, decl)
            case ast.Expr(ast.Constant()) | ast.Pass():
                return
            case ast.If() if _is_skipped(item.test):
                return
            case _:
                self._refuse(item, "only fields, constants and methods are supported in a class")
                return
        if name in names:
            self._refuse(item, f"{name} is declared twice in class {decl.name}", "give it another name")
        names.add(name)

    # --- constants and state ------------------------------------------------------------------------------------------

    def _marked(self, annotation: ast.expr) -> tuple[str, ast.expr | None]:
        """`Final[T]` and `ClassVar[T]`: which of them, and T if it is there."""
        marker = annotation.value if isinstance(annotation, ast.Subscript) else annotation
        if (name := self._builtin(marker)) in ("Final", "ClassVar"):
            return name, annotation.slice if isinstance(annotation, ast.Subscript) else None
        return "", annotation

    def _annotated(self, node: ast.AnnAssign) -> None:
        if not isinstance(node.target, ast.Name):
            self._refuse(node, _MODULE_LEVEL, "put it into main()")
            return
        name, value = node.target.id, node.value
        marker, annotation = self._marked(node.annotation)
        per_thread = isinstance(annotation, ast.Subscript) and self._builtin(annotation.value) == "PerThread"
        if value is None:
            self._refuse(node, f"{name} has no value", "give it one, such as 0, or Array() for zeroed storage")
            self._name(node, name, Broken())
        elif self._builtin(node.annotation) == "TypeAlias":
            self._name(node, name, AliasDecl(name, self.module, value))
        elif marker or (name not in self.written and not per_thread and self._is_constant(value)):
            self._name(node, name, ConstantDecl(name, self.module, value, annotation))
        else:
            inner = annotation.slice if per_thread and isinstance(annotation, ast.Subscript) else annotation
            self._name(node, name, GlobalVariable(name, self.module, inner, value, per_thread))

    def _assign(self, node: ast.Assign) -> None:
        match node:
            case ast.Assign([ast.Name(name)], ast.Call(callee)) if self._builtin(callee) == "TypeVar":
                self._name(node, name, TypeVarDecl(name))
            case ast.Assign([ast.Name(name)], value) if name not in self.written and self._is_constant(value):
                self._name(node, name, ConstantDecl(name, self.module, value))
            case ast.Assign([ast.Name(name)], value):
                self._name(node, name, GlobalVariable(name, self.module, None, value))
            case _:
                self._refuse(node, _MODULE_LEVEL, "assign one name at a time, or put it into main()")

    def _is_constant(self, node: ast.expr) -> bool:
        """Whether it looks like a constant expression: literals, operators, and names that are no variables."""
        match node:
            case ast.Constant():
                return node.value is not None
            case ast.Name(name):
                return not isinstance(self.module.names.get(name), FunctionDecl | GlobalVariable)
            case ast.Attribute(value, name):
                owner = self.module.names.get(value.id) if isinstance(value, ast.Name) else None
                if isinstance(owner, Module):
                    return not isinstance(owner.names.get(name), FunctionDecl | GlobalVariable)
                return self._is_constant(value)
            case ast.UnaryOp() | ast.BinOp():
                return all(self._is_constant(n) for n in ast.iter_child_nodes(node) if isinstance(n, ast.expr))
            case ast.Call(ast.Name(name), arguments) if name in NAMED or name == "len":
                return all(map(self._is_constant, arguments))
        return False


def _annotations(node: ast.FunctionDef) -> list[ast.expr]:
    found = [a.annotation for a in node.args.args if a.annotation is not None]
    return [*found, node.returns] if node.returns is not None else found


def _is_skipped(test: ast.expr) -> bool:
    """`if TYPE_CHECKING:` and `if __name__ == "__main__":`."""
    match test:
        case ast.Name("TYPE_CHECKING"):
            return True
        case ast.Compare(ast.Name("__name__"), [ast.Eq()], [ast.Constant("__main__")]):
            return True
    return False
