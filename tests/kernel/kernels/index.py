"""A kernel that uses an index out of range."""

from common import start

from atoll.abi.types import Array, export, u64

table: Array[u64, 3] = Array()


def look_up(place: u64) -> u64:
    """One of three."""
    return table[place]


@export("kernel_main")
def kernel_main(hart: u64, device_tree: u64) -> None:
    """Start, then look too far."""
    start(device_tree)
    print(look_up(hart + 3))
