"""A division by zero."""

from atoll.abi.types import i64


def mean(total: i64, count: i64) -> i64:
    """The mean of so many numbers."""
    return total // count


def main() -> None:
    """Of three, then of none."""
    print(mean(30, 3))
    print(mean(0, 0))
