"""What the checker of one function knows: its module, its variables, which surely have a value here; how it refuses."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Self

from atoll.compiler.constants import literal_type
from atoll.compiler.errors import Location, Refused
from atoll.compiler.symbols import Module
from atoll.compiler.tree import Constant, Expression, Function, LocalVariable, Statement
from atoll.compiler.types import LITERAL, NEVER, VOID, Type

if TYPE_CHECKING:
    from atoll.compiler.program import Program, Substitution


class Scope:
    """The base of the checker's layers."""

    def __init__(self, program: Program, module: Module, substitution: Substitution, function: Function | None) -> None:
        self.program = program
        self.module = module
        self.substitution = substitution
        self.function = function
        self.locals: dict[str, LocalVariable] = {}
        self.global_names: set[str] = set()
        # Names that surely have a value at this point; None where control cannot come.
        self.assigned: set[str] | None = set()
        self.all_variables: list[LocalVariable] = []
        # For each surrounding loop: what had a value at each of its breaks.
        self.loops: list[list[set[str] | None]] = []
        # The except blocks around this statement, each with the name that it gives its error.
        self.handlers: list[LocalVariable | None] = []
        # Names that the function assigns to somewhere: locals everywhere in it, as in Python.
        self.own_names: set[str] = set()
        # Names whose first assignment was refused: not worth a second message.
        self.poisoned: set[str] = set()

    def outside(self, module: Module, substitution: Substitution) -> Self:
        """A checker for an expression outside any function: a default, or what a module variable begins with."""
        checker = type(self)(self.program, module, substitution, None)
        # Its temporaries are variables of the function that the value ends in.
        checker.all_variables = self.all_variables
        return checker

    def at(self, node: ast.AST) -> Location:
        """The location of a node."""
        return self.module.at(node)

    def refuse(self, node: ast.AST, message: str, advice: str = "") -> Refused:
        """Report, and give the exception to raise."""
        return self.program.reporter.refuse(self.at(node), message, advice)

    def report(self, node: ast.AST, message: str, advice: str = "") -> None:
        """Report and go on."""
        self.program.reporter.report(self.at(node), message, advice)

    def need_runtime(self, node: ast.AST) -> None:
        """Refuse what the run-time library does in code for the host, which has none."""
        if not self.program.has_runtime:
            raise self.refuse(node, "this needs the run-time library, which code for the host has not")

    @contextmanager
    def recover(self) -> Iterator[None]:
        """Go on after a refusal, so that the rest of the file is checked too."""
        try:
            yield
        except Refused:
            return

    def resolve(self, annotation: ast.expr) -> Type:
        """The type that an annotation in this function means."""
        return self.program.types.resolve(annotation, self.module, self.substitution)

    def temporary(self, type_: Type) -> LocalVariable:
        """A variable that the program cannot name."""
        variable = LocalVariable(f".{len(self.all_variables)}", type_)
        self.all_variables.append(variable)
        return variable

    def variable(self, name: str, type_: Type) -> LocalVariable:
        """A new local variable of the program."""
        variable = self.locals[name] = LocalVariable(name, type_)
        self.all_variables.append(variable)
        return variable

    # The layers above give these.
    def expression(self, node: ast.expr, expected: Type | None = None) -> Expression:
        """Check an expression; `expected` helps constants, `Array()` and the like to find their type."""
        raise AssertionError(node, expected)

    def value(self, node: ast.expr, expected: Type | None = None) -> Expression:
        """Check an expression that needs a type of its own: an integer constant becomes i64 (or u64)."""
        return self.settle(self.expression(node, expected), node)

    def settle(self, expression: Expression, node: ast.AST) -> Expression:
        """Give an integer constant its type if it met no neighbour; refuse what is no value."""
        if expression.type == NEVER or (expression.type == VOID and not isinstance(expression, Constant)):
            returns = "does not return" if expression.type == NEVER else "returns nothing"
            raise self.refuse(node, f"this call {returns}, and its value is used")
        if expression.type != LITERAL:
            return expression
        assert isinstance(expression, Constant) and isinstance(expression.value, int)
        type_ = literal_type(expression.value)
        if type_ is None:
            raise self.refuse(node, f"{expression.value} does not fit 64 bits", "no integer type is wider")
        return Constant(expression.at, type_, expression.value)

    def block(self, nodes: list[ast.stmt]) -> list[Statement]:
        """Check statements in a row."""
        raise AssertionError(nodes)

    def coerce(self, expression: Expression, wanted: Type, node: ast.AST) -> Expression:
        """Convert at an annotated point, or refuse."""
        raise AssertionError(expression, wanted, node)
