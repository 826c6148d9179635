"""Fields of blocks: numbers of 16 and 32 bits at an offset, little-endian (ext3) or big-endian (its journal)."""

from atoll.abi.raw import address_of, load16, load32, store16, store32
from atoll.abi.types import Bytes, Slice, low8, u8, u16, u32, u64


def get16(data: Bytes, offset: u64) -> u64:
    """The number at an offset that is a multiple of 2."""
    check(data, offset + 2)
    return u64(load16(address_of(data) + offset))


def get32(data: Bytes, offset: u64) -> u64:
    """The number at an offset that is a multiple of 4."""
    check(data, offset + 4)
    return u64(load32(address_of(data) + offset))


def put16(data: Slice[u8], offset: u64, value: u64) -> None:
    """Set the number at an offset that is a multiple of 2."""
    check(data, offset + 2)
    store16(address_of(data) + offset, u16(value))


def put32(data: Slice[u8], offset: u64, value: u64) -> None:
    """Set the number at an offset that is a multiple of 4."""
    check(data, offset + 4)
    store32(address_of(data) + offset, u32(value))


def get_big(data: Bytes, offset: u64) -> u64:
    """The big-endian number of 32 bits."""
    return u64(data[offset]) << 24 | u64(data[offset + 1]) << 16 | u64(data[offset + 2]) << 8 | data[offset + 3]


def put_big(data: Slice[u8], offset: u64, value: u64) -> None:
    """Set the big-endian number of 32 bits."""
    data[offset] = low8(value >> 24)
    data[offset + 1] = low8(value >> 16)
    data[offset + 2] = low8(value >> 8)
    data[offset + 3] = low8(value)


def clear(data: Slice[u8]) -> None:
    """Fill with zeros."""
    place: u64 = 0
    while place < u64(len(data)):
        data[place] = 0
        place += 1


def check(data: Bytes, end: u64) -> None:
    """Fields lie inside."""
    if end > u64(len(data)):
        raise IndexError(f"a field ends at {end} of {len(data)} bytes")
