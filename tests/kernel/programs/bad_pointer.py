"""System calls with wrong arguments: each is refused, and the program goes on."""

from atoll.abi.address_space import ARGUMENTS, STACK_END, USER_END
from atoll.abi.calls import Call
from atoll.abi.types import i64, u64
from atoll.userland.runtime.kernel_calls import system_call
from atoll.userland.runtime.kernel_errors import KernelError

KERNEL = 0x8020_0000
DIRECT_MAP = 0xFFFF_FFC0_8020_0000
LAST = 0xFFFF_FFFF_FFFF_FFFF


def attempt(number: u64, address: u64) -> None:
    """One call, and what comes of it."""
    try:
        system_call(number, address)
        print(f"call 0x{number:02x} of 0x{address:x}: done")
    except KernelError as error:
        print(f"call 0x{number:02x} of 0x{address:x}: {error}")


def main() -> i64:
    """Everything that a program could name and must not."""
    attempt(Call.STATISTICS, 0)
    attempt(Call.STATISTICS, KERNEL)
    attempt(Call.STATISTICS, DIRECT_MAP)
    attempt(Call.STATISTICS, LAST - 7)
    attempt(Call.STATISTICS, LAST)
    attempt(Call.STATISTICS, USER_END - 8)
    attempt(Call.STATISTICS, STACK_END - 8)
    attempt(Call.STATISTICS, ARGUMENTS)
    attempt(Call.STATISTICS, STACK_END - 0x1_0004)
    attempt(Call.STATISTICS, STACK_END - 0x2_0000)
    attempt(Call.HANDLE_CLOSE, LAST)
    attempt(0x7F, 0)
    attempt(LAST, LAST)
    return 7
