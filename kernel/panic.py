"""Panic: the kernel has broken one of its own promises. It says which, shows where, and stops the machine; no program
can cause this. Most are checks that fail: an index, an overflow, an `assert`.
"""

from typing import NoReturn

from atoll.abi.calls import Death
from atoll.abi.raw import address_of, load64
from atoll.abi.riscv import frame_pointer
from atoll.abi.trace import LOCATION_LINE
from atoll.abi.types import Text, export, noinline, u32, u64
from atoll.kernel import history, layout, power, scheduler
from atoll.kernel.board import board
from atoll.kernel.entry import TrapFrame
from atoll.userland.runtime import errors
from atoll.userland.runtime.accesses import access_of
from atoll.userland.runtime.traceback import (
    CALL_SIZE,
    Trail,
    location_field,
    location_of_address,
    location_of_site,
    own_table,
    print_error,
    print_frame,
    print_message,
    print_trail,
)

REGISTERS_IN_LINE = 4

# ---- a frame on the stack: where, below the frame pointer, its owner saved what ----
RETURN_ADDRESS = 8  # bytes
CALLER_FRAME = 16

panicking: bool = False


@export("check_failed")
@noinline
def check_failed(code: u64, site: u32, a: u64, b: u64) -> NoReturn:
    """A check failed in kernel code (index, overflow, division, assert, None)."""
    begin("PANIC: a check failed in the kernel")
    errors.raise_words(code, site, a, b)
    trail = Trail()
    follow_frames(frame_pointer(), trail)
    table = own_table()
    print_trail(table, trail)
    place, shown = location_of_site(table, u64(site)), location_of_address(table, trail.addresses[0])
    if location_field(table, place, LOCATION_LINE) != location_field(table, shown, LOCATION_LINE):
        print_frame(table, place)  # the calls of several checks may be one instruction
    print_message(table, errors.record)
    end()


def kernel_fault(frame: TrapFrame, cause: u64, address: u64) -> NoReturn:
    """The CPU trapped in kernel code. (entry.py has put the registers into the fault area.)"""
    begin("PANIC: the CPU trapped in the kernel")
    trail = Trail()
    trail.add(frame.pc)
    follow_frames(frame.s0, trail)
    print_trail(own_table(), trail)
    if layout.fault_area_end() <= address < layout.stack_start():
        print(f"StackOverflow: the kernel's stack of {layout.STACK_SIZE >> 10} KiB is used up")
    elif access_of(cause) != "":
        print(f"IllegalAccess: {access_of(cause)} address 0x{address:016x}")
    else:
        print(f"CpuException: cause {cause}, address 0x{address:016x}")
    print_registers(frame)
    end()


def root_ended(status: u64, death: u64) -> NoReturn:
    """The first process holds all others' memory: nothing can go on without it."""
    if death == Death.EXITED and board.test_device == 0:
        power.power_off(status)  # the only way for it to stop such a machine
    begin("PANIC: the first process has ended")
    thread = scheduler.scheduler.current
    print(f"status {status}, {'exited' if death == Death.EXITED else 'fault'}, at address 0x{thread.fault_address:x}")
    print_registers(thread.frame)
    end()


def begin(text: Text) -> None:
    """Say that; a second panic, in the printing of the first, stops at once."""
    global panicking
    if panicking:
        power.power_off(power.PANIC)
    panicking = True
    print(text)


def end() -> NoReturn:
    """All is said but what came before."""
    history.show()
    power.power_off(power.PANIC)


def stop(text: Text, status: u64 = power.PANIC) -> NoReturn:
    """There is no more to say than that."""
    begin(text)
    power.power_off(status)


def unexpected_error() -> NoReturn:
    """An error of the kernel's own came out where none can."""
    begin("PANIC: an error that the kernel did not catch")
    print_error(own_table(), errors.record)
    end()


def follow_frames(innermost: u64, trail: Trail) -> None:
    """Collect the return addresses on the kernel's stack. Only what lies in the stacks is looked at."""
    pointer = innermost
    while pointer >= CALLER_FRAME and is_on_stack(pointer - CALLER_FRAME):
        caller = load64(pointer - CALLER_FRAME)
        back = load64(pointer - RETURN_ADDRESS)
        if caller <= pointer or back < CALL_SIZE:
            break
        trail.add(back - CALL_SIZE)
        pointer = caller


def is_on_stack(address: u64) -> bool:
    """Whether a frame can be there."""
    on_fault_stack = layout.fault_area() <= address < layout.fault_area_end()
    on_stack = layout.stack_start() <= address < layout.kernel_end()
    return address % 8 == 0 and (on_fault_stack or on_stack)


def print_registers(frame: TrapFrame) -> None:
    """pc and x1 to x31."""
    print(f"pc  {frame.pc:016x}", end="")
    for number in range(1, 32):
        print(f"\nx{number:<2}" if number % REGISTERS_IN_LINE == 0 else f" x{number:<2}", end=" ")
        print(f"{load64(address_of(frame) + 8 * number):016x}", end="")
    print()
