"""A kernel on a machine without UART: it prints through its firmware, in both ways that there are."""

from common import start

from atoll.abi.types import export, u64
from atoll.kernel import console, power
from atoll.kernel.board import board


def print_slowly() -> None:
    """Byte by byte, as firmware without a debug console wants it."""
    console.state.has_debug_console = False
    print("byte by byte")


@export("kernel_main")
def kernel_main(hart: u64, device_tree: u64) -> None:
    """Start, and forget the UART."""
    start(device_tree)
    board.uart = 0
    print(f"hart {hart}: at once, if there is a debug console")
    print_slowly()
    power.power_off(9)
