"""What a driver's test stands on: a first process that is its own parent, and hands itself devices."""

from atoll.abi.address_space import PAGE_SIZE
from atoll.abi.board import TEST_FAIL, TEST_PASS
from atoll.abi.boot import BOOT_INFO, HANDLE_MACHINE, HANDLE_SELF, BootInfo
from atoll.abi.objects import Right
from atoll.abi.raw import at, store32
from atoll.abi.types import Bytes, u64
from atoll.userland.runtime.devices import Interrupt, Machine
from atoll.userland.runtime.errors import ErrorRecord
from atoll.userland.runtime.objects import Memory, Process
from atoll.userland.runtime.system import be_first, parent
from atoll.userland.runtime.traceback import own_table, print_error

TEST_DEVICE = 0x7300_0000  # where it is mapped
FAILED = 1


def boot_info() -> BootInfo:
    """What the kernel tells the first process."""
    return at(BootInfo, BOOT_INFO)


def machine() -> Machine:
    """All devices."""
    return Machine(boot_info().handles[HANDLE_MACHINE])


def begin() -> None:
    """Before anything else."""
    parent.process = boot_info().handles[HANDLE_SELF]
    be_first(write, fail)
    registers = machine().device_memory(boot_info().test_device, 1)
    Process(parent.process).map(registers, 0, TEST_DEVICE, 1, Right.READ | Right.WRITE)


def write(data: Bytes) -> None:
    """Where print goes."""
    machine().debug_write(data)


def fail(error: ErrorRecord) -> None:
    """An error that the test did not catch."""
    print_error(own_table(), error)
    end(FAILED)


def end(status: u64 = 0) -> None:
    """The machine ends."""
    store32(TEST_DEVICE, TEST_PASS if status == 0 else status << 16 | TEST_FAIL)


def slot_registers(slot: u64) -> Memory:
    """Registers of a virtio slot."""
    return machine().device_memory(boot_info().virtio + slot * PAGE_SIZE, 1)


def slot_interrupt(slot: u64) -> Interrupt:
    """Its interrupt."""
    return machine().create_interrupt(boot_info().virtio_interrupt + slot)
