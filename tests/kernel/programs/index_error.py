"""An index out of range, some calls deep."""

from atoll.abi.types import Array, u64

primes: Array[u64, 4] = Array((2, 3, 5, 7))


def prime(number: u64) -> u64:
    """The prime of that number."""
    return primes[number]


def sum_of_primes(count: u64) -> u64:
    """The sum of the first ones."""
    total: u64 = 0
    for number in range(count):
        total += prime(number)
    return total


def main() -> None:
    """One sum that is there and one that is not."""
    print(f"4 primes: {sum_of_primes(4)}")
    print(f"8 primes: {sum_of_primes(8)}")
