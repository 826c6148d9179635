"""A kernel that uses up its stack."""

from common import start

from atoll.abi.types import export, u64


def depth_below(level: u64) -> u64:
    """Without end."""
    return depth_below(level + 1) + 1


@export("kernel_main")
def kernel_main(hart: u64, device_tree: u64) -> None:
    """Start, then go down."""
    start(device_tree)
    print(depth_below(hart))
