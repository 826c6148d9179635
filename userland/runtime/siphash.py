"""SipHash-2-4: a keyed hash of 64 bits. Who does not have the key can neither make nor change what carries its hash.

Source: Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012. The compiler puts the rounds in
place, and a word costs little more than their 52 instructions. The host compiles this file for itself, without checks:
everything in it wraps.
"""

from atoll.abi.raw import address_of, load8, load64
from atoll.abi.types import Bytes, export, u64, wrapping_add, wrapping_shl

WORD = 8  # bytes
SEED_A: u64 = 0x736F_6D65_7073_6575
SEED_B: u64 = 0x646F_7261_6E64_6F6D
SEED_C: u64 = 0x6C79_6765_6E65_7261
SEED_D: u64 = 0x7465_6462_7974_6573
LAST = 0xFF  # marks the end of the input in the state
LAST_ROUNDS = 4


def siphash(first: u64, second: u64, data: Bytes) -> u64:
    """The hash of some bytes with a key of two words."""
    return siphash_memory(first, second, address_of(data), u64(len(data)))


@export("siphash_memory")
def siphash_memory(first: u64, second: u64, address: u64, size: u64) -> u64:
    """The hash of the bytes at an address (fastest if it is a multiple of 8, as is that of a frame)."""
    a, b, c, d = sip_start(first, second)
    end = wrapping_add(address, size // WORD * WORD)
    a, b, c, d = sip_words(a, b, c, d, address, end)
    return sip_end(a, b, c, d, last_word(end, size))


def sip_start(first: u64, second: u64) -> tuple[u64, u64, u64, u64]:
    """The state before the first word."""
    return first ^ SEED_A, second ^ SEED_B, first ^ SEED_C, second ^ SEED_D


def sip_words(a: u64, b: u64, c: u64, d: u64, start: u64, end: u64) -> tuple[u64, u64, u64, u64]:
    """The state after the words from one address to another."""
    while start != end:
        word = load64(start)
        start = wrapping_add(start, WORD)
        a, b, c, d = sip_round(a, b, c, d ^ word)
        a, b, c, d = sip_round(a, b, c, d)
        a = a ^ word
    return a, b, c, d


def sip_end(a: u64, b: u64, c: u64, d: u64, last: u64) -> u64:
    """The hash, after the last word."""
    a, b, c, d = sip_round(a, b, c, d ^ last)
    a, b, c, d = sip_round(a, b, c, d)
    a, c = a ^ last, c ^ LAST
    for _ in range(LAST_ROUNDS):
        a, b, c, d = sip_round(a, b, c, d)
    return a ^ b ^ c ^ d


def last_word(address: u64, size: u64) -> u64:
    """What is left of the input at the address, with its size in the highest byte."""
    word = wrapping_shl(size, 56)
    for place in range(size % WORD):
        word = word | wrapping_shl(u64(load8(wrapping_add(address, place))), 8 * place)
    return word


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
