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
    if decl.is_assembly or decl.external is not None:
        return
    function.body = checker.block(decl.node.body)
    if checker.assigned is not None and function.type.result not in (VOID, NEVER) and not _is_stub(decl.node):
        program.reporter.report(
            decl.module.at(decl.node),
            f"function {decl.name} may end without returning its {function.type.result}",
            "end every way with return or raise",
        )


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


def _is_stub(node: ast.FunctionDef) -> bool:
    return all(isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant) for s in node.body)
