"""From an interface's class to its description; what it cannot have is reported with what to write instead."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator

from atoll.abi.interfaces import FIRST_ERROR, MAX_SCALARS, RANGE
from atoll.compiler.errors import shown
from atoll.compiler.interfaces.description import Error, Interface, Item, Kind, Method
from atoll.compiler.interfaces.kinds import Kinds, Refusal
from atoll.compiler.interfaces.names import HANDLE, Defined, Known, Names
from atoll.compiler.modules import INTERFACE

_TOO_MANY = "put them into a structure"
_LONG_RESULT = "take the caller's buffer, a parameter of type Slice[u8], and return how many bytes (u64)"
_RESERVED = ("dispatch", "notified", "last_handle", "other_message", "export_state", "import_state", "fail", "handle")

Report = Callable[[ast.AST, str, str], None]


class Reader:
    """Reads interfaces, and the signatures of those who implement them."""

    def __init__(self, names: Names) -> None:
        self.names = names
        self.kinds = Kinds(names)

    def read(self, found: Defined, report: Report) -> Interface:
        """The interface that a class declares, without what was reported."""
        node = found.node
        assert isinstance(node, ast.ClassDef)
        if len(node.bases) != 1 or node.decorator_list:
            report(node, f"interface {node.name} derives from Interface alone", "a server may derive from several")
        base = self._base(found, node, report)
        errors = self._errors(found, node, base, report)
        methods = [self._method(found.module, item, base + i, report) for i, item in enumerate(_methods(node, report))]
        if len(methods) > FIRST_ERROR:
            report(node, f"interface {node.name} has more than {FIRST_ERROR} methods", "make two interfaces of it")
        seen: set[str] = set()
        for method, item in zip(methods, _methods(node, _silent), strict=True):
            if method.name in seen:
                report(item, f"{method.name} is declared twice in class {node.name}", "give it another name")
            seen.add(method.name)
        doc = ast.get_docstring(node) or ""
        return Interface(
            node.name, found.module, base, tuple(methods), tuple(errors), doc, node.lineno, node.col_offset
        )

    def _base(self, found: Defined, node: ast.ClassDef, report: Report) -> int:
        value: int | None = None
        for keyword in node.keywords:
            if keyword.arg == "messages":
                value = self.names.integer(found.module, keyword.value)
            elif keyword.arg != "errors":
                report(keyword, f"an interface has no {keyword.arg}", "messages= and errors= are all")
        if value is None or value <= 0 or value % RANGE or value >> 32:
            advice = f"write class {node.name}(Interface, messages=0x1200), a multiple of {RANGE:#x}"
            report(node, f"interface {node.name} has no range of message numbers", advice)
            return 0
        return value

    # --- errors -------------------------------------------------------------------------------------------------------

    def _errors(self, found: Defined, node: ast.ClassDef, base: int, report: Report) -> Iterator[Error]:
        written = next((k.value for k in node.keywords if k.arg == "errors"), ast.Tuple([]))
        if not isinstance(written, ast.Tuple):
            report(written, "errors are a tuple of classes", f"write errors=({shown(written)},)")
            return
        if len(written.elts) > RANGE - FIRST_ERROR:
            report(written, f"an interface has at most {RANGE - FIRST_ERROR} errors", "make two interfaces of it")
        for place, part in enumerate(written.elts):
            class_ = self.names.find(found.module, part)
            depth = self._depth(class_)
            if not isinstance(class_, Defined) or not isinstance(class_.node, ast.ClassDef) or depth is None:
                advice = f"declare it: class {shown(part)}(ServiceError)"
                report(part, f"{shown(part)} is no error of services", advice)
                continue
            fields = tuple(self._fields(class_, report, part))
            if sum(item.kind is not Kind.TEXT for item in fields) > MAX_SCALARS:
                report(part, f"{shown(part)} has more than {MAX_SCALARS} numbers", "leave some out, or say it as text")
            doc = ast.get_docstring(class_.node) or ""
            yield Error(class_.node.name, base + FIRST_ERROR + place, fields, ast.unparse(part), depth, doc)

    def _depth(self, found: Known | Defined | None, depth: int = 0) -> int | None:
        """How many classes an error derives from; None if ServiceError is not among them."""
        if not isinstance(found, Defined) or not isinstance(found.node, ast.ClassDef) or depth > RANGE:
            return None
        if found.module == INTERFACE and found.node.name == "ServiceError":
            return depth or None
        bases = self.names.bases(found)
        return self._depth(bases[0], depth + 1) if len(bases) == 1 else None

    def _fields(self, found: Known | Defined | None, report: Report, place: ast.AST) -> Iterator[Item]:
        """The fields of an error, its bases' first."""
        if not isinstance(found, Defined) or not isinstance(found.node, ast.ClassDef):
            return
        for base in self.names.bases(found):
            yield from self._fields(base, report, place)
        for part in found.node.body:
            if isinstance(part, ast.AnnAssign) and isinstance(part.target, ast.Name):
                item = self._item(found.module, part.target.id, part.annotation, _silent)
                if item is None or item.kind not in (Kind.INTEGER, Kind.BOOL, Kind.TEXT):
                    report(place, f"field {part.target.id} of this error cannot be sent", "use numbers and one Text")
                else:
                    yield item

    # --- methods ------------------------------------------------------------------------------------------------------

    def _method(self, module: str, node: ast.FunctionDef, number: int, report: Report) -> Method:
        if node.name.startswith(("_", "reply_", "fail_")) or node.name in _RESERVED:
            report(node, f"a method cannot be called {node.name}", "stubs use that name: choose another")
        if not _is_empty(node.body):
            advice = "leave its docstring, or write ..."
            report(node.body[-1], f"the compiler writes the body of {node.name}", advice)
        is_idempotent = False
        for decorator in node.decorator_list:
            if ast.unparse(decorator).rpartition(".")[2] == "idempotent":
                is_idempotent = True
            else:
                report(decorator, f"decorator {shown(decorator)} is not supported here", "write @idempotent")
        method = self.signature(module, node, number, is_idempotent, report)
        if is_idempotent and method.handle() is not None:
            advice = "leave @idempotent out: the handle is gone with the first try"
            report(node, f"{node.name} moves a handle and cannot be repeated", advice)
        self._check(method, node, report)
        return method

    def _check(self, method: Method, node: ast.FunctionDef, report: Report) -> None:
        """The limits of a message."""
        parameters, results = method.parameters, method.results
        if len(method.words()) > MAX_SCALARS:
            report(node, f"{node.name} has more than {MAX_SCALARS} scalars as parameters", _TOO_MANY)
        if len(method.result_words()) > MAX_SCALARS:
            report(node, f"{node.name} has more than {MAX_SCALARS} scalars as result", _TOO_MANY)
        for items, what in ((parameters, "parameters"), (results, "result")):
            if sum(item.kind is Kind.HANDLE for item in items) > 1:
                report(node, f"{node.name} has more than one handle in its {what}", "pass the others by another call")
        if sum(item.kind is Kind.BUFFER for item in parameters) > 1:
            report(node, f"{node.name} has more than one buffer for the answer", "return one after the other")
        if method.buffer() and not (results and results[0].meaning == "u64"):
            report(node, f"{node.name} does not say how many bytes it gives", "write -> u64, or a tuple that begins so")
        if method.is_tuple and any(item.kind is Kind.HANDLE and item.meaning != HANDLE for item in results):
            report(node, f"{node.name} returns a handle in a tuple", "write Handle, of interface.py: its number")
        if method.result_structure() and (method.is_tuple or method.buffer()):
            report(node, f"{node.name} returns a structure and more", "put all of it into the structure")

    def signature(
        self, module: str, node: ast.FunctionDef, number: int, is_idempotent: bool, report: Report
    ) -> Method:
        """A method's parameters and result."""
        arguments = node.args
        plain = not (arguments.vararg or arguments.kwarg or arguments.kwonlyargs or arguments.posonlyargs)
        if not plain or arguments.defaults or not arguments.args or arguments.args[0].arg != "self":
            report(node, f"{node.name} takes self and plain parameters without defaults", "give all at each call")
        parameters = []
        for argument in arguments.args[1:]:
            if argument.arg.startswith("_"):
                report(argument, f"a parameter cannot be called {argument.arg}", "leave the _ out")
            if argument.annotation is None:
                report(argument, f"parameter {argument.arg} of {node.name} has no type", "write its type after :")
                continue
            item = self._item(module, argument.arg, argument.annotation, report)
            if item is not None:
                parameters.append(item)
        is_tuple, results = self._results(module, node, report)
        doc = ast.get_docstring(node) or ""
        return Method(
            node.name, number, tuple(parameters), tuple(results), is_tuple, is_idempotent, doc,
            node.lineno, node.col_offset,
        )  # fmt: skip

    def _results(self, module: str, node: ast.FunctionDef, report: Report) -> tuple[bool, list[Item]]:
        match node.returns:
            case None:
                report(node, f"{node.name} has no result type", "write -> None or the type")
                return False, []
            case ast.Constant(None):
                return False, []
            case ast.Subscript(ast.Name("tuple"), ast.Tuple(parts)):
                items = [self._result(module, part, report) for part in parts]
                return True, [item for item in items if item is not None]
            case written:
                item = self._result(module, written, report)
                return False, [item] if item is not None else []

    def _result(self, module: str, node: ast.expr, report: Report) -> Item | None:
        item = self._item(module, "", node, report)
        if item is not None and item.kind in (Kind.TEXT, Kind.BYTES, Kind.BUFFER):
            report(node, f"{shown(node)} as result has nowhere to be", _LONG_RESULT)
            return None
        return item

    def _item(self, module: str, name: str, node: ast.expr, report: Report) -> Item | None:
        try:
            return self.kinds.item(module, name, node)
        except Refusal as refusal:
            report(node, refusal.message, refusal.advice)
            return None


def _methods(node: ast.ClassDef, report: Report) -> Iterator[ast.FunctionDef]:
    for item in node.body:
        match item:
            case ast.FunctionDef():
                yield item
            case ast.Expr(ast.Constant()) | ast.Pass():
                pass
            case ast.AnnAssign():
                report(item, "an interface has no fields", "declare them in the server's class")
            case _:
                report(item, "an interface has only methods", "put it into the module or the server's class")


def _is_empty(body: list[ast.stmt]) -> bool:
    """Whether a body is a docstring, `...` or `pass`."""
    return all(isinstance(part, ast.Pass) or _is_constant(part) for part in body)


def _is_constant(part: ast.stmt) -> bool:
    return isinstance(part, ast.Expr) and isinstance(part.value, ast.Constant)


def _silent(_node: ast.AST, _message: str, _advice: str) -> None:
    pass
