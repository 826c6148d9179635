"""Counts slowly, remembers all that it has counted, and says at the end whether nothing was lost on the way."""

from atoll.abi.types import Array, Text, i64, u64, wrapping_mul
from atoll.userland.runtime.kernel_calls import sleep
from atoll.userland.runtime.startup import argument, argument_count, environment

MOST = 4096
MILLISECOND = 1_000_000

seen: Array[u64, MOST] = Array()


def number(text: Text) -> u64:
    """Decimal digits."""
    value: u64 = 0
    for digit in text.encode():
        value = value * 10 + u64(digit) - 48
    return value


def main() -> i64:
    """So many steps, so many milliseconds apart."""
    steps = number(argument(0))
    pause = number(argument(1)) if argument_count() > 1 else 10
    third: float = 1.0
    for step in range(steps):
        seen[step] = wrapping_mul(step + 1, 0x9E37_79B9)
        third = third / 3.0 + 1.0
        print(f"step {step} {third:.6f}")
        sleep(pause * MILLISECOND)
    total: u64 = 0
    for step in range(steps):
        if seen[step] != wrapping_mul(step + 1, 0x9E37_79B9):
            print(f"step {step} is lost")
            return 1
        total += step
    print(f"walked {total} {environment('PWD')}")
    return 7
