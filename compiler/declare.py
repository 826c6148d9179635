"""Declarations: fills each module's table of names from its top level, without looking into any function."""

from __future__ import annotations

import ast

from atoll.compiler.errors import Reporter
from atoll.compiler.modules import INTRINSIC, STANDARD, Loader
from atoll.compiler.symbols import (
    AliasDecl,
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


class Declarer:
    """Declares the names of one module."""

    def __init__(self, module: Module, loader: Loader, reporter: Reporter, errors: dict[str, ErrorDecl]) -> None:
        self.module = module
        self.loader = loader
        self.reporter = reporter
        self.builtin_errors = errors
        # Names that some function writes after `global`: module state even if they look like constants.
        self.written = {name for n in ast.walk(module.tree) if isinstance(n, ast.Global) for name in n.names}

    def declare(self) -> None:
        """Fill `module.names`."""
        intrinsic = INTRINSIC.get(self.module.name)
        for node in self.module.tree.body:
            if intrinsic:
                self._intrinsic(node, intrinsic)
            else:
                self._statement(node)

    def _intrinsic(self, node: ast.stmt, kind: str) -> None:
        if isinstance(node, ast.FunctionDef):
            self._name(node, node.name, Builtin(kind, node.name))
        elif isinstance(node, ast.ClassDef) and kind == "riscv":
            self._class(node)

    def _name(self, node: ast.AST, name: str, symbol: Symbol) -> None:
        old = self.module.names.get(name)
        if old is not None and not isinstance(old, Builtin):
            self.reporter.report(
                self.module.at(node), f"{name} is declared twice in this module", "give it another name"
            )
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
            case _:
                self._refuse(node, "code at module level is not supported", "put it into main()")

    def _refuse(self, node: ast.AST, message: str, advice: str = "") -> None:
        self.reporter.report(self.module.at(node), message, advice)

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
            if alias.name == "*":
                self._refuse(node, "import * is not supported", "name what you use")
            elif name in STANDARD:
                self._name(node, local, Builtin("standard", alias.name))
            elif name in INTRINSIC and alias.name in NAMED:
                self._name(node, local, Builtin("type", alias.name))
            elif source is not None:
                self._imported(node, source, alias.name, local)
            elif f"{name}.{alias.name}" in self.loader.modules:
                self._name(node, local, self.loader.modules[f"{name}.{alias.name}"])

    def _imported(self, node: ast.ImportFrom, source: Module, name: str, local: str) -> None:
        symbol = source.names.get(name)
        if symbol is None and source.name in INTRINSIC:
            symbol = Builtin(INTRINSIC[source.name], name)
        if symbol is None:
            symbol = self.loader.modules.get(f"{source.name}.{name}")
        if symbol is None:
            self._refuse(node, f"module {source.name} has no {name}")
        else:
            self._name(node, local, symbol)

    # --- functions and classes ----------------------------------------------------------------------------------------

    def _function(self, node: ast.FunctionDef, owner: ClassDecl | None) -> FunctionDecl:
        decl = FunctionDecl(node.name, self.module, node, owner)
        for decorator in node.decorator_list:
            match decorator:
                case ast.Name("assembly"):
                    decl.is_assembly = True
                case ast.Name("noinline"):
                    decl.noinline = True
                case ast.Name("property") if owner:
                    decl.is_property = True
                case ast.Name("staticmethod") if owner:
                    decl.is_static = True
                case ast.Call(ast.Name("export"), [ast.Constant(str() as symbol)]):
                    decl.exported = symbol
                case ast.Call(ast.Name("external"), [ast.Constant(str() as symbol)]):
                    decl.external = symbol
                case _:
                    self._refuse(decorator, f"decorator {ast.unparse(decorator)} is not supported")
        names = {n.id for a in _annotations(node) for n in ast.walk(a) if isinstance(n, ast.Name)}
        owned = owner.parameters if owner else ()
        decl.parameters = tuple(n for n in sorted(names) if self._is_variable(n) and n not in owned)
        return decl

    def _is_variable(self, name: str) -> bool:
        return isinstance(self.module.names.get(name), TypeVarDecl)

    def _class(self, node: ast.ClassDef) -> None:
        bases = [ast.unparse(b) for b in node.bases]
        generic = [b for b in node.bases if isinstance(b, ast.Subscript) and ast.unparse(b.value) == "Generic"]
        if bases in (["IntEnum"], ["IntFlag"]):
            self._name(node, node.name, self._enum(node, bases[0] == "IntFlag"))
        elif len(bases) == 1 and (error := self._error_base(bases[0])) is not None:
            decl = ErrorDecl(node.name, self.module, error, node)
            error.children.append(decl)
            self._name(node, node.name, decl)
        elif bases and not (len(bases) == 1 and generic):
            self._refuse(node.bases[0], f"class {node.name} derives from {bases[0]}", _BASES)
        else:
            self._name(node, node.name, self._structure(node, generic[0] if generic else None))

    def _error_base(self, name: str) -> ErrorDecl | None:
        symbol = self.module.names.get(name, self.builtin_errors.get(name))
        return symbol if isinstance(symbol, ErrorDecl) else None

    def _enum(self, node: ast.ClassDef, flags: bool) -> EnumDecl:
        decl = EnumDecl(node.name, self.module, node, flags)
        for item in node.body:
            match item:
                case ast.Assign([ast.Name(name)], value):
                    try:
                        number = eval(
                            compile(ast.Expression(_only_constants(value, decl.members)), self.module.shown, "eval"),
                            {"__builtins__": {}},
                        )
                    except (ValueError, TypeError, ArithmeticError):
                        self._refuse(value, "a member's value is an integer constant", "write a number")
                        continue
                    decl.members[name] = int(number)
                case ast.Expr(ast.Constant(str())) | ast.Pass():
                    pass
                case _:
                    self._refuse(item, "only members are supported in an enumeration", "write NAME = number")
        return decl

    def _structure(self, node: ast.ClassDef, generic: ast.Subscript | None) -> ClassDecl:
        parameters: tuple[str, ...] = ()
        if generic is not None:
            items = generic.slice.elts if isinstance(generic.slice, ast.Tuple) else [generic.slice]
            parameters = tuple(ast.unparse(i) for i in items)
        decl = ClassDecl(node.name, self.module, node, parameters)
        for decorator in node.decorator_list:
            if ast.unparse(decorator).split("(")[0] == "dataclass":
                decl.is_dataclass = True
            else:
                self._refuse(decorator, f"decorator {ast.unparse(decorator)} is not supported on a class")
        for item in node.body:
            self._member(decl, item)
        return decl

    def _member(self, decl: ClassDecl, item: ast.stmt) -> None:
        match item:
            case ast.AnnAssign(ast.Name(name)):
                if any(isinstance(f.target, ast.Name) and f.target.id == name for f in decl.field_nodes):
                    self._refuse(item, f"field {name} is declared twice")
                decl.field_nodes.append(item)
            case ast.Assign([ast.Name(name)], value):
                decl.constants[name] = ConstantDecl(name, self.module, value, None, decl)
            case ast.FunctionDef():
                decl.methods[item.name] = self._function(item, decl)
            case ast.Expr(ast.Constant()) | ast.Pass():
                pass
            case ast.If() if _is_skipped(item.test):
                pass
            case _:
                self._refuse(item, "only fields, constants and methods are supported in a class")

    # --- constants and state ------------------------------------------------------------------------------------------

    def _annotated(self, node: ast.AnnAssign) -> None:
        if not isinstance(node.target, ast.Name):
            self._refuse(node, "code at module level is not supported", "put it into main()")
            return
        name = node.target.id
        annotation = ast.unparse(node.annotation)
        if annotation == "TypeAlias" and node.value is not None:
            self._name(node, name, AliasDecl(name, self.module, node.value))
        elif node.value is None:
            self._refuse(node, f"{name} has no value", "give it one, such as 0, or Array() for zeroed storage")
        elif name not in self.written and _is_constant(node.value):
            self._name(node, name, ConstantDecl(name, self.module, node.value, node.annotation))
        else:
            per_thread = annotation.startswith("PerThread[")
            inner = (
                node.annotation.slice if per_thread and isinstance(node.annotation, ast.Subscript) else node.annotation
            )
            self._name(node, name, GlobalVariable(name, self.module, inner, node.value, per_thread))

    def _assign(self, node: ast.Assign) -> None:
        match node:
            case ast.Assign([ast.Name(name)], ast.Call(ast.Name("TypeVar"))):
                self._name(node, name, TypeVarDecl(name))
            case ast.Assign([ast.Name(name)], value) if name not in self.written and _is_constant(value):
                self._name(node, name, ConstantDecl(name, self.module, value))
            case ast.Assign([ast.Name(name)], value):
                self._name(node, name, GlobalVariable(name, self.module, None, value))
            case _:
                self._refuse(
                    node, "code at module level is not supported", "assign one name at a time, or put it into main()"
                )


def _annotations(node: ast.FunctionDef) -> list[ast.expr]:
    found = [a.annotation for a in node.args.args if a.annotation is not None]
    return [*found, node.returns] if node.returns is not None else found


def _is_skipped(test: ast.expr) -> bool:
    return ast.unparse(test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING", "__name__ == '__main__'")


def _is_constant(node: ast.expr) -> bool:
    """Whether it looks like a constant expression: literals, operators, and names, which are looked at later."""
    match node:
        case ast.Constant():
            return node.value is not None
        case ast.Name() | ast.Attribute():
            return True
        case ast.UnaryOp() | ast.BinOp():
            return all(_is_constant(n) for n in ast.iter_child_nodes(node) if isinstance(n, ast.expr))
        case ast.Call(ast.Name(name), arguments) if name in NAMED or name == "len":
            return all(map(_is_constant, arguments))
    return False


class _Members(ast.NodeTransformer):
    def __init__(self, members: dict[str, int]) -> None:
        self.members = members

    def visit_Name(self, node: ast.Name) -> ast.AST:
        if node.id not in self.members:
            raise ValueError(node.id)
        return ast.copy_location(ast.Constant(self.members[node.id]), node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        raise ValueError("call")


def _only_constants(node: ast.expr, members: dict[str, int]) -> ast.expr:
    result = _Members(members).visit(node)
    assert isinstance(result, ast.expr)
    return result
