"""A kernel on a machine without UART: it prints through its firmware, whose debug console it tries as well."""

from common import start

from atoll.abi import sbi
from atoll.abi.raw import address_of
from atoll.abi.types import export, u64
from atoll.kernel import firmware, memory, power
from atoll.kernel.board import board

TEXT = "at once\n"


@export("kernel_main")
def kernel_main(hart: u64, device_tree: u64) -> None:
    """Start, and forget the UART."""
    start(device_tree)
    board.uart = 0
    print(f"hart {hart}: byte by byte")
    error, known = firmware.sbi_call(sbi.BASE, sbi.BASE_PROBE, sbi.DEBUG_CONSOLE, 0)
    if error == sbi.SUCCESS and known != 0:
        place = memory.physical(address_of(TEXT))
        error, written = firmware.sbi_call(sbi.DEBUG_CONSOLE, sbi.DEBUG_CONSOLE_WRITE, u64(len(TEXT)), place)
        assert error == sbi.SUCCESS and written == len(TEXT)
    power.power_off(9)
