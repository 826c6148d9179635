"""What every suite stands on: the handles that the first process starts with, and calls whose status is looked at."""

from atoll.abi.boot import BOOT_INFO, HANDLE_MACHINE, HANDLE_SELF, BootInfo
from atoll.abi.raw import at
from atoll.abi.riscv import ecall
from atoll.abi.types import Array, Text, u64
from atoll.userland.runtime.devices import Machine
from atoll.userland.runtime.objects import Process

MAX_GIVEN = 8
PRIORITY = 16  # of the threads and processes that tests start, and of the test itself
PLACE = 0x3000_0000  # where tests map what they need
SHORT = 20_000  # nanoseconds between two looks at what other threads have done


class Given:
    """What a child finds: copied to it with all other data."""

    handles: Array[u64, MAX_GIVEN]
    machine: u64  # to print with; NO_HANDLE: what it prints is lost
    count: u64  # of handles, while they are collected


given: Given = Given()


def boot_info() -> BootInfo:
    """What the kernel tells the first process."""
    return at(BootInfo, BOOT_INFO)


def this_process() -> Process:
    """The suite itself."""
    return Process(boot_info().handles[HANDLE_SELF])


def machine() -> Machine:
    """All devices."""
    return Machine(boot_info().handles[HANDLE_MACHINE])


def status_of(number: u64, a: u64 = 0, b: u64 = 0, c: u64 = 0, d: u64 = 0, e: u64 = 0, f: u64 = 0) -> u64:
    """How a call ends, when nothing is to be raised."""
    status, _ = ecall(a, b, c, d, e, f, 0, number)
    return status


def expect(status: u64, wanted: u64, what: Text = "") -> None:
    """A call has ended with that status."""
    assert status == wanted, f"status 0x{status:x}, not 0x{wanted:x} {what}"
