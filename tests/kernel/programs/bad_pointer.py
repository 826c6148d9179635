"""System calls with wrong arguments: each is refused, and the program goes on."""

from atoll.abi.address_space import ARGUMENTS, STACK_END, USER_END
from atoll.abi.calls import MAX_WRITE, Call
from atoll.abi.types import i64, u64
from atoll.userland.runtime.system import CallRefused, system_call

KERNEL = 0x8020_0000
DIRECT_MAP = 0xFFFF_FFC0_8020_0000
LAST = 0xFFFF_FFFF_FFFF_FFFF


def attempt(number: u64, address: u64, size: u64) -> None:
    """One call, and what comes of it."""
    try:
        value = system_call(number, address, size)
        print(f"call {number} of {size} bytes at 0x{address:x}: {value}")
    except CallRefused as error:
        print(f"call {number} of {size} bytes at 0x{address:x}: refused, {error.refusal}")


def main() -> i64:
    """Everything that a program could name and must not."""
    attempt(Call.WRITE, 0, 1)
    attempt(Call.WRITE, KERNEL, 16)
    attempt(Call.WRITE, DIRECT_MAP, 16)
    attempt(Call.WRITE, LAST, 16)
    attempt(Call.WRITE, LAST - 8, LAST)
    attempt(Call.WRITE, USER_END - 1, 1)
    attempt(Call.WRITE, STACK_END - 8, 16)
    attempt(Call.WRITE, ARGUMENTS, MAX_WRITE + 1)
    attempt(Call.WRITE, ARGUMENTS, 4097)
    attempt(Call.WRITE, ARGUMENTS, 0)
    attempt(Call.REPORT_ERROR, 0, 0)
    attempt(Call.REPORT_ERROR, STACK_END - 8, 0)
    attempt(0, 0, 0)
    attempt(LAST, LAST, LAST)
    return 7
