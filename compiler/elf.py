"""ELF writer: an image as an executable file with program headers, section headers and a symbol table.

Source of the layouts: System V ABI, chapters "Object Files" and "Program Loading"; RISC-V ELF psABI.
"""

import struct
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from atoll.abi.trace import TRACE_SEGMENT
from atoll.compiler.objects import MACHINE_RISCV, Binding, Flag, Section, SectionType

PT_LOAD, PT_TLS, PT_GNU_STACK, PT_RISCV_ATTRIBUTES = 1, 7, 0x6474_E551, 0x7000_0003
PF_X, PF_W, PF_R = 1, 2, 4
_SHN_ABS = 0xFFF1
_HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
_PROGRAM = struct.Struct("<IIQQQQQQ")
_SECTION = struct.Struct("<IIQQQQIIQQ")
_SYMBOL = struct.Struct("<IBBHQQ")


@dataclass(eq=False)
class OutputSection:
    """A section of the image; `size` counts bytes in memory, `data` is empty for NOBITS."""

    name: str
    type: int
    flags: int
    align: int
    entry_size: int = 0
    address: int = 0
    size: int = 0
    data: bytearray = field(default_factory=bytearray)
    link: int = 0
    info: int = 0

    def append(self, section: Section) -> int:
        """Add an object's section; gives its offset."""
        self.align = max(self.align, section.align)
        self.pad(section.align)
        offset = self.size
        self.size += section.size
        if self.type != SectionType.NOBITS:
            self.data += section.data if section.type != SectionType.NOBITS else bytes(section.size)
        return offset

    def pad(self, boundary: int) -> None:
        """Add zeros up to a multiple of `boundary` bytes."""
        gap = -self.size % boundary
        self.size += gap
        if self.type != SectionType.NOBITS:
            self.data += bytes(gap)


class OutputSymbol(NamedTuple):
    """A symbol of the image; `section` None: a plain number."""

    name: str
    section: OutputSection | None
    value: int
    size: int
    binding: int
    type: int


class _Segment(NamedTuple):
    kind: int
    flags: int
    sections: list[OutputSection]


def write_elf(outputs: list[OutputSection], symbols: list[OutputSymbol], entry: int, flags: int, page: int) -> bytes:
    """The file. Loaded sections get file offsets that equal their addresses modulo a page."""
    outputs = [output for output in outputs if output.size]
    table, names = _symbol_table(symbols, outputs)
    section_names = OutputSection(".shstrtab", SectionType.STRTAB, 0, 1)
    everything = [*outputs, table, names, section_names]
    texts = _Strings()
    name_offsets = [texts.add(output.name) for output in everything]
    section_names.data, section_names.size = texts.data, len(texts.data)

    segments = _segments(outputs)
    body = bytearray(_HEADER.size + _PROGRAM.size * len(segments))
    offsets: dict[int, int] = {}
    for output in everything:
        boundary = page if output.flags & Flag.ALLOC else max(output.align, 1)
        wanted = output.address if output.flags & Flag.ALLOC else 0
        body += bytes((wanted - len(body)) % boundary)
        offsets[id(output)] = len(body)
        body += output.data
    body += bytes(-len(body) % 8)

    header = _HEADER.pack(
        *(b"\x7fELF\x02\x01\x01", 2, MACHINE_RISCV, 1, entry, _HEADER.size, len(body), flags, _HEADER.size),
        *(_PROGRAM.size, len(segments), _SECTION.size, len(everything) + 1, len(everything)),
    )
    programs = b"".join(_program_header(segment, offsets, page) for segment in segments)
    body[: len(header) + len(programs)] = header + programs
    body += bytes(_SECTION.size)
    for output, name in zip(everything, name_offsets, strict=True):
        body += _section_header(output, name, offsets[id(output)])
    return bytes(body)


def _segments(outputs: list[OutputSection]) -> list[_Segment]:
    """Neighbouring sections with the same rights are one segment; the trace table has its own."""
    segments: list[_Segment] = []
    for output in outputs:
        if not output.flags & Flag.ALLOC:
            continue
        rights = PF_R | (PF_W if output.flags & Flag.WRITE else 0) | (PF_X if output.flags & Flag.EXEC else 0)
        if segments and segments[-1].flags == rights and output.name != ".trace":
            segments[-1].sections.append(output)
        else:
            segments.append(_Segment(PT_LOAD, rights, [output]))
    extra = {".tdata": PT_TLS, ".trace": TRACE_SEGMENT, ".riscv.attributes": PT_RISCV_ATTRIBUTES}
    segments += [_Segment(extra[output.name], PF_R, [output]) for output in outputs if output.name in extra]
    return [*segments, _Segment(PT_GNU_STACK, PF_R | PF_W, [])]


def _program_header(segment: _Segment, offsets: dict[int, int], page: int) -> bytes:
    if not segment.sections:
        return _PROGRAM.pack(segment.kind, segment.flags, 0, 0, 0, 0, 0, 16)
    first, last = segment.sections[0], segment.sections[-1]
    memory = last.address + last.size - first.address
    stored = max((output.address + len(output.data) for output in segment.sections if output.data), default=0)
    stored = max(stored - first.address, 0)
    if not first.flags & Flag.ALLOC:
        memory = stored = first.size
    align = page if segment.kind == PT_LOAD else first.align
    return _PROGRAM.pack(
        segment.kind, segment.flags, offsets[id(first)], first.address, first.address, stored, memory, align
    )


def _section_header(output: OutputSection, name: int, offset: int) -> bytes:
    return _SECTION.pack(
        *(name, output.type, output.flags, output.address, offset, output.size),
        *(output.link, output.info, output.align, output.entry_size),
    )


def _symbol_table(symbols: Iterable[OutputSymbol], outputs: list[OutputSection]) -> tuple[OutputSection, OutputSection]:
    """.symtab, local symbols first as ELF wants it, and its .strtab."""
    numbers = {id(output): index for index, output in enumerate(outputs, 1)}
    ordered = sorted(symbols, key=lambda symbol: symbol.binding != Binding.LOCAL)
    names = _Strings()
    data = bytearray(_SYMBOL.size)
    for symbol in ordered:
        section = _SHN_ABS if symbol.section is None else numbers.get(id(symbol.section), _SHN_ABS)
        info = symbol.binding << 4 | symbol.type
        data += _SYMBOL.pack(names.add(symbol.name), info, 0, section, symbol.value, symbol.size)
    table = OutputSection(".symtab", SectionType.SYMTAB, 0, 8, _SYMBOL.size, size=len(data), data=data)
    table.link = len(outputs) + 2  # .strtab comes next
    table.info = 1 + sum(symbol.binding == Binding.LOCAL for symbol in ordered)
    return table, OutputSection(".strtab", SectionType.STRTAB, 0, 1, size=len(names.data), data=names.data)


class _Strings:
    """A string table: each text once, ended by a zero byte."""

    def __init__(self) -> None:
        self.data = bytearray(1)
        self.offsets = {"": 0}

    def add(self, text: str) -> int:
        offset = self.offsets.get(text)
        if offset is None:
            offset = self.offsets[text] = len(self.data)
            self.data += text.encode() + b"\0"
        return offset
