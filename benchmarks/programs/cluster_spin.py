"""cluster_spin: computes for ever."""

from atoll.abi.types import u64, wrapping_add


def main() -> None:
    """The loop."""
    value: u64 = 1
    while value != 0:
        value = wrapping_add(value, value | 1) | 1
