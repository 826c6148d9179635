"""compute: a sieve and a hash loop, memory and arithmetic; the host takes the time from `start` to `end`."""

from atoll.abi.types import Array, u64, wrapping_mul

LIMIT = 100_000
SIEVES = 40
HASHES = 200
FNV_OFFSET = 0xCBF2_9CE4_8422_2325              # FNV-1a, 64 bits
FNV_PRIME = 0x0000_0100_0000_01B3

composite: Array[bool, LIMIT] = Array()


def count_primes() -> u64:
    """The primes below LIMIT, by the sieve of Eratosthenes."""
    for number in range(LIMIT):
        composite[number] = False
    count: u64 = 0
    for number in range(2, LIMIT):
        if not composite[number]:
            count += 1
            multiple = number * number
            while multiple < LIMIT:
                composite[multiple] = True
                multiple += number
    return count


def hash_sieve(start: u64) -> u64:
    """FNV-1a over the sieve's table, begun with `start`."""
    result = start
    for flag in composite:
        result = wrapping_mul(result ^ u64(1 if flag else 0), FNV_PRIME)
    return result


def main() -> None:
    print("start")
    primes: u64 = 0
    for _ in range(SIEVES):
        primes += count_primes()
    result: u64 = FNV_OFFSET
    for _ in range(HASHES):
        result = hash_sieve(result)
    print(f"end {primes} {result:016x}")
