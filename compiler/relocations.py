"""RISC-V relocations: their numbers, and how each changes the bytes it names.

Source: RISC-V ELF psABI specification, chapter "Relocations". S: the symbol's address, A: the addend, P: the place.
"""

from collections.abc import Callable
from enum import IntEnum

from atoll.compiler.encode import EncodeError, branch_bits, fits, jump_bits


class R(IntEnum):
    """Relocation types."""

    NONE = 0
    WORD32 = 1
    WORD64 = 2
    BRANCH = 16
    JAL = 17
    CALL = 18
    CALL_PLT = 19
    GOT_HI20 = 20
    PCREL_HI20 = 23
    PCREL_LO12_I = 24
    PCREL_LO12_S = 25
    HI20 = 26
    LO12_I = 27
    LO12_S = 28
    TPREL_HI20 = 29
    TPREL_LO12_I = 30
    TPREL_LO12_S = 31
    TPREL_ADD = 32
    ADD8 = 33
    ADD16 = 34
    ADD32 = 35
    ADD64 = 36
    SUB8 = 37
    SUB16 = 38
    SUB32 = 39
    SUB64 = 40
    RELAX = 51
    SUB6 = 52
    SET6 = 53
    SET8 = 54
    SET16 = 55
    SET32 = 56
    PCREL32 = 57
    SET_ULEB128 = 60
    SUB_ULEB128 = 61


class OutOfRange(ValueError):
    """A value does not fit the place that a relocation gives it."""


def _word(data: bytearray, offset: int) -> int:
    return int.from_bytes(data[offset : offset + 4], "little")


def _set_word(data: bytearray, offset: int, word: int) -> None:
    data[offset : offset + 4] = (word & 0xFFFF_FFFF).to_bytes(4, "little")


def patch_upper(data: bytearray, offset: int, value: int) -> None:
    """lui, auipc: the upper 20 bits of a signed 32-bit value, rounded for the 12 bits that are added later."""
    if not fits(value + 0x800, 32):
        raise OutOfRange(f"{value:#x} does not fit 32 signed bits")
    _set_word(data, offset, _word(data, offset) & 0xFFF | (value + 0x800) & 0xFFFF_F000)


def patch_low_i(data: bytearray, offset: int, value: int) -> None:
    """addi, loads, jalr: the low 12 bits."""
    _set_word(data, offset, _word(data, offset) & 0xF_FFFF | (value & 0xFFF) << 20)


def patch_low_s(data: bytearray, offset: int, value: int) -> None:
    """Stores: the low 12 bits, in two fields."""
    word = _word(data, offset) & 0x01FF_F07F
    _set_word(data, offset, word | (value >> 5 & 0x7F) << 25 | (value & 0x1F) << 7)


def patch_call(data: bytearray, offset: int, value: int) -> None:
    """auipc and the jalr behind it."""
    patch_upper(data, offset, value)
    patch_low_i(data, offset + 4, value)


def _patch_branch(data: bytearray, offset: int, value: int) -> None:
    try:
        _set_word(data, offset, _word(data, offset) & 0x01FF_F07F | branch_bits(value))
    except EncodeError as error:
        raise OutOfRange(f"distance {error}") from None


def _patch_jal(data: bytearray, offset: int, value: int) -> None:
    try:
        _set_word(data, offset, _word(data, offset) & 0xFFF | jump_bits(value))
    except EncodeError as error:
        raise OutOfRange(f"distance {error}") from None


def _setter(size: int, *, checked: bool = False) -> Callable[[bytearray, int, int], None]:
    bits = size * 8

    def patch(data: bytearray, offset: int, value: int) -> None:
        if checked and not -(1 << bits - 1) <= value < 1 << bits:
            raise OutOfRange(f"{value:#x} does not fit {bits} bits")
        data[offset : offset + size] = (value & (1 << bits) - 1).to_bytes(size, "little")

    return patch


def _adder(size: int, sign: int) -> Callable[[bytearray, int, int], None]:
    bits = size * 8

    def patch(data: bytearray, offset: int, value: int) -> None:
        total = int.from_bytes(data[offset : offset + size], "little") + sign * value
        data[offset : offset + size] = (total & (1 << bits) - 1).to_bytes(size, "little")

    return patch


def _six_bits(data: bytearray, offset: int, value: int) -> None:
    data[offset] = data[offset] & 0xC0 | value & 0x3F


def _subtract_six_bits(data: bytearray, offset: int, value: int) -> None:
    data[offset] = data[offset] & 0xC0 | (data[offset] - value) & 0x3F


def _uleb(sign: int) -> Callable[[bytearray, int, int], None]:
    """A variable-length number keeps its length; SUB takes a symbol's value off what SET has put there."""

    def patch(data: bytearray, offset: int, value: int) -> None:
        length = 1
        while data[offset + length - 1] & 0x80:
            length += 1
        old = sum((data[offset + i] & 0x7F) << 7 * i for i in range(length)) if sign < 0 else 0
        total = (old + sign * value) & (1 << 7 * length) - 1
        for i in range(length):
            data[offset + i] = total >> 7 * i & 0x7F | (0x80 if i < length - 1 else 0)

    return patch


def _nothing(data: bytearray, offset: int, value: int) -> None:
    """A mark for linkers that shorten code; this one does not."""


Patch = Callable[[bytearray, int, int], None]

# value: S + A
ABSOLUTE_PATCHES: dict[int, Patch] = {
    R.NONE: _nothing,
    R.RELAX: _nothing,
    R.TPREL_ADD: _nothing,
    R.WORD32: _setter(4, checked=True),
    R.WORD64: _setter(8),
    R.HI20: patch_upper,
    R.LO12_I: patch_low_i,
    R.LO12_S: patch_low_s,
    R.ADD8: _adder(1, 1),
    R.ADD16: _adder(2, 1),
    R.ADD32: _adder(4, 1),
    R.ADD64: _adder(8, 1),
    R.SUB8: _adder(1, -1),
    R.SUB16: _adder(2, -1),
    R.SUB32: _adder(4, -1),
    R.SUB64: _adder(8, -1),
    R.SET6: _six_bits,
    R.SUB6: _subtract_six_bits,
    R.SET8: _setter(1),
    R.SET16: _setter(2),
    R.SET32: _setter(4),
    R.SET_ULEB128: _uleb(1),
    R.SUB_ULEB128: _uleb(-1),
}

# value: S + A - P
RELATIVE_PATCHES: dict[int, Patch] = {
    R.BRANCH: _patch_branch,
    R.JAL: _patch_jal,
    R.CALL: patch_call,
    R.CALL_PLT: patch_call,
    R.PCREL_HI20: patch_upper,
    R.PCREL32: _setter(4, checked=True),
}

# value: S + A - start of the thread-local block, which tp points to
THREAD_PATCHES: dict[int, Patch] = {
    R.TPREL_HI20: patch_upper,
    R.TPREL_LO12_I: patch_low_i,
    R.TPREL_LO12_S: patch_low_s,
}

# value: that of the PCREL_HI20 or GOT_HI20 at the symbol's address
PAIRED_PATCHES: dict[int, Patch] = {R.PCREL_LO12_I: patch_low_i, R.PCREL_LO12_S: patch_low_s}
