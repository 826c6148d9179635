"""A function's body, checked for one use of it; and constant expressions outside functions."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from atoll.compiler.check.statements import Statements
from atoll.compiler.errors import Refused
from atoll.compiler.symbols import GlobalVariable, Module
from atoll.compiler.tree import Assign, Function, Global, LocalVariable, Statement
from atoll.compiler.types import NEVER, VOID

if TYPE_CHECKING:
    from atoll.compiler.program import Program, Substitution


class Checker(Statements):
    """All layers together."""


def constant_checker(program: Program, module: Module, substitution: Substitution) -> Checker:
    """A checker for expressions that stand outside any function."""
    return Checker(program, module, substitution, None)


def check_function(program: Program, function: Function) -> None:
    """Fill in `function`'s parameters and body; errors are reported."""
    decl = function.decl
    checker = Checker(program, decl.module, program.substitutions[function], function)
    checker.assigned = set()
    names = [a.arg for a in decl.node.args.args]
    for position, (name, type_) in enumerate(zip(names, function.type.parameters, strict=True)):
        variable = LocalVariable(name, type_, position)
        checker.locals[name] = variable
        checker.all_variables.append(variable)
        checker.assigned.add(name)
        function.parameters.append(variable)
    function.variables = checker.all_variables
    _check_defaults(program, function, checker)
    if decl.is_assembly or decl.external is not None:
        return
    checker.own_names = _stored_names(decl.node)
    function.body = checker.block(decl.node.body)
    if checker.assigned is not None and function.type.result != VOID:
        result = function.type.result
        message = f"function {decl.name} may end without returning its {result}"
        if result == NEVER:
            message = f"function {decl.name} may return, though its result is NoReturn"
        program.reporter.report(decl.module.at(decl.node), message, "end every way with return or raise"
                                if result != NEVER else "end every way with raise or an endless loop")  # fmt: skip


def _check_defaults(program: Program, function: Function, checker: Checker) -> None:
    """Defaults are evaluated where they are needed; here only what is wrong with them is found."""
    decl = function.decl
    signature_names = [a.arg for a in decl.node.args.args]
    defaults = decl.node.args.defaults
    types = function.type.parameters[len(signature_names) - len(defaults) :]
    for node, type_ in zip(defaults, types, strict=True):
        with checker.recover():
            checker.default(node, type_, decl.module, program.substitutions[function])


def _stored_names(node: ast.FunctionDef) -> set[str]:
    """The names that a function assigns to, other than module variables."""
    found: set[str] = set()
    others: set[str] = set()
    for part in ast.walk(node):
        match part:
            case ast.Name(name, ast.Store()) | ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)):
                found.add(name)
            case ast.Global(names):
                others.update(names)
    return found - others


def check_initialiser(program: Program, module: Module) -> list[Statement]:
    """The assignments that give a module's state its first values."""
    statements: list[Statement] = []
    for symbol in module.names.values():
        if not isinstance(symbol, GlobalVariable) or symbol.module is not module or symbol not in program.globals:
            continue
        checker = constant_checker(program, module, {})
        try:
            type_ = checker.global_type(symbol)
            value = checker.coerce(checker.expression(symbol.node, type_), type_, symbol.node)
        except Refused:
            continue
        at = module.at(symbol.node)
        statements.append(Assign(at, Global(at, type_, symbol), value))
    return statements

