"""Diagnostics: one way to refuse a construct. Each names the place, shows the line with a caret, says what to write."""

from __future__ import annotations

import ast
import unicodedata
from dataclasses import dataclass, field

# The end of a construct that goes on in the next line: the caret then marks the rest of the first.
REST_OF_LINE = 1 << 30
_LONGEST_SHOWN = 60


@dataclass(frozen=True, order=True)
class Location:
    """A place in a source file; `line` counts from 1 (0: the whole file), `column` from 0."""

    file: str
    line: int
    column: int = 0
    end_column: int = 0

    @staticmethod
    def of(file: str, node: ast.AST) -> Location:
        """Where `node` stands; of functions and classes the name is marked, of others no more than the first line."""
        line = getattr(node, "lineno", 1)
        column = getattr(node, "col_offset", 0)
        end = getattr(node, "end_col_offset", column)
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            end = column + len("def " if isinstance(node, ast.FunctionDef) else "class ") + len(node.name.encode())
        elif getattr(node, "end_lineno", line) != line:
            end = REST_OF_LINE
        return Location(file, line, column, end)


@dataclass(frozen=True, order=True)
class Diagnostic:
    """One refusal: what is wrong (`message`) and what to write instead (`advice`, may be empty)."""

    location: Location
    message: str
    advice: str = ""
    source: str = ""

    def __str__(self) -> str:
        place = self.location
        # Columns count UTF-8 bytes in CPython's tree; people and carets count characters.
        column = len(self.source.encode(errors="replace")[: place.column].decode(errors="replace"))
        where = f"{place.file}:{place.line}:{column + 1}" if place.line else place.file
        text = f"{where}: error: {self.message}"
        if self.source.strip():
            line = self.source.encode(errors="replace")
            before = line[: place.column].decode(errors="replace")
            marked = line[place.column : max(place.end_column, place.column + 1)].decode(errors="replace").rstrip()
            lead = "".join("\t" if c == "\t" else " " * _width(c) for c in before)
            text += f"\n    {self.source}\n    {lead}{'^' * max(1, sum(map(_width, marked)))}"
        if self.advice:
            text += f"\n    help: {self.advice}"
        return text


def _width(character: str) -> int:
    """How many columns a terminal gives a character."""
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def shown(node: ast.AST) -> str:
    """An expression as a message shows it, cut if it is long."""
    try:
        text = " ".join(ast.unparse(node).split())
    except RecursionError:
        return "this"
    return text if len(text) <= _LONGEST_SHOWN else text[: _LONGEST_SHOWN - 3] + "..."


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
