"""Copying, filling and comparing memory, eight bytes at a time where it can be: for structures, arrays and text.

The four C names are what LLVM expects of any run-time library. This module is compiled without checks, and LLVM is
told not to turn the loops below into calls of themselves.
"""

from atoll.abi.raw import address_of, load8, load64, store8, store64
from atoll.abi.types import Bytes, export, i64, low8, u64

WORD = 8  # bytes
EACH_BYTE = 0x0101_0101_0101_0101  # times a byte: that byte in each place of a word


@export("memcpy")
def memcpy(to: u64, source: u64, size: u64) -> u64:
    """Copy bytes between ranges that do not overlap."""
    done: u64 = 0
    if (to ^ source) % WORD == 0:
        while done < size and (to + done) % WORD != 0:
            store8(to + done, load8(source + done))
            done += 1
        while size - done >= 4 * WORD:
            copy_four(to + done, source + done)
            done += 4 * WORD
        while size - done >= WORD:
            store64(to + done, load64(source + done))
            done += WORD
    while done < size:
        store8(to + done, load8(source + done))
        done += 1
    return to


def copy_four(to: u64, source: u64) -> None:
    """Four words at once: a loop around this spends its time on copying."""
    first, second = load64(source), load64(source + WORD)
    third, fourth = load64(source + 2 * WORD), load64(source + 3 * WORD)
    store64(to, first)
    store64(to + WORD, second)
    store64(to + 2 * WORD, third)
    store64(to + 3 * WORD, fourth)


@export("memmove")
def memmove(to: u64, source: u64, size: u64) -> u64:
    """Copy bytes between ranges that may overlap."""
    if to <= source or to >= source + size:
        return memcpy(to, source, size)
    left = size
    if (to ^ source) % WORD == 0:
        while left > 0 and (to + left) % WORD != 0:
            left -= 1
            store8(to + left, load8(source + left))
        while left >= WORD:
            left -= WORD
            store64(to + left, load64(source + left))
    while left > 0:
        left -= 1
        store8(to + left, load8(source + left))
    return to


@export("memset")
def memset(to: u64, value: u64, size: u64) -> u64:
    """Fill with the low byte of `value`."""
    byte = low8(value)
    pattern = EACH_BYTE * u64(byte)
    done: u64 = 0
    while done < size and (to + done) % WORD != 0:
        store8(to + done, byte)
        done += 1
    while size - done >= 4 * WORD:
        store64(to + done, pattern)
        store64(to + done + WORD, pattern)
        store64(to + done + 2 * WORD, pattern)
        store64(to + done + 3 * WORD, pattern)
        done += 4 * WORD
    while size - done >= WORD:
        store64(to + done, pattern)
        done += WORD
    while done < size:
        store8(to + done, byte)
        done += 1
    return to


@export("memcmp")
def memcmp(a: u64, b: u64, size: u64) -> i64:
    """-1, 0 or 1: how the first bytes that differ compare."""
    done: u64 = 0
    if (a | b) % WORD == 0:
        while size - done >= WORD and load64(a + done) == load64(b + done):
            done += WORD
    while done < size:
        left, right = load8(a + done), load8(b + done)
        if left != right:
            return -1 if left < right else 1
        done += 1
    return 0


def text_equal(a: Bytes, b: Bytes) -> bool:
    """Whether both are the same bytes."""
    return len(a) == len(b) and memcmp(address_of(a), address_of(b), u64(len(a))) == 0


def compare_bytes(a: Bytes, b: Bytes) -> i64:
    """-1, 0 or 1: their order byte by byte, a beginning before the whole."""
    order = memcmp(address_of(a), address_of(b), u64(min(len(a), len(b))))
    if order != 0 or len(a) == len(b):
        return order
    return -1 if len(a) < len(b) else 1


def find_bytes(hay: Bytes, needle: Bytes) -> i64:
    """The first place where `needle` is in `hay`; -1 if it is not."""
    place = 0
    while place + len(needle) <= len(hay):
        if memcmp(address_of(hay) + u64(place), address_of(needle), u64(len(needle))) == 0:
            return place
        place += 1
    return -1
