"""Escape analysis (to come)."""
from __future__ import annotations
from atoll.compiler.errors import Reporter
from atoll.compiler.tree import Function


class Escape:
    def __init__(self, functions: list[Function], reporter: Reporter) -> None: ...
    def run(self) -> None: ...
