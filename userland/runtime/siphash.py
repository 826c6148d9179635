"""SipHash-2-4: a keyed hash of 64 bits. Who does not have the key can neither make nor change what carries its hash.

Source: Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012. The host compiles this file for itself, without
checks: everything in it wraps.
"""

from atoll.abi.raw import address_of, load8, load64
from atoll.abi.types import Bytes, export, u64, wrapping_add, wrapping_shl

WORD = 8  # bytes
SEED_A: u64 = 0x736F_6D65_7073_6575
SEED_B: u64 = 0x646F_7261_6E64_6F6D
SEED_C: u64 = 0x6C79_6765_6E65_7261
SEED_D: u64 = 0x7465_6462_7974_6573
LAST = 0xFF  # marks the end of the input in the state


def siphash(first: u64, second: u64, data: Bytes) -> u64:
    """The hash of some bytes with a key of two words."""
    return siphash_memory(first, second, address_of(data), u64(len(data)))


@export("siphash_memory")
def siphash_memory(first: u64, second: u64, address: u64, size: u64) -> u64:
    """The hash of the bytes at an address."""
    a: u64 = first ^ SEED_A
    b: u64 = second ^ SEED_B
    c: u64 = first ^ SEED_C
    d: u64 = second ^ SEED_D
    done: u64 = 0
    while done + WORD <= size:
        word = load64(address + done)
        a, b, c, d = two_rounds(a, b, c, d ^ word)
        a = a ^ word
        done += WORD
    word = wrapping_shl(size, 56)
    for place in range(size - done):
        word = word | u64(load8(address + done + place)) << (8 * place)
    a, b, c, d = two_rounds(a, b, c, d ^ word)
    a, b, c, d = two_rounds(a ^ word, b, c ^ LAST, d)
    a, b, c, d = two_rounds(a, b, c, d)
    return a ^ b ^ c ^ d


def two_rounds(a: u64, b: u64, c: u64, d: u64) -> tuple[u64, u64, u64, u64]:
    """What each word of the input is stirred in with."""
    a, b, c, d = sip_round(a, b, c, d)
    return sip_round(a, b, c, d)


def sip_round(a: u64, b: u64, c: u64, d: u64) -> tuple[u64, u64, u64, u64]:
    """One round: additions, rotations, exclusive ors."""
    a, c = wrapping_add(a, b), wrapping_add(c, d)
    b, d = rotated(b, 13) ^ a, rotated(d, 16) ^ c
    a = rotated(a, 32)
    c, a = wrapping_add(c, b), wrapping_add(a, d)
    b, d = rotated(b, 17) ^ c, rotated(d, 21) ^ a
    return a, b, rotated(c, 32), d


def rotated(word: u64, bits: u64) -> u64:
    """The word, its bits moved up, the highest coming in at the bottom."""
    return wrapping_shl(word, bits) | word >> (64 - bits)
