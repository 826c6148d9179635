"""Holds memory of its own, so that it cannot move."""

from atoll.userland.runtime.kernel_calls import sleep
from atoll.userland.runtime.objects import create_memory

LONG = 1_000_000_000  # nanoseconds


def main() -> None:
    """Hold it for a while."""
    memory = create_memory(1)
    sleep(LONG)
    memory.close()
