"""What DWARF says about an image: for each piece of code the source line, and the functions that were inlined there.

Line programs give lines; entries of functions and inlined functions give nested address ranges, flattened here.
"""

import posixpath
from collections.abc import Iterator
from io import BytesIO
from typing import NamedTuple

from elftools.common.exceptions import DWARFError, ELFError
from elftools.dwarf.compileunit import CompileUnit
from elftools.dwarf.die import DIE
from elftools.dwarf.dwarfinfo import DWARFInfo
from elftools.dwarf.lineprogram import LineProgram
from elftools.dwarf.ranges import BaseAddressEntry
from elftools.elf.elffile import ELFFile


class DebugError(ValueError):
    """Debugging information that cannot be read."""


# How pyelftools meets a damaged file: by its own errors, by assertions, or by whatever a wrong number leads to.
DAMAGE = (
    ELFError,
    DWARFError,
    AssertionError,
    AttributeError,
    ArithmeticError,
    LookupError,
    RuntimeError,
    TypeError,
    ValueError,
)


class Scope(NamedTuple):
    """A function, or a place where one was inlined: then `caller` is the scope around it, called from file and line."""

    function: str
    file: str  # where the function begins; empty if not known
    line: int
    caller: "Scope | None" = None
    call_file: str = ""
    call_line: int = 0


class Piece(NamedTuple):
    """Code from `start` up to `end` that belongs to one line of one scope; line 0 is not known."""

    start: int
    end: int
    file: str
    line: int
    scope: Scope | None


class _Range(NamedTuple):
    start: int
    end: int
    scope: Scope


class _Row(NamedTuple):
    start: int
    end: int
    file: str
    line: int


def read_pieces(elf: bytes) -> list[Piece]:
    """All code of a linked image that has lines, sorted by address."""
    try:
        dwarf: DWARFInfo = ELFFile(BytesIO(elf)).get_dwarf_info()
        if not dwarf.has_debug_info:
            return []
        pieces = [piece for unit in dwarf.iter_CUs() for piece in _unit_pieces(dwarf, unit)]
    except DAMAGE as error:
        raise DebugError(f"the debugging information is damaged: {error}") from error
    return sorted(pieces, key=lambda piece: piece.start)


def _unit_pieces(dwarf: DWARFInfo, unit: CompileUnit) -> Iterator[Piece]:
    program = dwarf.line_program_for_CU(unit)
    if program is None:
        return
    files = _file_names(program, unit)
    ranges = _flatten(list(_scopes(dwarf, unit, unit.get_top_DIE(), files, None)))
    yield from _join(_rows(program, files), ranges)


# ---- lines ----
def _file_names(program: LineProgram, unit: CompileUnit) -> dict[int, str]:
    """Names by the numbers that the unit uses, from 0 since DWARF 5, from 1 before; directory 0 is the compiler's.

    Relative directories are taken as they are, not as below the compiler's: so a file is named as its author named it.
    """
    first = 0 if program["version"] >= 5 else 1
    directories = [name.decode() for name in program["include_directory"]]
    if first == 1:
        compiler = unit.get_top_DIE().attributes.get("DW_AT_comp_dir")
        directories.insert(0, compiler.value.decode() if compiler else "")
    names = {}
    for number, entry in enumerate(program["file_entry"], first):
        directory = directories[entry["dir_index"]]
        names[number] = posixpath.join("" if directory == "." else directory, entry.name.decode())
    return names


def _rows(program: LineProgram, files: dict[int, str]) -> list[_Row]:
    """The line table, as stretches of code with one line each."""
    rows = []
    previous = None
    for entry in program.get_entries():
        state = entry.state
        if state is None:
            continue
        if previous is not None and state.address > previous.address:
            rows.append(_Row(previous.address, state.address, files.get(previous.file, ""), previous.line))
        previous = None if state.end_sequence else state
    return sorted(rows)


# ---- functions ----
def _scopes(
    dwarf: DWARFInfo, unit: CompileUnit, die: DIE, files: dict[int, str], around: Scope | None
) -> Iterator[_Range]:
    """Address ranges of all functions and inlined functions below an entry, outer ones first."""
    for child in die.iter_children():
        scope = around
        if child.tag == "DW_TAG_subprogram":
            scope = Scope(*_declaration(child, files))
        elif child.tag == "DW_TAG_inlined_subroutine":
            call_file = files.get(_number(child, "DW_AT_call_file"), "")
            scope = Scope(*_declaration(child, files), around, call_file, _number(child, "DW_AT_call_line"))
        elif child.tag != "DW_TAG_lexical_block":
            continue
        if scope is not None and scope is not around:
            for start, end in _addresses(dwarf, unit, child):
                yield _Range(start, end, scope)
        yield from _scopes(dwarf, unit, child, files, scope)


def _declaration(die: DIE, files: dict[int, str]) -> tuple[str, str, int]:
    """Name, file and line of a function; they may be in the entry that this one is an instance of."""
    while "DW_AT_abstract_origin" in die.attributes or "DW_AT_specification" in die.attributes:
        origin = "DW_AT_abstract_origin" if "DW_AT_abstract_origin" in die.attributes else "DW_AT_specification"
        die = die.get_DIE_from_attribute(origin)
    name = die.attributes.get("DW_AT_name")
    file = files.get(_number(die, "DW_AT_decl_file"), "") if "DW_AT_decl_file" in die.attributes else ""
    return name.value.decode() if name else "?", file, _number(die, "DW_AT_decl_line")


def _number(die: DIE, attribute: str) -> int:
    found = die.attributes.get(attribute)
    return int(found.value) if found else 0


def _addresses(dwarf: DWARFInfo, unit: CompileUnit, die: DIE) -> Iterator[tuple[int, int]]:
    if "DW_AT_low_pc" in die.attributes and "DW_AT_high_pc" in die.attributes:
        start, high = die.attributes["DW_AT_low_pc"].value, die.attributes["DW_AT_high_pc"]
        yield start, high.value if high.form == "DW_FORM_addr" else start + high.value
    elif "DW_AT_ranges" in die.attributes:
        lists = dwarf.range_lists()
        low = unit.get_top_DIE().attributes.get("DW_AT_low_pc")
        base = low.value if low else 0
        for entry in lists.get_range_list_at_offset(die.attributes["DW_AT_ranges"].value, cu=unit) if lists else []:
            if isinstance(entry, BaseAddressEntry):
                base = entry.base_address
            else:
                offset = 0 if entry.is_absolute else base
                yield offset + entry.begin_offset, offset + entry.end_offset


def _flatten(ranges: list[_Range]) -> list[_Range]:
    """Nested ranges as ranges side by side: each address belongs to the innermost one that holds it."""
    ordered = sorted(ranges, key=lambda item: (item.start, -item.end))
    flat: list[_Range] = []
    open_ranges: list[_Range] = []
    position = 0

    def close_until(address: int) -> None:
        nonlocal position
        while open_ranges and open_ranges[-1].end <= address:
            inner = open_ranges.pop()
            if inner.end > position:
                flat.append(_Range(position, inner.end, inner.scope))
                position = inner.end

    for item in ordered:
        close_until(item.start)
        if open_ranges and item.start > position:
            flat.append(_Range(position, item.start, open_ranges[-1].scope))
        position = max(position, item.start)
        open_ranges.append(item)
    close_until(1 << 64)
    return flat


def _join(rows: list[_Row], ranges: list[_Range]) -> Iterator[Piece]:
    """Lines and functions together. Code without a line keeps the line before it in the same function."""
    index = 0
    last_line: dict[Scope, tuple[str, int]] = {}
    for row in rows:
        position = row.start
        while index < len(ranges) and ranges[index].end <= position:
            index += 1
        look = index
        while position < row.end:
            current = ranges[look] if look < len(ranges) else None
            if current is None or current.start >= row.end:
                yield Piece(position, row.end, row.file, row.line, None)
                break
            if current.start > position:
                yield Piece(position, current.start, row.file, row.line, None)
                position = current.start
            end = min(current.end, row.end)
            scope = current.scope
            file, line = (
                (row.file, row.line) if row.line else last_line.get(scope, (scope.file or row.file, scope.line))
            )
            last_line[scope] = (file, line)
            yield Piece(position, end, file, line, scope)
            position = end
            look += 1
