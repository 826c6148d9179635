"""A program that is larger than the memory of the machine."""

from atoll.abi.types import Array, u64
from atoll.userland.runtime.system import ticks

table: Array[u64, 32 << 20] = Array()  # 256 MiB


def main() -> None:
    """Use some of it (the compiler cannot know which)."""
    for place in range(ticks(), ticks() + 5):
        table[place] += place
    print(table[ticks()])
