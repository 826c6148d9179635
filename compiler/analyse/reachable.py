"""Whole-program: the functions that an image's roots reach; the rest is dropped before it is lowered."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from atoll.compiler.tree import Call, Function, FunctionValue, Make, Node


def called(node: Node) -> Iterator[Function]:
    """The functions that a node and all below it name."""
    for part in node.walk():
        if isinstance(part, Call | FunctionValue):
            yield part.function
        elif isinstance(part, Make) and part.init is not None:
            yield part.init


def reachable(roots: Iterable[Function]) -> list[Function]:
    """The roots and all that they reach, in a stable order."""
    found: dict[Function, None] = {}
    waiting = list(roots)
    while waiting:
        function = waiting.pop()
        if function in found:
            continue
        found[function] = None
        for statement in function.body:
            waiting += called(statement)
    return list(found)
