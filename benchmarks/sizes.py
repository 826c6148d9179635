"""How large the kernel is: lines of its sources by kind, bytes of its image by section."""

import ast
from collections import Counter
from io import BytesIO
from pathlib import Path

from elftools.elf.elffile import ELFFile

TRACE = ".trace"
CODE, IMPORT, DOCSTRING, COMMENT, BLANK = "code", "import", "docstring", "comment", "blank"


def count_lines(folder: Path) -> Counter[str]:
    """Physical lines of the Python files right in a folder, by kind."""
    kinds: Counter[str] = Counter()
    for file in sorted(folder.glob("*.py")):
        kinds.update(kinds_of_lines(file.read_text(encoding="utf-8")))
    return kinds


def kinds_of_lines(source: str) -> list[str]:
    """What each line is. A line with code and a comment is code; blank lines inside a docstring belong to it."""
    kinds = [kind_of(line.strip()) for line in source.splitlines()]
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            set_kind(kinds, node, IMPORT)
        elif isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node) is not None:
            set_kind(kinds, node.body[0], DOCSTRING)
    return kinds


def kind_of(line: str) -> str:
    """A line by itself."""
    if not line:
        return BLANK
    return COMMENT if line.startswith("#") else CODE


def set_kind(kinds: list[str], node: ast.stmt, kind: str) -> None:
    """All lines of a statement."""
    last = node.end_lineno or node.lineno
    kinds[node.lineno - 1 : last] = [kind] * (last - node.lineno + 1)


def section_bytes(elf: bytes) -> tuple[int, int]:
    """What is loaded of an image: code, constants and data (zeros included); and the trace table."""
    loaded, trace = 0, 0
    for section in ELFFile(BytesIO(elf)).iter_sections():
        if section["sh_flags"] & 2:             # SHF_ALLOC
            if section.name == TRACE:
                trace += section["sh_size"]
            else:
                loaded += section["sh_size"]
    return loaded, trace
