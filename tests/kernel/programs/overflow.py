"""A sum that does not fit its type."""

from atoll.abi.types import u8


def brighter(level: u8) -> u8:
    """A little more light."""
    return level + 100


def main() -> None:
    """Once too bright."""
    level: u8 = 10
    while True:
        print(f"level {level}")
        level = brighter(level)
