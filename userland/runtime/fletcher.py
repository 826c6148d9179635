"""Fletcher-64: a quick checksum that notices noise. Two sums, modulo 2^32 - 1, of the 32-bit words.

Source: Fletcher, "An arithmetic checksum for serial transmissions", 1982. No sum of so few words overflows, so one
remainder at the end does. The host compiles this file for itself, without checks: everything in it wraps.
"""

from atoll.abi.raw import load32
from atoll.abi.types import export, u64, wrapping_add, wrapping_shl

WORDS = 8  # bytes of two 32-bit words, which each round takes
MODULUS = 0xFFFF_FFFF
MOST_BYTES = 1 << 16  # that leave room in the sums


@export("fletcher64_memory")
def fletcher64_memory(address: u64, size: u64) -> u64:
    """The checksum of the bytes at an address; it is a multiple of 4, the size of 8 and at most MOST_BYTES."""
    low: u64 = 0
    high: u64 = 0
    place = address
    end = wrapping_add(address, size)
    while place != end:
        low = wrapping_add(low, load32(place))
        high = wrapping_add(high, low)
        low = wrapping_add(low, load32(wrapping_add(place, 4)))
        high = wrapping_add(high, low)
        place = wrapping_add(place, WORDS)
    return wrapping_shl(high % MODULUS, 32) | low % MODULUS
