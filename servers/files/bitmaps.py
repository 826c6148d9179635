"""Bitmaps of blocks and inodes: bit i of byte i // 8 says that number i is in use."""

from atoll.abi.types import Bytes, Slice, low8, u8, u64
from atoll.servers.files.fields import get32

FULL = 0xFFFF_FFFF


def is_set(bits: Bytes, number: u64) -> bool:
    """Whether a number is in use."""
    return bits[number // 8] >> number % 8 & 1 != 0


def set_bit(bits: Slice[u8], number: u64) -> None:
    """Now it is."""
    bits[number // 8] |= 1 << number % 8


def clear_bit(bits: Slice[u8], number: u64) -> None:
    """Now it is not."""
    bits[number // 8] = low8(u64(bits[number // 8]) & ~(u64(1) << number % 8))


def find_clear(bits: Bytes, start: u64, end: u64) -> u64:
    """The first number from `start` on that is not in use; `end` if there is none before it."""
    number = start
    while number < end:
        if number % 32 == 0 and get32(bits, number // 8) == FULL:
            number += 32
        elif is_set(bits, number):
            number += 1
        else:
            return number
    return end
