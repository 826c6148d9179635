"""Statements: assignments, conditions, loops, errors; and which variables surely have a value after each."""

from __future__ import annotations

import ast

from atoll.compiler.check.loops import Loops
from atoll.compiler.errors import Refused, shown
from atoll.compiler.symbols import ErrorDecl, GlobalVariable
from atoll.compiler.tree import (
    Assert,
    Block,
    Call,
    CallValue,
    Constant,
    Evaluate,
    Expression,
    FormattedText,
    Handler,
    If,
    Intrinsic,
    LocalVariable,
    Make,
    Print,
    Raise,
    Return,
    Statement,
    Try,
)
from atoll.compiler.types import NEVER, TEXT, VOID, ErrorType, OptionalType

_REFUSED: dict[type[ast.AST], tuple[str, str]] = {
    ast.FunctionDef: ("a function inside a function is not supported", "move it to the module level"),
    ast.AsyncFunctionDef: ("async functions are not supported", "write a loop that receives messages"),
    ast.ClassDef: ("a class inside a function is not supported", "move it to the module level"),
    ast.With: ("with is not supported", "write try: ... finally: ..."),
    ast.AsyncWith: ("with is not supported", "write try: ... finally: ..."),
    ast.AsyncFor: ("async functions are not supported", "write a loop that receives messages"),
    ast.Delete: ("del is not supported", "storage ends with the function"),
    ast.TryStar: ("except* is not supported", "write except"),
    ast.Nonlocal: ("nonlocal is not supported", "there are no functions inside functions"),
    ast.Import: ("an import inside a function is not supported", "move it to the top of the module"),
    ast.ImportFrom: ("an import inside a function is not supported", "move it to the top of the module"),
}


class Statements(Loops):
    """The layer that checks statements."""

    def block(self, nodes: list[ast.stmt]) -> list[Statement]:
        """Check statements in a row; a refused one does not stop the rest."""
        result: list[Statement] = []
        for node in nodes:
            try:
                result.append(self.statement(node))
            except Refused:
                self._poison(node)
                if isinstance(node, ast.Return | ast.Raise):
                    self.assigned = None
        return result

    def _poison(self, node: ast.stmt) -> None:
        """The variables that a refused statement would have made get no messages of their own."""
        for part in ast.walk(node):
            if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store):
                if part.id not in self.locals:
                    self.poisoned.add(part.id)
                elif self.assigned is not None:
                    self.assigned.add(part.id)

    def statement(self, node: ast.stmt) -> Statement:
        """Check one statement."""
        match node:
            case ast.Expr():
                return self._evaluate(node)
            case ast.Assign() | ast.AnnAssign() | ast.AugAssign():
                return self.assignment(node)
            case ast.If():
                return self._if(node)
            case ast.While():
                return self.while_loop(node)
            case ast.For():
                return self.for_loop(node)
            case ast.Match():
                return self.match_statement(node)
            case ast.Return():
                return self._return(node)
            case ast.Break() | ast.Continue():
                return self.leave_loop(node)
            case ast.Pass():
                return Block(self.at(node), [])
            case ast.Global():
                return self._global(node)
            case ast.Assert():
                return self._assert(node)
            case ast.Raise():
                return self._raise(node)
            case ast.Try():
                return self._try(node)
        message, advice = _REFUSED.get(type(node), (f"{type(node).__name__} is not supported", ""))
        raise self.refuse(node, message, advice)

    def _evaluate(self, node: ast.Expr) -> Statement:
        match node.value:
            case ast.Constant(value) if isinstance(value, str) or value is ...:
                return Block(self.at(node), [])
            case ast.Call(ast.Name("print")) as call if "print" not in self.locals and "print" not in self.module.names:
                return Print(self.at(node), self.print_parts(call))
        found = self.expression(node.value)
        if found.type not in (VOID, NEVER):
            found = self.settle(found, node)
        if found.type == NEVER:
            self.assigned = None
        elif not isinstance(found, Call) and not _may_act(found):
            self.report(node, "this value is computed and dropped", "assign it, or remove it")
        return Evaluate(self.at(node), found)

    def _global(self, node: ast.Global) -> Statement:
        for name in node.names:
            if not isinstance(self.module.names.get(name), GlobalVariable):
                self.report(node, f"{name} is no variable of this module", f"declare it at the top: {name}: u64 = 0")
            if name in self.locals:
                self.report(node, f"{name} is used before its global declaration", "write global first")
            self.global_names.add(name)
        return Block(self.at(node), [])

    def _if(self, node: ast.If) -> Statement:
        condition = self.condition(node.test)
        before = self.copy_assigned()
        body = self.block(node.body)
        after_body = self.assigned
        self.assigned = before
        orelse = self.block(node.orelse)
        if isinstance(condition, Constant):
            # `if DEBUG:` with a constant: only one way is taken.
            self.assigned = after_body if condition.value else self.assigned
        else:
            self.assigned = self.join(after_body, self.assigned)
        return If(self.at(node), condition, body, orelse)

    def _return(self, node: ast.Return) -> Statement:
        assert self.function is not None
        wanted = self.function.type.result
        if wanted == NEVER:
            raise self.refuse(node, "this function does not return", "its result is NoReturn")
        if node.value is None or (isinstance(node.value, ast.Constant) and node.value.value is None and wanted == VOID):
            if wanted != VOID and not isinstance(wanted, OptionalType):
                raise self.refuse(node, f"this function returns {wanted}", "return a value")
            self.assigned = None
            return Return(self.at(node), None if wanted == VOID else Constant(self.at(node), wanted, None))
        if wanted == VOID:
            raise self.refuse(node, "this function returns nothing", "write its result type after ->")
        value = self.coerce(self.expression(node.value, wanted), wanted, node.value)
        self.assigned = None
        return Return(self.at(node), value)

    def _assert(self, node: ast.Assert) -> Statement:
        condition = self.condition(node.test)
        text = None
        if node.msg is not None:
            text = self.coerce(self.expression(node.msg, TEXT), TEXT, node.msg)
        if isinstance(condition, Constant) and not condition.value:
            self.assigned = None
        return Assert(self.at(node), condition, text)

    # --- errors -------------------------------------------------------------------------------------------------------

    def error_class(self, node: ast.expr) -> ErrorDecl:
        """The error class that an expression names."""
        symbol, name = self.program.types.symbol(node, self.module)
        if isinstance(symbol, ErrorDecl):
            return symbol
        if symbol is None and isinstance(node, ast.Name) and name not in self.locals:
            raise self.refuse(node, f"{name} is not known here", self.similar(name))
        raise self.refuse(node, f"{shown(node)} is not an error class", "declare: class Name(Exception): ...")

    def _raise(self, node: ast.Raise) -> Statement:
        self_at = self.at(node)
        self.need_runtime(node)
        if node.exc is None:
            if not self.handlers:
                raise self.refuse(node, "a bare raise stands in an except block only", "name the error to raise")
            self.assigned = None
            return Raise(self_at, None)
        self._check_cause(node)
        call = node.exc if isinstance(node.exc, ast.Call) else ast.copy_location(ast.Call(node.exc, [], []), node.exc)
        bound = self.locals.get(node.exc.id) if isinstance(node.exc, ast.Name) else None
        if bound is not None and isinstance(bound.type, ErrorType):
            if not self.handlers or self.handlers[-1] is not bound:
                raise self.refuse(node, f"{bound.name} is not the error of this except block", "raise a new one")
            self.assigned = None
            return Raise(self_at, None)
        error = self.error_class(call.func)
        result = self._raised(error, call, node)
        self.assigned = None
        return result

    def _check_cause(self, node: ast.Raise) -> None:
        """`from e` and `from None` are accepted and say nothing: a traceback shows one error."""
        match node.cause:
            case None | ast.Constant(None):
                return
            case ast.Name(name) if name in self.locals and isinstance(self.locals[name].type, ErrorType):
                return
        raise self.refuse(node.cause, "the cause of an error is the error of an except block, or None")

    def _raised(self, error: ErrorDecl, call: ast.Call, node: ast.Raise) -> Raise:
        fields = self.program.error_fields(error)
        if not fields:
            if call.keywords or len(call.args) > 1:
                raise self.refuse(call, f"{error.name} takes one text", "declare its fields in the class")
            text = None
            if call.args:
                value = self.settle(self.expression(call.args[0], TEXT), call)
                if value.type != TEXT:
                    value = FormattedText(value.at, TEXT, self.format_parts(call.args[0]))
                text = value
            return Raise(self.at(node), error, text)
        given = self._bind(tuple(fields), call, error.name)
        words: list[Expression] = []
        text = None
        for name, field in fields.items():
            if name not in given:
                raise self.refuse(call, f"{error.name}() misses its field {name}", f"fields: {', '.join(fields)}")
            value = self.coerce(self.expression(given[name], field.type), field.type, given[name])
            if field.type == TEXT:
                text = value
            else:
                words.append(value)
        return Raise(self.at(node), error, text, words)

    def _try(self, node: ast.Try) -> Statement:
        self.need_runtime(node)
        before = self.copy_assigned()
        body = self.block(node.body)
        orelse = self.block(node.orelse)
        ends = [self.assigned]
        handlers = []
        for handler in node.handlers:
            # An error can come from anywhere in the body: only what had a value before it surely has one.
            self.assigned = set(before) if before is not None else None
            with self.recover():
                handlers.append(self._handler(handler))
            ends.append(self.assigned)
        after: set[str] | None = None
        for end in ends:
            after = self.join(after, end)
        self.assigned = set(before) if before is not None else None
        final = self.block(node.finalbody)
        if node.finalbody and self.assigned is None:
            after = None
        elif after is not None and self.assigned is not None:
            after = after | self.assigned
        self.assigned = after
        return Try(self.at(node), body, handlers, orelse, final)

    def _handler(self, node: ast.ExceptHandler) -> Handler:
        if node.type is None:
            errors = [self.program.errors["Exception"]]
        elif isinstance(node.type, ast.Tuple):
            errors = [self.error_class(e) for e in node.type.elts]
        else:
            errors = [self.error_class(node.type)]
        for error in errors:
            self.program.error_fields(error)
        variable: LocalVariable | None = None
        shadowed = self.locals.get(node.name) if node.name else None
        if node.name:
            bound = errors[0] if len(errors) == 1 else self.program.errors["Exception"]
            variable = self.variable(node.name, ErrorType(bound))
            if self.assigned is not None:
                self.assigned.add(node.name)
        self.handlers.append(variable)
        body = self.block(node.body)
        self.handlers.pop()
        if node.name:
            # As in Python, the name is gone after the handler.
            del self.locals[node.name]
            if shadowed is not None:
                self.locals[node.name] = shadowed
            if self.assigned is not None:
                self.assigned.discard(node.name)
        return Handler(self.at(node), errors, variable, body)


def _may_act(value: Expression) -> bool:
    """Whether evaluating it for nothing can make sense: something in it is called."""
    return any(isinstance(n, Call | CallValue | Intrinsic | Make) for n in value.walk())
