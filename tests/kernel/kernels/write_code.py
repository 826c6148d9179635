"""A kernel that writes over its own code."""

from common import start

from atoll.abi.raw import store32
from atoll.abi.types import export, noinline, u64


@noinline
def scribble(address: u64) -> None:
    """Write there."""
    store32(address, 0)


@export("kernel_main")
def kernel_main(hart: u64, device_tree: u64) -> None:
    """Start, then write where the code begins."""
    start(device_tree)
    scribble(0x8020_0000 + hart)
    print("never printed")
