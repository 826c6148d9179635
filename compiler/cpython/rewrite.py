"""Rewrites the tree of a guest module so that CPython coerces values at the annotated points and checks sequences.

Every helper that it calls is an attribute of the name `__guest__` (runtime.py). Lines stay where they are.
"""

from __future__ import annotations

import ast
from collections import Counter
from dataclasses import dataclass, field

GUEST = "__guest__"
# Built-in names whose calls mean something else in the guest, and what stands for them.
CALLS = {"str": "to_text", "int": "to_i64", "bytes": "to_bytes"}
# Methods of texts and bytes which count bytes or make views.
METHODS = ("encode", "find", "startswith", "endswith")


def helper(name: str, *arguments: ast.expr) -> ast.Call:
    """A call of a helper."""
    return ast.Call(ast.Attribute(ast.Name(GUEST, ast.Load()), name, ast.Load()), list(arguments), [])


def load(name: str) -> ast.Name:
    """A name as a value."""
    return ast.Name(name, ast.Load())


def unquoted(annotation: ast.expr) -> ast.expr:
    """An annotation without quotes."""
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        return ast.parse(annotation.value, mode="eval").body
    return annotation


@dataclass
class Names:
    """What is known about the names that a function (or the module) assigns."""

    annotations: dict[str, ast.expr] = field(default_factory=dict)
    writes: Counter[str] = field(default_factory=Counter)
    outer: set[str] = field(default_factory=set)  # named by `global`


def names_of(body: list[ast.stmt]) -> Names:
    """Collect the assignments of a function's body."""
    names = Names()
    for statement in body:
        for node in ast.walk(statement):
            if isinstance(node, ast.Global):
                names.outer.update(node.names)
            elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                names.annotations.setdefault(node.target.id, node.annotation)
            elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                names.writes[node.id] += 1
    return names


class Rewriter(ast.NodeTransformer):
    """Rewrites one module."""

    def __init__(self, tree: ast.Module) -> None:
        self.tree = tree
        self.module = names_of([node for node in tree.body if not isinstance(node, (ast.FunctionDef, ast.ClassDef))])
        self.state = {name for node in ast.walk(tree) if isinstance(node, ast.Global) for name in node.names}
        self.names: Names | None = None
        self.returns: ast.expr | None = None
        self.parameters: tuple[str, ...] = ()  # of the generic class around
        self.temporaries = 0

    def rewrite(self) -> ast.Module:
        """The new tree."""
        self.tree.body = [new for node in self.tree.body for new in self._as_list(self.visit(node))]
        return ast.fix_missing_locations(self.tree)

    @staticmethod
    def _as_list(result: ast.AST | list[ast.stmt] | None) -> list[ast.stmt]:
        if result is None:
            return []
        return result if isinstance(result, list) else [result]  # type: ignore[list-item]  # statements only

    # --- classes and functions ----------------------------------------------------------------------------------------

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        """Structures, errors and enumerations: a decorator sorts them out when the class is made."""
        is_dataclass = any("dataclass" in ast.unparse(decorator) for decorator in node.decorator_list)
        self.parameters = tuple(
            part.id
            for base in node.bases
            if isinstance(base, ast.Subscript) and ast.unparse(base.value).endswith("Generic")
            for part in (base.slice.elts if isinstance(base.slice, ast.Tuple) else [base.slice])
            if isinstance(part, ast.Name)
        )
        node.body = [self.visit(item) if isinstance(item, ast.FunctionDef) else item for item in node.body]
        self.parameters = ()
        make = helper("make_class", ast.Call(load("globals"), [], []), ast.Constant(is_dataclass))
        node.decorator_list = [ast.copy_location(make, node)]
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        """Parameters are coerced first, then the body runs with coerced assignments and results."""
        is_pythons = node.name == "__init_subclass__"  # of interfaces: called with what only the compiler reads
        if is_pythons or any(ast.unparse(decorator) == "assembly" for decorator in node.decorator_list):
            return node
        outside = self.names, self.returns, self.temporaries
        self.names, self.returns, self.temporaries = names_of(node.body), node.returns, 0
        arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
        self.names.annotations.update({a.arg: a.annotation for a in arguments if a.annotation is not None})
        prologue: list[ast.stmt] = self._bindings(node, arguments)
        for name, annotation in ((a.arg, a.annotation) for a in arguments if a.annotation is not None):
            value = helper("convert", unquoted(annotation), load(name))
            prologue.append(ast.Assign([ast.Name(name, ast.Store())], value))
        prologue += self._type_slots(arguments)
        for statement in prologue:
            ast.copy_location(statement, node)
            ast.fix_missing_locations(statement)
        node.body = prologue + [new for item in node.body for new in self._as_list(self.visit(item))]
        self.names, self.returns, self.temporaries = outside
        return node

    def _bindings(self, node: ast.FunctionDef, arguments: list[ast.arg]) -> list[ast.stmt]:
        """In a method of a generic class its type variables become local names."""
        if not self.parameters or not arguments or "staticmethod" in map(ast.unparse, node.decorator_list):
            return []
        used = {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
        used |= {part for a in arguments if a.annotation is not None for part in names_in(a.annotation)}
        first = arguments[0].arg
        return [
            ast.Assign([ast.Name(name, ast.Store())], helper("bound", load(first), ast.Constant(name)))
            for name in self.parameters
            if name in used
        ]

    def _type_slots(self, arguments: list[ast.arg]) -> list[ast.stmt]:
        """A local variable that is assigned more than once remembers what its first assignment gave it."""
        assert self.names is not None
        parameters = {a.arg for a in arguments}
        return [
            ast.Assign([ast.Name(slot(name), ast.Store())], load(name) if name in parameters else ast.Constant(None))
            for name, count in self.names.writes.items()
            if (count > 1 or name in parameters) and name not in self.names.annotations and name not in self.names.outer
        ]

    def visit_Return(self, node: ast.Return) -> ast.AST:
        """The result is coerced."""
        if node.value is not None:
            value = self.visit(node.value)
            if self.returns is not None and ast.unparse(self.returns) not in ("None", "NoReturn"):
                value = helper("convert", unquoted(self.returns), value)
            node.value = value
        return node

    # --- assignments --------------------------------------------------------------------------------------------------

    def visit_Assign(self, node: ast.Assign) -> list[ast.stmt]:
        """One coerced assignment for each target."""
        value = self.visit(node.value)
        if len(node.targets) == 1:
            return self._located(self._assign(node.targets[0], value), node)
        name = self._temporary()
        made: list[ast.stmt] = [ast.Assign([ast.Name(name, ast.Store())], value)]
        for target in node.targets:
            made += self._assign(target, load(name))
        return self._located(made, node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST | list[ast.stmt] | None:
        """A declaration: at module level it keeps its annotation, for assignments from other modules."""
        if node.value is None:
            return node if self.names is None else ast.copy_location(ast.Pass(), node)
        if self.names is None and ast.unparse(node.annotation).endswith("TypeAlias"):
            node.value = unquoted(node.value)
            return node
        value = self.visit(node.value)
        if self.names is None:
            node.value = helper("convert", unquoted(node.annotation), value)
            return node
        return self._located(self._assign(node.target, value), node)

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.AST | list[ast.stmt]:
        """On a name: an assignment of the sum; on parts of things, their setters coerce."""
        node.value = self.visit(node.value)
        if isinstance(node.target, ast.Name):
            return self._located(self._assign(node.target, ast.BinOp(load(node.target.id), node.op, node.value)), node)
        self._visit_target(node.target)
        return node

    def _assign(self, target: ast.expr, value: ast.expr) -> list[ast.stmt]:
        if isinstance(target, ast.Name):
            return self._assign_name(target.id, value)
        if isinstance(target, (ast.Tuple, ast.List)):
            parts = [self._temporary() for _ in target.elts]
            unpack = ast.Tuple([ast.Name(name, ast.Store()) for name in parts], ast.Store())
            made: list[ast.stmt] = [ast.Assign([unpack], value)]
            for element, name in zip(target.elts, parts, strict=True):
                made += self._assign(element, load(name))
            return made
        self._visit_target(target)
        return [ast.Assign([target], value)]

    def _visit_target(self, target: ast.expr) -> None:
        if isinstance(target, (ast.Attribute, ast.Subscript)):
            target.value = self.visit(target.value)
        if isinstance(target, ast.Subscript):
            for child in ast.iter_fields(target.slice) if isinstance(target.slice, ast.Slice) else ():
                setattr(target.slice, child[0], self.visit(child[1]) if child[1] is not None else None)
            if not isinstance(target.slice, ast.Slice):
                target.slice = self.visit(target.slice)

    def _assign_name(self, name: str, value: ast.expr) -> list[ast.stmt]:
        """The coercion that this name asks for."""
        target = ast.Name(name, ast.Store())
        if self.names is None:
            settled = helper("settle", value) if name in self.state else value
            return [ast.Assign([target], settled)]
        if name in self.names.outer:
            annotation = self.module.annotations.get(name)
            kind = unquoted(annotation) if annotation is not None else ast.Constant(None)
            return [ast.Assign([target], helper("store", load(name), kind, value))]
        if name in self.names.annotations:
            return [ast.Assign([target], helper("convert", unquoted(self.names.annotations[name]), value))]
        if self.names.writes[name] == 1:
            return [ast.Assign([target], helper("settle", value))]
        both: list[ast.expr] = [ast.Name(slot(name), ast.Store()), target]
        return [ast.Assign(both, helper("like", value, load(slot(name))))]

    def _temporary(self) -> str:
        self.temporaries += 1
        return f"__part{self.temporaries}__"

    @staticmethod
    def _located(made: list[ast.stmt], node: ast.stmt) -> list[ast.stmt]:
        for statement in made:
            ast.copy_location(statement, node)
            ast.fix_missing_locations(statement)
        return made

    # --- loops --------------------------------------------------------------------------------------------------------

    def visit_For(self, node: ast.For) -> ast.AST:
        """Elements come from a helper, and are assigned to the target in the body."""
        name = self._temporary()
        node.iter = ast.copy_location(helper("iterate", self.visit(node.iter)), node.iter)
        first = self._located(self._assign(node.target, load(name)), node)
        node.target = ast.copy_location(ast.Name(name, ast.Store()), node.target)
        node.body = first + [new for item in node.body for new in self._as_list(self.visit(item))]
        node.orelse = [new for item in node.orelse for new in self._as_list(self.visit(item))]
        return node

    # --- expressions --------------------------------------------------------------------------------------------------

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        """A checked element or slice."""
        base = self.visit(node.value)
        if not isinstance(node.slice, ast.Slice):
            return ast.copy_location(helper("element", base, self.visit(node.slice)), node)
        bounds = [self.visit(b) if b is not None else ast.Constant(None) for b in (node.slice.lower, node.slice.upper)]
        return ast.copy_location(helper("part", base, *bounds), node)

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        """`.value` of an enumeration is an i64."""
        node.value = self.visit(node.value)
        if node.attr == "value" and isinstance(node.ctx, ast.Load):
            return ast.copy_location(helper("value_of", node.value), node)
        return node

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.AST:
        """An f-string as a value: it has a limit."""
        return ast.copy_location(helper("joined", *self._pieces(node)), node)

    def _pieces(self, node: ast.JoinedStr) -> list[ast.expr]:
        pieces: list[ast.expr] = []
        for item in node.values:
            if isinstance(item, ast.FormattedValue):
                spec = item.format_spec if item.format_spec is not None else ast.Constant("")
                pieces.append(ast.copy_location(helper("formatted", self.visit(item.value), spec), item))
            else:
                pieces.append(item)
        return pieces

    def _printed(self, node: ast.expr) -> ast.expr:
        if isinstance(node, ast.JoinedStr):
            return ast.copy_location(helper("unlimited", *self._pieces(node)), node)
        visited = self.visit(node)
        assert isinstance(visited, ast.expr)
        return visited

    def visit_MatchValue(self, node: ast.MatchValue) -> ast.AST:
        """Patterns stay as they are: they hold constants."""
        return node

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        """`in` looks for bytes in texts."""
        self.generic_visit(node)
        if len(node.ops) == 1 and isinstance(node.ops[0], (ast.In, ast.NotIn)):
            found = helper("contains", node.left, node.comparators[0])
            whole: ast.expr = ast.UnaryOp(ast.Not(), found) if isinstance(node.ops[0], ast.NotIn) else found
            return ast.copy_location(whole, node)
        return node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        """Calls of built-in functions, and methods of texts."""
        match node.func, node.args:
            case ast.Name("print"), _:
                node.args = [self._printed(argument) for argument in node.args]
                return node
            case ast.Name("ord"), [ast.Constant(str(text))] if len(text) == 1:
                return ast.copy_location(ast.Constant(ord(text)), node)
            case ast.Name("len"), [ast.Constant(str() | bytes() as data)]:
                return ast.copy_location(ast.Constant(len(data.encode() if isinstance(data, str) else data)), node)
            case ast.Name(name), _ if name in CALLS:
                node.func = ast.copy_location(ast.Attribute(load(GUEST), CALLS[name], ast.Load()), node.func)
            case ast.Attribute(_, name), _ if name in METHODS:
                receiver = ast.Call(node.func, node.args, node.keywords)
                self.generic_visit(receiver)
                assert isinstance(receiver.func, ast.Attribute)
                method = helper("method", receiver.func.value, ast.Constant(name))
                return ast.copy_location(ast.Call(method, receiver.args, receiver.keywords), node)
        self.generic_visit(node)
        return node


def slot(name: str) -> str:
    """The hidden variable beside a local variable that keeps its type."""
    return f"__type_of_{name}__"


def names_in(annotation: ast.expr) -> set[str]:
    """The names that an annotation mentions, quoted or not."""
    return {node.id for node in ast.walk(unquoted(annotation)) if isinstance(node, ast.Name)}
