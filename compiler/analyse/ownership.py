"""Ownership: which variables have storage for their structure or array, which only refer to one; who makes results.

A value is *fresh* if it is made where it stands (a constructor, `copy`, a call of a function that makes its result). A
variable that is only given fresh values owns storage; one that is only given others is another name. A mixture has no
meaning in place and is refused.
"""

from __future__ import annotations

from atoll.compiler.errors import Reporter
from atoll.compiler.tree import (
    Assign,
    Call,
    CallValue,
    Choice,
    Copy,
    Expression,
    Function,
    Let,
    Local,
    LocalVariable,
    Make,
    MakeArray,
    Node,
    Return,
)
from atoll.compiler.types import is_aggregate

_MIXED = "write copy(x) where it should be a structure of its own"


class Ownership:
    """Decides for all functions together, until nothing changes: results and variables depend on each other."""

    def __init__(self, functions: list[Function], reporter: Reporter) -> None:
        self.functions = functions
        self.reporter = reporter
        self.assigned: dict[LocalVariable, list[Assign | Let]] = {}
        self.returns: dict[Function, list[Return]] = {}

    def run(self) -> None:
        """Set `owns` of variables and `makes_result` of functions."""
        for function in self.functions:
            self.returns[function] = []
            for statement in function.body:
                self._collect(statement, function)
        changed = True
        while changed:
            changed = False
            for function in self.functions:
                changed |= self._results(function)
        for function in self.functions:
            self._settle(function)

    def _collect(self, node: Node, function: Function) -> None:
        if isinstance(node, Assign | Let) and isinstance(node.target, Local):
            self.assigned.setdefault(node.target.variable, []).append(node)
        elif isinstance(node, Return):
            self.returns[function].append(node)
        for child in node.children():
            self._collect(child, function)

    def fresh(self, value: Expression) -> bool:
        """Whether the structure or array is made here."""
        match value:
            case Make() | MakeArray() | Copy():
                return True
            case Call():
                return value.function.makes_result
            case CallValue():
                return False
            case Choice():
                return self.fresh(value.then) and self.fresh(value.other)
            case Let():
                return self.fresh(value.body)
            case _:
                return False

    def _owns(self, variable: LocalVariable) -> bool:
        if variable.parameter is not None or not is_aggregate(variable.type):
            return False
        values = self.assigned.get(variable, [])
        return bool(values) and all(self.fresh(v.value) for v in values)

    def _returns_own(self, value: Expression) -> bool:
        if isinstance(value, Local):
            return self._owns(value.variable)
        if isinstance(value, Choice):
            return self._returns_own(value.then) and self._returns_own(value.other)
        return self.fresh(value)

    def _results(self, function: Function) -> bool:
        """Whether it is now seen to make its result."""
        if function.makes_result or not is_aggregate(function.type.result):
            return False
        values = [r.value for r in self.returns[function] if r.value is not None]
        function.makes_result = bool(values) and all(map(self._returns_own, values))
        return function.makes_result

    def _settle(self, function: Function) -> None:
        for variable in function.variables:
            if not is_aggregate(variable.type):
                variable.owns = False
                continue
            variable.owns = self._owns(variable)
            values = self.assigned.get(variable, [])
            made = [v for v in values if self.fresh(v.value)]
            if made and not variable.owns:
                other = next((v for v in values if not self.fresh(v.value)), made[0])
                what = "a parameter" if variable.parameter is not None else "made here"
                self.reporter.report(
                    other.at, f"{variable.name} is {what} and also a name for another structure", _MIXED
                )
        if is_aggregate(function.type.result) and not function.makes_result:
            for place in self.returns[function]:
                if place.value is not None and self._returns_own(place.value):
                    self.reporter.report(
                        place.at,
                        f"{function.decl.name} returns a structure made here and, elsewhere, one that it was given",
                        _MIXED,
                    )
        if function.makes_result and function.address_taken:
            self.reporter.report(
                function.decl.module.at(function.decl.node),
                f"{function.decl.name} is used as a value and makes its result",
                "let it fill a structure that it is given",
            )
