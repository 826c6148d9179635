"""The linker's relocation pass: finds each relocation's value and patches it in, or says why it cannot.

Two kinds need a second look: the low half of a pc-relative pair takes its value from the high half, which may come
later; symbols that depend on the trace table's size are patched last.
"""

from typing import NamedTuple

from atoll.compiler.elf import OutputSection
from atoll.compiler.encode import encode
from atoll.compiler.objects import ObjectFile, Relocation, SymbolType
from atoll.compiler.relocations import (
    ABSOLUTE_PATCHES,
    PAIRED_PATCHES,
    RELATIVE_PATCHES,
    THREAD_PATCHES,
    OutOfRange,
    R,
)


class LinkError(ValueError):
    """Objects that do not make an image."""


class Target(NamedTuple):
    """A relocation's symbol: its address (None: undefined or not known yet), or the instruction that it stands for."""

    name: str
    address: int | None
    late: bool = False
    instruction: int | None = None


class _Place(NamedTuple):
    """Where a relocation applies: bytes and their address; whose it is and where in there, for messages."""

    data: bytearray
    offset: int
    address: int
    source: ObjectFile
    section: int
    inside: int


Pending = tuple[_Place, Relocation, Target]
_NOP, _RET = (encode(name).to_bytes(4, "little") for name in ("nop", "ret"))
_JALR_TO_ZERO = 0x67  # opcode of jalr with destination x0: a tail call


class Relocator:
    """Applies relocations to the sections of an image."""

    def __init__(self, thread_start: int, got: dict[str, int]) -> None:
        self.thread_start, self.got = thread_start, got
        self.pair_values: dict[int, int] = {}  # address of a high half -> the whole value
        self.late: list[Pending] = []
        self.late_pairs: list[Pending] = []
        self.undefined: dict[str, str] = {}

    def apply(self, source: ObjectFile, section: int, place: tuple[OutputSection, int], targets: list[Target]) -> None:
        """Relocate one section of one object, which was put at `place`."""
        output, start = place
        pairs: list[Pending] = []
        for relocation in source.sections[section].relocations:
            offset = start + relocation.offset
            where = _Place(output.data, offset, output.address + offset, source, section, relocation.offset)
            target = targets[relocation.symbol]
            if relocation.type in PAIRED_PATCHES:
                pairs.append((where, relocation, target))
            elif target.late:
                self.late.append((where, relocation, target))
            else:
                self._patch(where, relocation, target)
        for where, relocation, target in pairs:
            self._patch_low_half(where, relocation, target)

    def refuse_undefined(self) -> None:
        """Raise an error that names all undefined symbols and who uses them."""
        if self.undefined:
            uses = [f"{name} (used in {user})" for name, user in sorted(self.undefined.items())]
            raise LinkError(f"undefined symbols: {', '.join(uses)}")

    def finish(self, late: dict[str, int]) -> None:
        """Patch what waited for the addresses of late symbols."""
        for where, relocation, target in self.late:
            self._patch(where, relocation, Target(target.name, late[target.name]))
        for where, relocation, target in self.late_pairs:
            self._patch_low_half(where, relocation, target)
        self.late, self.late_pairs = [], []

    def _patch(self, where: _Place, relocation: Relocation, target: Target) -> None:
        kind = relocation.type
        if target.instruction is not None:
            _patch_instruction(where, relocation, target)
            return
        if target.address is None:
            self.undefined.setdefault(target.name, _describe(where))
            return
        value = target.address + relocation.addend
        try:
            if kind in RELATIVE_PATCHES:
                value -= where.address
                RELATIVE_PATCHES[kind](where.data, where.offset, value)
                if kind == R.PCREL_HI20:
                    self.pair_values[where.address] = value
            elif kind in ABSOLUTE_PATCHES:
                ABSOLUTE_PATCHES[kind](where.data, where.offset, value)
            elif kind in THREAD_PATCHES:
                THREAD_PATCHES[kind](where.data, where.offset, value - self.thread_start)
            elif kind == R.GOT_HI20:
                self._patch_got(where, target)
            else:
                raise LinkError(f"relocation {kind} is not known ({_of(target)}, {_describe(where)})")
        except OutOfRange as error:
            raise LinkError(f"{_kind(kind)}: out of range: {error} ({_of(target)}, {_describe(where)})") from None

    def _patch_got(self, where: _Place, target: Target) -> None:
        value = self.got[target.name] - where.address
        RELATIVE_PATCHES[R.PCREL_HI20](where.data, where.offset, value)
        self.pair_values[where.address] = value

    def _patch_low_half(self, where: _Place, relocation: Relocation, target: Target) -> None:
        """The symbol of a low half is a label at its high half."""
        value = self.pair_values.get(target.address or 0)
        if value is not None:
            PAIRED_PATCHES[relocation.type](where.data, where.offset, value)
        elif any(pending.address == target.address for pending, _, _ in self.late):
            self.late_pairs.append((where, relocation, target))
        elif not self.undefined:
            raise LinkError(f"{_kind(relocation.type)}: no high half at {target.name} ({_describe(where)})")


def _patch_instruction(where: _Place, relocation: Relocation, target: Target) -> None:
    """Put an instruction in a call's place: auipc and jalr become it and a nop, or a return if it was a tail call."""
    if relocation.type not in (R.CALL, R.CALL_PLT) or target.instruction is None:
        raise LinkError(f"{target.name} is an instruction and can only be called ({_describe(where)})")
    jalr = int.from_bytes(where.data[where.offset + 4 : where.offset + 8], "little")
    after = _RET if jalr & 0xFFF == _JALR_TO_ZERO else _NOP
    where.data[where.offset : where.offset + 8] = target.instruction.to_bytes(4, "little") + after


def _of(target: Target) -> str:
    return f"symbol {target.name}" if target.name else "no symbol"


def _kind(number: int) -> str:
    return f"relocation {number} ({R(number).name})"


def _describe(where: _Place) -> str:
    """Object, function and section of a relocation, for messages."""
    for symbol in where.source.symbols:
        inside = symbol.section == where.section and symbol.type == SymbolType.FUNC
        if inside and symbol.value <= where.inside < symbol.value + symbol.size:
            return f"{where.source.name}, function {symbol.name}"
    section = where.source.sections[where.section]
    return f"{where.source.name}, section {section.name} at {where.inside:#x}"
