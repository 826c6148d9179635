"""Diagnostics: one way to refuse a construct. Each names the place, shows the line with a caret, says what to write."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field


@dataclass(frozen=True, order=True)
class Location:
    """A place in a source file; `line` counts from 1, `column` from 0."""

    file: str
    line: int
    column: int = 0
    end_column: int = 0

    @staticmethod
    def of(file: str, node: ast.AST) -> Location:
        """Where `node` stands; its end is kept only if it is on the same line."""
        line = getattr(node, "lineno", 1)
        column = getattr(node, "col_offset", 0)
        same_line = getattr(node, "end_lineno", line) == line
        return Location(file, line, column, getattr(node, "end_col_offset", column) if same_line else column)


@dataclass(frozen=True, order=True)
class Diagnostic:
    """One refusal: what is wrong (`message`) and what to write instead (`advice`, may be empty)."""

    location: Location
    message: str
    advice: str = ""
    source: str = ""

    def __str__(self) -> str:
        place = self.location
        text = f"{place.file}:{place.line}:{place.column + 1}: error: {self.message}"
        if self.source.strip():
            # Columns count UTF-8 bytes in CPython's tree; the caret must count characters.
            before = self.source.encode()[: place.column].decode(errors="replace")
            marked = self.source.encode()[place.column : max(place.end_column, place.column + 1)].decode(
                errors="replace"
            )
            lead = "".join("\t" if c == "\t" else " " for c in before)
            text += f"\n    {self.source}\n    {lead}{'^' * max(1, len(marked.rstrip()))}"
        if self.advice:
            text += f"\n    help: {self.advice}"
        return text


class CompileError(Exception):
    """The program was refused; `str()` of it is the full text for the user, all errors of it in order."""

    def __init__(self, diagnostics: list[Diagnostic] | str) -> None:
        self.diagnostics = diagnostics if isinstance(diagnostics, list) else []
        if isinstance(diagnostics, str):
            super().__init__(diagnostics)
            return
        count = len(self.diagnostics)
        tail = f"{count} error{'s' if count != 1 else ''}"
        super().__init__("\n".join([*(str(d) for d in self.diagnostics), tail]))


class Refused(Exception):
    """Raised inside the compiler to leave a construct that was reported already."""


@dataclass
class Reporter:
    """Collects the diagnostics of a compilation; the same one is kept once (a generic is checked several times)."""

    lines: dict[str, list[str]] = field(default_factory=dict)
    found: dict[Diagnostic, None] = field(default_factory=dict)

    def report(self, location: Location, message: str, advice: str = "") -> None:
        """Note an error at `location` and go on."""
        lines = self.lines.get(location.file, [])
        source = lines[location.line - 1] if 0 < location.line <= len(lines) else ""
        self.found[Diagnostic(location, message, advice, source.rstrip("\n"))] = None

    def refuse(self, location: Location, message: str, advice: str = "") -> Refused:
        """Note an error and give the exception to raise: `raise reporter.refuse(...)`."""
        self.report(location, message, advice)
        return Refused(message)

    def finish(self) -> None:
        """Raise CompileError if anything was reported."""
        if self.found:
            raise CompileError(sorted(self.found))
