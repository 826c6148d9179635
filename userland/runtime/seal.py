"""The seal of a frame (layout: abi/wire.py): a tag that only members of the cluster can make, and a checksum for all.

The tag is made as UMAC's: NH, a universal hash of eight instructions a word, makes 16 bytes of the data, and a
cipher's work, here SipHash-2-4, is done for these and the header only. Who does not have the key, and the pad that is
drawn from it, cannot choose data with the same NH. Sources: Black, Halevi, Krawczyk, Krovetz, Rogaway, "UMAC: fast and
secure message authentication", 1999; RFC 4418. The host compiles this file for itself: everything in it wraps.
"""

from atoll.abi import wire
from atoll.abi.raw import address_of, load64, store64
from atoll.abi.types import Array, export, u64, wrapping_add, wrapping_mul, wrapping_shl
from atoll.userland.runtime.siphash import sip_end, sip_start, sip_words, siphash_memory

WORD = 8  # bytes
PAIR = wire.DATA_UNIT  # bytes that NH multiplies with each other
HALF = 0xFFFF_FFFF
SIP_WORDS = 2  # of the key, for SipHash
KEY_WORDS = SIP_WORDS + wire.FRAGMENT_SIZE // WORD  # behind them is the pad: a word for each of the longest data
COVERED: u64 = wrapping_shl(u64(wire.DATA + PAIR), 56)  # SipHash's last word: how many bytes it was given


class SealKey:
    """What is drawn from the boot key, once."""

    words: Array[u64, KEY_WORDS]


@export("draw_seal_key")
def draw_seal_key(first: u64, second: u64, key: u64) -> None:
    """Draw the words of the SealKey at an address: the hashes of their numbers, with the boot key."""
    for number in range(u64(KEY_WORDS)):
        place = wrapping_add(key, number * WORD)
        store64(place, number)
        store64(place, siphash_memory(first, second, place, WORD))


@export("write_seal")
def write_seal(key: u64, frame: u64, size: u64, seal: u64) -> None:
    """Write what `tag_and_sum` gives to an address."""
    tag, total = tag_and_sum(key, frame, size)
    store64(seal, tag)
    store64(wrapping_add(seal, WORD), total)


def tag_and_sum(key: u64, frame: u64, size: u64) -> tuple[u64, u64]:
    """Of the frame at an address: `size` bytes, header and data, padded to a DATA_UNIT; with the SealKey at another."""
    data, end = wrapping_add(frame, wire.DATA), wrapping_add(frame, size)
    a, b, c, d = sip_start(load64(key), load64(wrapping_add(key, WORD)))
    a, b, c, d = sip_words(a, b, c, d, frame, data)
    hashed: Array[u64, PAIR // WORD] = Array()
    hashed[0], hashed[1], total = universal(wrapping_add(key, SIP_WORDS * WORD), data, end)
    a, b, c, d = sip_words(a, b, c, d, address_of(hashed), wrapping_add(address_of(hashed), PAIR))
    for place in range(u64(0), u64(wire.DATA), u64(WORD)):
        total = wrapping_add(total, load64(wrapping_add(frame, place)))
    return sip_end(a, b, c, d, COVERED), total


def universal(pad: u64, start: u64, end: u64) -> tuple[u64, u64, u64]:
    """NH of the words from `start` to `end`, low and high half, and the sum of these words.

    Each pair of words, each plus its word of the pad modulo 2^64, is multiplied; the sum of the products, modulo
    2^128, is the same for two given texts with a chance of 2^-64.
    """
    low: u64 = 0
    high: u64 = 0
    total: u64 = 0
    while start != end:
        first, second = load64(start), load64(wrapping_add(start, WORD))
        total = wrapping_add(wrapping_add(total, first), second)
        a, b = wrapping_add(first, load64(pad)), wrapping_add(second, load64(wrapping_add(pad, WORD)))
        start, pad = wrapping_add(start, PAIR), wrapping_add(pad, PAIR)
        product = wrapping_mul(a, b)
        low = wrapping_add(low, product)
        high = wrapping_add(wrapping_add(high, multiply_high(a, b)), u64(low < product))
    return low, high, total


def multiply_high(a: u64, b: u64) -> u64:
    """The high half of a product. (The compiler knows this form, and makes one instruction of it.)"""
    a_low, a_high, b_low, b_high = a & HALF, a >> 32, b & HALF, b >> 32
    middle = wrapping_add(wrapping_mul(a_high, b_low), wrapping_mul(a_low, b_low) >> 32)
    other = wrapping_add(wrapping_mul(a_low, b_high), middle & HALF)
    return wrapping_add(wrapping_add(wrapping_mul(a_high, b_high), middle >> 32), other >> 32)
