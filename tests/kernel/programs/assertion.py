"""An assertion that does not hold."""

from atoll.abi.types import i64


def half(number: i64) -> i64:
    """Half of an even number."""
    assert number % 2 == 0, f"{number} is odd"
    return number // 2


def main() -> None:
    """Twice right, once wrong."""
    print(half(10), half(-4))
    print(half(7))
