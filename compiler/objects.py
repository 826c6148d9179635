"""Relocatable objects: sections, symbols and relocations, and the reader for those that LLVM emits (ELF, RV64).

Source of the layouts: System V ABI, chapter "Object Files"; RISC-V ELF psABI.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import IntEnum, IntFlag
from typing import NamedTuple


class ObjectError(ValueError):
    """Not an object file that can be linked here."""


class SectionType(IntEnum):
    """sh_type."""

    NULL = 0
    PROGBITS = 1
    SYMTAB = 2
    STRTAB = 3
    RELA = 4
    NOTE = 7
    NOBITS = 8
    INIT_ARRAY = 14
    GROUP = 17
    RISCV_ATTRIBUTES = 0x7000_0003


class Flag(IntFlag):
    """sh_flags."""

    WRITE = 1
    ALLOC = 2
    EXEC = 4
    MERGE = 0x10
    STRINGS = 0x20
    INFO_LINK = 0x40
    TLS = 0x400


class Binding(IntEnum):
    """Upper half of st_info."""

    LOCAL = 0
    GLOBAL = 1
    WEAK = 2


class SymbolType(IntEnum):
    """Lower half of st_info."""

    NOTYPE = 0
    OBJECT = 1
    FUNC = 2
    SECTION = 3
    FILE = 4
    COMMON = 5
    TLS = 6


class Relocation(NamedTuple):
    """`symbol` is an index into the object's symbols."""

    offset: int
    type: int
    symbol: int
    addend: int


UNDEFINED = -1  # Symbol.section of a symbol that another object defines
ABSOLUTE = -2  # Symbol.section of a plain number


class Symbol(NamedTuple):
    """`section` is an index into the object's sections; `value` an offset into it."""

    name: str
    section: int
    value: int = 0
    size: int = 0
    binding: int = Binding.GLOBAL
    type: int = SymbolType.NOTYPE


@dataclass
class Section:
    """A piece of the image; `size` counts bytes also where there is no data (NOBITS)."""

    name: str
    type: int
    flags: int
    align: int
    data: bytes
    size: int
    relocations: list[Relocation] = field(default_factory=list)


@dataclass
class ObjectFile:
    """What one compilation or one assembled function brings to the linker. `flags` is e_flags; None: no opinion."""

    name: str
    sections: list[Section]
    symbols: list[Symbol]
    flags: int | None = None


MACHINE_RISCV = 243
_HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
_SECTION = struct.Struct("<IIQQQQIIQQ")
_SYMBOL = struct.Struct("<IBBHQQ")
_RELOCATION = struct.Struct("<QIIq")
_FIRST_RESERVED, _ABS, _COMMON = 0xFF00, 0xFFF1, 0xFFF2


class _Header(NamedTuple):
    name: int
    type: int
    flags: int
    address: int
    offset: int
    size: int
    link: int
    info: int
    align: int
    entry_size: int


def read_object(data: bytes, name: str) -> ObjectFile:
    """Read a relocatable RV64 ELF object; `name` is for messages."""
    try:
        return _Reader(data, name).read()
    except ObjectError:
        raise
    except (struct.error, IndexError, ValueError) as error:
        raise ObjectError(f"{name}: the object file is damaged ({error})") from error


class _Reader:
    """Reads one object; sections that only hold ELF's own tables are left out, so section numbers are translated."""

    def __init__(self, data: bytes, name: str) -> None:
        self.data, self.name = data, name

    def read(self) -> ObjectFile:
        flags = self._read_header()
        kept = [index for index, header in enumerate(self.headers) if self._is_content(header)]
        self.new_index = {old: new for new, old in enumerate(kept)}
        sections = [self._section(self.headers[old]) for old in kept]
        symbols: list[Symbol] = []
        for header in self.headers:
            if header.type == SectionType.SYMTAB:
                symbols = list(self._symbols(header))
        for header in self.headers:
            target = self.new_index.get(header.info) if header.type == SectionType.RELA else None
            if target is not None:
                table = _RELOCATION.iter_unpack(self._bytes(header))
                sections[target].relocations = [
                    Relocation(offset, kind, symbol, addend) for offset, kind, symbol, addend in table
                ]
        return ObjectFile(self.name, sections, symbols, flags)

    def _read_header(self) -> int:
        """Check the file header and read the section headers; gives e_flags."""
        if self.data[:4] != b"\x7fELF":
            raise ObjectError(f"{self.name}: not an ELF file")
        ident, kind, machine, _, _, _, table, flags, _, _, _, size, count, names = _HEADER.unpack_from(self.data)
        if ident[4:6] != b"\x02\x01" or machine != MACHINE_RISCV:
            raise ObjectError(f"{self.name}: not for RV64 (machine {machine}); it was compiled for something else")
        if kind != 1 or size != _SECTION.size:
            raise ObjectError(f"{self.name}: not a relocatable object (type {kind})")
        self.headers = [_Header(*_SECTION.unpack_from(self.data, table + i * size)) for i in range(count)]
        self.names = self._bytes(self.headers[names])
        return int(flags)

    def _is_content(self, header: _Header) -> bool:
        if header.type == SectionType.GROUP:
            raise ObjectError(f"{self.name}: section groups (COMDAT) are not supported")
        return header.type not in (SectionType.NULL, SectionType.SYMTAB, SectionType.STRTAB, SectionType.RELA)

    def _bytes(self, header: _Header) -> bytes:
        if header.type == SectionType.NOBITS:
            return b""
        if header.offset + header.size > len(self.data):
            raise ObjectError(f"{self.name}: the object file is cut off")
        return self.data[header.offset : header.offset + header.size]

    def _section(self, header: _Header) -> Section:
        name = _text(self.names, header.name)
        return Section(name, header.type, header.flags, max(header.align, 1), self._bytes(header), header.size)

    def _symbols(self, table: _Header) -> Iterator[Symbol]:
        names = self._bytes(self.headers[table.link])
        for name, info, _, section, value, size in _SYMBOL.iter_unpack(self._bytes(table)):
            text = _text(names, name)
            place = self._place(section, text)
            if info & 15 == SymbolType.SECTION and place >= 0:
                text = _text(self.names, self.headers[section].name)
            yield Symbol(text, place, value, size, info >> 4, info & 15)

    def _place(self, section: int, symbol: str) -> int:
        if section == 0:
            return UNDEFINED
        if section == _ABS:
            return ABSOLUTE
        if section == _COMMON or section >= _FIRST_RESERVED:
            raise ObjectError(f"{self.name}: symbol {symbol} is in section {section:#x}, which is not supported")
        return self.new_index.get(section, ABSOLUTE)


def _text(table: bytes, offset: int) -> str:
    return table[offset : table.index(b"\0", offset)].decode()
