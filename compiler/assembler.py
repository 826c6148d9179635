"""Assembler: one method per mnemonic, labels, constants and addresses of any size; `finish` gives an object file.

Mnemonics have Python-safe names: `fence.i` is `fence_i`, `and` is `and_`. A target that is not a label of this
assembler is a symbol of the image, and left to the linker.
"""

from collections.abc import Callable
from typing import NamedTuple

from atoll.compiler.dwarf import LineTable, debug_sections
from atoll.compiler.encode import (
    EncodeError,
    Operand,
    branch_bits,
    encode,
    expand_alias,
    jump_bits,
    load_constant,
    split_distance,
)
from atoll.compiler.encoding_tables import ALIASES, FORMS
from atoll.compiler.objects import (
    UNDEFINED,
    Binding,
    Flag,
    ObjectFile,
    Relocation,
    Section,
    SectionType,
    Symbol,
    SymbolType,
)
from atoll.compiler.relocations import R

SIZE_LIMIT = 1 << 20  # bytes: an @assembly function that reaches it has a loop without end
ORDERINGS = ("", "aq", "rl", "aqrl")
_NOP = encode("nop")


class _Fixup(NamedTuple):
    """A place that refers to a label: which relocation it is when the label is not ours."""

    offset: int
    kind: R
    target: str
    what: str


class Assembler:
    """Collects the code of one function. Operands come in the order of assembly language: `ld("a0", 8, "sp")`."""

    def __init__(self) -> None:
        self.code = bytearray()
        self.labels: dict[str, int] = {}
        self.fixups: list[_Fixup] = []
        self.alignment = 4
        self.on_emit: Callable[[int], None] | None = None  # told each instruction's offset, for line tables

    def __getattr__(self, name: str) -> Callable[..., None]:
        mnemonic = mnemonic_of(name)
        if mnemonic is None:
            raise AttributeError(f"no such mnemonic: {name}")
        if mnemonic.startswith(("lr.", "sc.", "amo")):
            return lambda *operands: self._atomic(mnemonic, *operands)
        return lambda *operands: self._instruction(mnemonic, *operands)

    # ---- labels and data ----
    def label(self, name: str) -> None:
        """Give this place a name, for branches, jumps and `la` of this function."""
        if name in self.labels:
            raise EncodeError(f"label {name} is already there")
        self.labels[name] = len(self.code)

    def word(self, value: int) -> None:
        """32 bits of data."""
        self._data(value, 4)

    def dword(self, value: int) -> None:
        """64 bits of data."""
        self._data(value, 8)

    def align(self, boundary: int) -> None:
        """Add nops up to a multiple of `boundary` bytes, a power of two."""
        if boundary < 1 or boundary & (boundary - 1) or boundary > 4096:
            raise EncodeError(f"align: {boundary} is not a power of two up to 4096")
        self.alignment = max(self.alignment, boundary)
        while len(self.code) % boundary:
            self._emit(_NOP)

    # ---- pseudo-instructions of several words ----
    def li(self, rd: Operand, value: int) -> None:
        """Load any 64-bit constant."""
        source: Operand = "zero"
        for mnemonic, number in load_constant(value):
            self._emit(encode(mnemonic, rd, number) if mnemonic == "lui" else encode(mnemonic, rd, source, number))
            source = rd

    def la(self, rd: Operand, symbol: str) -> None:
        """Load the address of a label or symbol within 2 GiB of here."""
        self._refer(R.PCREL_HI20, symbol, "la")
        self._emit(encode("auipc", rd, 0))
        self._emit(encode("addi", rd, rd, 0))

    def call(self, symbol: str) -> None:
        """Call a label or symbol within 2 GiB of here."""
        self._call(symbol, "ra", "ra")

    def tail(self, symbol: str) -> None:
        """Jump to a label or symbol within 2 GiB of here; clobbers t1."""
        self._call(symbol, "t1", "zero")

    def fence(self, before: str = "iorw", after: str = "iorw") -> None:
        """Order accesses of the set `before` with those of the set `after`."""
        self._emit(encode("fence", before, after))

    def sfence_vma(self, address: Operand = "zero", address_space: Operand = "zero") -> None:
        """Forget translations: all, or those of an address, or of an address space."""
        self._emit(encode("sfence.vma", address, address_space))

    # ---- the end ----
    def finish(self, name: str, section: str = ".text", lines: LineTable | None = None) -> ObjectFile:
        """An object file with one global function `name` that holds all the code; `lines` become its DWARF."""
        symbols = [
            Symbol("", UNDEFINED, binding=Binding.LOCAL),
            Symbol("$x", 0, binding=Binding.LOCAL),
            Symbol(name, 0, 0, len(self.code), Binding.GLOBAL, SymbolType.FUNC),
        ]
        relocations: list[Relocation] = []
        for fixup in self.fixups:
            if fixup.target in self.labels:
                self._resolve(fixup)
            else:
                _relocate(fixup, symbols, relocations)
        code = bytes(self.code)
        flags = Flag.ALLOC | Flag.EXEC
        sections = [Section(section, SectionType.PROGBITS, flags, self.alignment, code, len(code), relocations)]
        if lines:
            sections += debug_sections(len(code), lines, text_symbol=len(symbols))
            symbols += [
                Symbol(part.name, index, binding=Binding.LOCAL, type=SymbolType.SECTION)
                for index, part in enumerate(sections)
            ]
        return ObjectFile(name, sections, symbols)

    # ---- inside ----
    def _emit(self, word: int) -> None:
        if len(self.code) >= SIZE_LIMIT:
            raise EncodeError(f"more than {SIZE_LIMIT} bytes of code: is there a loop without end?")
        if self.on_emit:
            self.on_emit(len(self.code))
        self.code += word.to_bytes(4, "little")

    def _data(self, value: int, size: int) -> None:
        bits = size * 8
        if not -(1 << bits - 1) <= value < 1 << bits:
            raise EncodeError(f"{value} does not fit {bits} bits")
        self.code += (value & (1 << bits) - 1).to_bytes(size, "little")

    def _instruction(self, mnemonic: str, *operands: Operand) -> None:
        name, expanded = expand_alias(mnemonic, operands)
        kinds = FORMS[name].operands if name in FORMS else ()
        target = expanded[-1] if len(expanded) == len(kinds) and expanded else None
        if isinstance(target, str) and kinds[-1] in _JUMPS:
            self._refer(_JUMPS[kinds[-1]], target, mnemonic)
            self._emit(encode(name, *expanded[:-1], 0))
        else:
            self._emit(encode(mnemonic, *operands))

    def _atomic(self, mnemonic: str, *operands: Operand) -> None:
        taken = len(FORMS[mnemonic].operands)
        ordering = operands[taken] if len(operands) == taken + 1 else ""
        if ordering not in ORDERINGS:
            raise EncodeError(f'{mnemonic}: ordering {ordering!r} is not "", "aq", "rl" or "aqrl"')
        suffix = f".{ordering}" if ordering else ""
        self._emit(encode(mnemonic + suffix, *(operands[:taken] if len(operands) == taken + 1 else operands)))

    def _call(self, symbol: str, scratch: str, link: str) -> None:
        self._refer(R.CALL_PLT, symbol, "call")
        self._emit(encode("auipc", scratch, 0))
        self._emit(encode("jalr", link, 0, scratch))

    def _refer(self, kind: R, target: str, what: str) -> None:
        self.fixups.append(_Fixup(len(self.code), kind, target, what))

    def _resolve(self, fixup: _Fixup) -> None:
        """Patch a reference to one of our own labels."""
        distance = self.labels[fixup.target] - fixup.offset
        try:
            if fixup.kind == R.BRANCH:
                self._patch(fixup.offset, branch_bits(distance))
            elif fixup.kind == R.JAL:
                self._patch(fixup.offset, jump_bits(distance))
            else:
                high, low = split_distance(distance)
                self._patch(fixup.offset, high << 12)
                self._patch(fixup.offset + 4, (low & 0xFFF) << 20)
        except EncodeError as error:
            raise EncodeError(f"{fixup.what}: label {fixup.target} is too far away: {error}") from None

    def _patch(self, offset: int, bits: int) -> None:
        word = int.from_bytes(self.code[offset : offset + 4], "little") | bits
        self.code[offset : offset + 4] = word.to_bytes(4, "little")


_JUMPS = {"branch13": R.BRANCH, "jump21": R.JAL}


def _relocate(fixup: _Fixup, symbols: list[Symbol], relocations: list[Relocation]) -> None:
    """Leave a reference to the linker. The low half of an address pair names its high half by a local symbol."""
    index = next((i for i, symbol in enumerate(symbols) if symbol.name == fixup.target), len(symbols))
    if index == len(symbols):
        symbols.append(Symbol(fixup.target, UNDEFINED))
    relocations.append(Relocation(fixup.offset, fixup.kind, index, 0))
    if fixup.kind == R.PCREL_HI20:
        relocations.append(Relocation(fixup.offset + 4, R.PCREL_LO12_I, len(symbols), 0))
        symbols.append(Symbol(f".Lpcrel_{fixup.offset}", 0, fixup.offset, binding=Binding.LOCAL))


_BY_PYTHON_NAME = {
    {"and": "and_", "or": "or_", "not": "not_"}.get(name, name.replace(".", "_")): name
    for name in [*FORMS, *ALIASES]
    if not name.endswith((".aq", ".rl", ".aqrl"))
}
METHODS = ("label", "word", "dword", "align", "li", "la", "call", "tail", "fence", "sfence_vma")


def mnemonic_of(name: str) -> str | None:
    """The mnemonic behind a Python-safe name."""
    return _BY_PYTHON_NAME.get(name)


def mnemonics() -> list[str]:
    """Every Python-safe name that an Assembler understands."""
    return sorted({*_BY_PYTHON_NAME, *METHODS})
