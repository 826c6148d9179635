"""Disassembly of an image: functions under their symbols, source lines between the instructions, targets by name."""

import difflib
from bisect import bisect_right
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

import capstone
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

import atoll
from atoll.compiler.debug_info import DAMAGE, Piece, read_pieces
from atoll.compiler.trace_reader import TraceError, TraceTable


class DisassemblyError(ValueError):
    """A file that cannot be disassembled, or a symbol that it does not have."""


class _Symbol(NamedTuple):
    address: int
    size: int
    name: str
    is_code: bool


def disassemble(elf: bytes, symbol: str | None = None) -> Iterator[str]:
    """Text of the whole code of an image, or of one function; `trap.handle` finds `atoll.kernel.trap.handle`.

    Mistakes are raised at the call, before the first line.
    """
    image = _Image(elf)
    wanted = image.functions if symbol is None else image.find(symbol)
    return image.text(wanted)


class _Image:
    """What the disassembler knows of an image."""

    def __init__(self, elf: bytes) -> None:
        try:
            file = ELFFile(BytesIO(elf))
            if file["e_machine"] != "EM_RISCV" or file.elfclass != 64:
                raise DisassemblyError(f"an ELF file for another machine ({file['e_machine']}), not for RV64")
            self._read(file)
            self.pieces = read_pieces(elf)
        except DisassemblyError:
            raise
        except DAMAGE as error:
            what = "not an ELF file" if elf[:4] != b"\x7fELF" else f"a damaged ELF file: {error}"
            raise DisassemblyError(what) from error
        self.starts = [piece.start for piece in self.pieces]

    def _read(self, file: ELFFile) -> None:
        self.code = [
            (section["sh_addr"], section.data()) for section in file.iter_sections() if section["sh_flags"] & 4
        ]
        symbols = []
        table = file.get_section_by_name(".symtab")
        for entry in table.iter_symbols() if isinstance(table, SymbolTableSection) else ():
            kind = entry["st_info"]["type"]
            if entry.name and kind in ("STT_FUNC", "STT_OBJECT", "STT_NOTYPE"):
                symbols.append(_Symbol(entry["st_value"], entry["st_size"], entry.name, kind == "STT_FUNC"))
        self.symbols = sorted(symbols)
        self.functions = [entry for entry in self.symbols if entry.is_code]
        self.named = [entry for entry in self.symbols if entry.size]
        self.sources = _Sources(file)

    def find(self, name: str) -> list[_Symbol]:
        """Functions of that name, or the only one whose dotted name ends with it."""
        found = [entry for entry in self.functions if entry.name == name]
        found = found or [entry for entry in self.functions if entry.name.endswith(f".{name}")]
        names = sorted({entry.name for entry in found})
        if len(names) > 1:
            raise DisassemblyError(f"{name} could be {', '.join(names)}")
        if found:
            return found
        if any(entry.name == name for entry in self.symbols):
            raise DisassemblyError(f"{name} is not a function")
        raise DisassemblyError(f"no function {name} in this image{self._near(name)}; it may be unused, or inlined")

    def _near(self, name: str) -> str:
        """Names that look like it, compared as wholes and by their last part."""
        short = {entry.name.rpartition(".")[2]: entry.name for entry in self.functions}
        near = difflib.get_close_matches(name, [*short, *short.values()], 4)
        names = dict.fromkeys(short.get(match, match) for match in near)
        return f" (near: {', '.join(names)})" if names else ""

    # ---- text ----
    def text(self, functions: list[_Symbol]) -> Iterator[str]:
        engine = capstone.Cs(capstone.CS_ARCH_RISCV, capstone.CS_MODE_RISCV64)
        first = True
        for function in functions:
            if not first:
                yield ""
            first = False
            yield f"{function.address:016x} <{function.name}>:"
            yield from self._body(engine, function)

    def _body(self, engine: capstone.Cs, function: _Symbol) -> Iterator[str]:
        shown: Piece | None = None
        uppers: dict[int, int] = {}  # registers that hold the upper part of an address
        for address, data in self._words(function):
            piece = self._piece_at(address)
            if piece is not None and not _same_place(piece, shown):
                yield self._source(piece)
                shown = piece
            word = int.from_bytes(data, "little")
            target = _target(word, address, uppers)
            text = _instruction_text(engine, data, address)
            if target is not None and word & 0x7F in (_BRANCH, _JAL):
                text = f"{text.rpartition(' ')[0]} {target:x}{self._name_of(target)}"  # capstone gives the distance
            elif target is not None and self._name_of(target):
                text = f"{text}  # {target:x}{self._name_of(target)}"
            yield f"  {address:8x}:  {word:08x}  {text}".rstrip()
            _follow(word, address, uppers)

    def _words(self, function: _Symbol) -> Iterator[tuple[int, bytes]]:
        for start, data in self.code:
            offset = function.address - start
            if 0 <= offset < len(data):
                for position in range(offset, min(offset + function.size, len(data)), 4):
                    yield start + position, data[position : position + 4]

    def _piece_at(self, address: int) -> Piece | None:
        index = bisect_right(self.starts, address) - 1
        if index < 0 or address >= self.pieces[index].end:
            return None
        return self.pieces[index]

    def _source(self, piece: Piece) -> str:
        place = f"{piece.file}:{piece.line}" if piece.line else piece.file
        function = f" {piece.scope.function}" if piece.scope else ""
        caller = piece.scope.caller if piece.scope else None
        inlined = f", inlined into {caller.function}" if caller else ""
        text = self.sources.line(piece.file, piece.line)
        return f"; {place}{function}{inlined}{f': {text}' if text else ''}"

    def _name_of(self, target: int) -> str:
        """` <symbol+offset>` for an address inside a function or variable."""
        index = bisect_right(self.named, target, key=lambda symbol: symbol.address) - 1
        if index < 0 or target >= self.named[index].address + self.named[index].size:
            return ""
        symbol = self.named[index]
        return f" <{symbol.name}+{target - symbol.address:#x}>" if target > symbol.address else f" <{symbol.name}>"


class _Sources:
    """Source lines: from the image's trace table, which has them as they were compiled; else from the files."""

    def __init__(self, file: ELFFile) -> None:
        self.files: dict[str, list[str]] = {}
        self.texts: dict[tuple[str, int], str] = {}
        section = file.get_section_by_name(".trace")
        if section is not None:
            try:
                self.texts = TraceTable(section.data()).source_texts()
            except TraceError:  # a foreign section of that name: the files will do
                self.texts = {}

    def line(self, file: str, line: int) -> str:
        if (file, line) in self.texts:
            return self.texts[file, line]
        if file not in self.files:
            self.files[file] = _read_lines(file)
        lines = self.files[file]
        return lines[line - 1].strip() if 0 < line <= len(lines) else ""


def _read_lines(file: str) -> list[str]:
    """Names of the system's own modules are relative to the package, others to the current folder."""
    for path in (Path(file), Path(atoll.__file__).parent / file):
        try:
            return path.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError):
            continue
    return []


def _same_place(piece: Piece, other: Piece | None) -> bool:
    return other is not None and (piece.file, piece.line, piece.scope) == (other.file, other.line, other.scope)


def _instruction_text(engine: capstone.Cs, data: bytes, address: int) -> str:
    for _, _, mnemonic, operands in engine.disasm_lite(data, address):
        return f"{mnemonic:<10} {operands}"
    return f"{'.word':<10} {int.from_bytes(data, 'little'):#x}"


# ---- targets: decoded from the words, to follow addresses that are made in two steps ----
_LOADS, _STORES = (0x03, 0x07), (0x23, 0x27)
_OP_IMM, _AUIPC, _BRANCH, _JALR, _JAL = 0x13, 0x17, 0x63, 0x67, 0x6F


def _target(word: int, address: int, uppers: dict[int, int]) -> int | None:
    """The address that a branch, a jump, or the second instruction of a pair (auipc first) refers to."""
    opcode, base = word & 0x7F, word >> 15 & 31
    if opcode == _BRANCH:
        return address + _branch(word)
    if opcode == _JAL:
        return address + _jump(word)
    if base in uppers and opcode in (*_LOADS, _OP_IMM, _JALR):
        return uppers[base] + _signed(word >> 20, 12)
    if base in uppers and opcode in _STORES:
        return uppers[base] + _signed(word >> 25 << 5 | word >> 7 & 31, 12)
    return None


def _follow(word: int, address: int, uppers: dict[int, int]) -> None:
    """Keep track of which registers hold upper parts."""
    opcode, destination = word & 0x7F, word >> 7 & 31
    if opcode in (_JAL, _JALR):
        uppers.clear()
    elif opcode == _AUIPC:
        uppers[destination] = address + _signed(word & 0xFFFF_F000, 32)
    elif opcode not in (*_STORES, _BRANCH):
        uppers.pop(destination, None)


def _signed(value: int, bits: int) -> int:
    return value - (1 << bits) if value >> bits - 1 & 1 else value


def _branch(word: int) -> int:
    low = (word >> 8 & 0xF) << 1 | (word >> 25 & 0x3F) << 5
    return _signed(low | (word >> 7 & 1) << 11 | (word >> 31) << 12, 13)


def _jump(word: int) -> int:
    low = (word >> 21 & 0x3FF) << 1 | (word >> 20 & 1) << 11
    return _signed(low | (word >> 12 & 0xFF) << 12 | (word >> 31) << 20, 21)
