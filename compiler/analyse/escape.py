"""Escape analysis: no reference outlives the frame it points into. This is what guest Python has, not a collector.

Each expression of a reference type has *origins*: storage of this frame (a variable, or what made it), a parameter's
referent, or static storage (no origin). Each function has a summary: which parameters it may store where, and which it
may return. The summaries of a program are found together, until nothing changes. Flow-insensitive; contents are kept
for one level of storage, after Andersen's points-to analysis (1994), which is enough where storage is in place.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from atoll.compiler.analyse.origins import Origins
from atoll.compiler.analyse.reachable import called
from atoll.compiler.errors import Reporter
from atoll.compiler.tree import CallValue, Function, FunctionValue, Node
from atoll.compiler.types import FunctionType


@dataclass
class Summary:
    """What a function does with the references that it is given, by the numbers of analyse/origins.py."""

    stores: set[tuple[int, int]] = field(default_factory=set)  # (what, into what)
    returned: set[int] = field(default_factory=set)

    def size(self) -> int:
        """Grows as long as something new is found."""
        return len(self.stores) + len(self.returned)


class Escape:
    """The analysis of a whole program."""

    def __init__(self, functions: list[Function], reporter: Reporter) -> None:
        self.functions = functions
        self.reporter = reporter
        self.summaries: dict[Function, Summary] = defaultdict(Summary)
        # Functions that a value of a type may be.
        self.values: dict[FunctionType, list[Function]] = defaultdict(list)

    def run(self) -> None:
        """Find the summaries, then report what outlives its frame."""
        for function in self.functions:
            for statement in function.body:
                for node in statement.walk():
                    if isinstance(node, FunctionValue) and node.function not in self.values[node.function.type]:
                        self.values[node.function.type].append(node.function)
        callers = self._callers()
        waiting = dict.fromkeys(self.functions)
        while waiting:
            function = next(iter(waiting))
            del waiting[function]
            before = self.summaries[function].size()
            Origins(self, function).run()
            if self.summaries[function].size() != before:
                waiting.update(dict.fromkeys(callers[function]))
        for function in self.functions:
            Origins(self, function, report=True).run()

    def _callers(self) -> dict[Function, list[Function]]:
        found: dict[Function, list[Function]] = defaultdict(list)
        for function in self.functions:
            for statement in function.body:
                for callee in called(statement):
                    found[callee].append(function)
                for node in statement.walk():
                    if isinstance(node, CallValue) and isinstance(node.callee.type, FunctionType):
                        for callee in self.values[node.callee.type]:
                            found[callee].append(function)
        return found

    def refuse(self, node: Node, message: str, advice: str) -> None:
        """Report."""
        self.reporter.report(node.at, message, advice)
