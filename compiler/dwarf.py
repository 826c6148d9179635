"""DWARF for assembled functions: one compilation unit with one function and its lines, so that gdb sees them too.

Source: DWARF Debugging Information Format, version 4, sections 6.2 (line programs) and 7.5 (entries).
"""

import struct
from typing import NamedTuple

from atoll.compiler.objects import Relocation, Section, SectionType
from atoll.compiler.relocations import R


class LineTable(NamedTuple):
    """Where a function's instructions come from: `rows` are (offset in bytes, line), sorted by offset."""

    function: str
    file: str
    line: int  # where the function begins
    rows: list[tuple[int, int]]


def _attributes(*pairs: tuple[int, int]) -> bytes:
    return b"".join(bytes(pair) for pair in (*pairs, (0, 0)))


_STRING, _DATA2, _DATA4, _DATA8, _ADDRESS, _OFFSET, _PRESENT = 0x08, 0x05, 0x06, 0x07, 0x01, 0x17, 0x19
_NAME, _LANGUAGE, _LINES, _LOW, _HIGH, _EXTERNAL, _FILE, _LINE = 0x03, 0x13, 0x10, 0x11, 0x12, 0x3F, 0x3A, 0x3B
_ABBREVIATIONS = (
    bytes([1, 0x11, 1])  # DW_TAG_compile_unit, with children
    + _attributes((_NAME, _STRING), (_LANGUAGE, _DATA2), (_LINES, _OFFSET), (_LOW, _ADDRESS), (_HIGH, _DATA8))
    + bytes([2, 0x2E, 0])  # DW_TAG_subprogram
    + _attributes((_NAME, _STRING), (_EXTERNAL, _PRESENT), (_FILE, _DATA4), (_LINE, _DATA4))[:-2]
    + _attributes((_LOW, _ADDRESS), (_HIGH, _DATA8))
    + b"\0"
)
_ASSEMBLER = 0x8001  # DW_LANG_Mips_Assembler, what every assembler says
_OPCODE_LENGTHS = bytes([0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1])


def debug_sections(size: int, lines: LineTable, text_symbol: int) -> list[Section]:
    """.debug_abbrev, .debug_info and .debug_line of a function of `size` bytes.

    `text_symbol` numbers the section symbol of its code; those of these three sections follow it, in this order.
    """
    abbreviations = _section(".debug_abbrev", _ABBREVIATIONS, [])
    info = _info(size, lines, text_symbol)
    return [abbreviations, info, _line_program(size, lines, text_symbol)]


def _section(name: str, data: bytes, relocations: list[Relocation]) -> Section:
    return Section(name, SectionType.PROGBITS, 0, 1, data, len(data), relocations)


def _info(size: int, lines: LineTable, text: int) -> Section:
    abbreviations, line_program = text + 1, text + 3
    relocations = [Relocation(6, R.WORD32, abbreviations, 0)]
    data = bytearray(struct.pack("<IHIB", 0, 4, 0, 8))
    data += b"\x01" + lines.file.encode() + b"\0" + _ASSEMBLER.to_bytes(2, "little")
    relocations.append(Relocation(len(data), R.WORD32, line_program, 0))
    relocations.append(Relocation(len(data) + 4, R.WORD64, text, 0))
    data += struct.pack("<IQQ", 0, 0, size)
    data += b"\x02" + lines.function.encode() + b"\0" + struct.pack("<II", 1, lines.line)
    relocations.append(Relocation(len(data), R.WORD64, text, 0))
    data += struct.pack("<QQ", 0, size) + b"\0"
    data[:4] = (len(data) - 4).to_bytes(4, "little")
    return _section(".debug_info", bytes(data), relocations)


def _line_program(size: int, lines: LineTable, text: int) -> Section:
    header = bytes([1, 1, 1, 0xFB, 14, 13]) + _OPCODE_LENGTHS
    header += b"\0" + lines.file.encode() + b"\0" + bytes(3) + b"\0"
    data = bytearray(struct.pack("<IHI", 0, 4, len(header)) + header)
    data += bytes([0, 9, 2])  # DW_LNE_set_address
    relocations = [Relocation(len(data), R.WORD64, text, 0)]
    data += bytes(8)
    offset, line = 0, 1
    for row_offset, row_line in lines.rows:
        if row_line == line:
            continue
        data += b"\x02" + _unsigned(row_offset - offset) + b"\x03" + _signed(row_line - line) + b"\x01"
        offset, line = row_offset, row_line
    data += b"\x02" + _unsigned(size - offset) + bytes([0, 1, 1])  # DW_LNE_end_sequence
    data[:4] = (len(data) - 4).to_bytes(4, "little")
    return _section(".debug_line", bytes(data), relocations)


def _unsigned(value: int) -> bytes:
    """ULEB128."""
    data = bytearray()
    while value > 0x7F:
        data.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*data, value])


def _signed(value: int) -> bytes:
    """SLEB128."""
    data = bytearray()
    while not -0x40 <= value < 0x40:
        data.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*data, value & 0x7F])
