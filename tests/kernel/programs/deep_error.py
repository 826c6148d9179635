"""An error that comes a long way: more calls than a record has room for."""

from atoll.abi.types import u64


def descend(steps: u64) -> u64:
    """Go down, and fail at the bottom."""
    if steps == 0:
        raise ValueError("rock bottom")
    return descend(steps - 1) + 1


def main() -> None:
    """Forty calls."""
    print(descend(40))
