"""Recursion without end."""

from atoll.abi.types import u64


def depth_below(level: u64) -> u64:
    """How deep it goes."""
    return depth_below(level + 1) + 1


def main() -> None:
    """Start it."""
    print("going down")
    print(depth_below(0))
