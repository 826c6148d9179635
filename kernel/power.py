"""The end of the machine, with an exit status for whoever started it."""

from typing import NoReturn

from atoll.abi.board import TEST_FAIL, TEST_PASS
from atoll.abi.raw import store32
from atoll.abi.riscv import wfi
from atoll.abi.types import u64
from atoll.kernel import firmware, memory
from atoll.kernel.board import board

CANNOT_RUN = 126  # a program that is no program, as shells say it
NOT_FOUND = 127  # a program that is not there, as shells say it
PANIC = 70  # the kernel broke its own promise ("internal software error" in sysexits.h)


def power_off(status: u64) -> NoReturn:
    """Stop. The test device passes the status (0 to 255) on, firmware only whether all went well."""
    if board.test_device != 0:
        store32(memory.reach(board.test_device), TEST_PASS if status == 0 else status << 16 | TEST_FAIL)
    else:
        firmware.power_off(status != 0)
    while True:
        wfi()
