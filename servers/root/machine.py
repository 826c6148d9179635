"""What the kernel gave the first process: the initial RAM disk, the UART, and the device that ends the machine."""

from typing import NoReturn

from atoll.abi.address_space import PAGE_SIZE
from atoll.abi.board import TEST_FAIL, TEST_PASS, UART_CAN_SEND, UART_DATA, UART_LINE_STATUS
from atoll.abi.boot import BOOT_INFO, HANDLE_INITRD, HANDLE_MACHINE, HANDLE_SELF, BootInfo
from atoll.abi.objects import Info, Right
from atoll.abi.raw import at, load8, store8, store32, view
from atoll.abi.types import Bytes, i64, u8, u64
from atoll.userland.runtime.devices import Machine
from atoll.userland.runtime.objects import Memory, Process, read_info
from atoll.userland.runtime.system import exit_program

# ---- where root maps what it uses itself ----
UART = 0x7100_0000
TEST_DEVICE = 0x7100_1000
ARCHIVE = 0x2000_0000

MISBEHAVED = 1  # a program did what no program may
CANNOT_RUN = 126  # a program that is no program, as shells say it
NOT_FOUND = 127  # a program that is not there, as shells say it
FAILED = 70  # root itself did ("internal software error" in sysexits.h)


def boot_info() -> BootInfo:
    """What the kernel tells the first process."""
    return at(BootInfo, BOOT_INFO)


def this_process() -> Process:
    """Root itself."""
    return Process(boot_info().handles[HANDLE_SELF])


def free_pages() -> u64:
    """How many pages of its quota, which is all the memory of the machine, root has not used or given away."""
    figures = Info()
    read_info(this_process().handle, figures)
    return (figures.words[1] - figures.words[2]) // PAGE_SIZE


def start() -> None:
    """Map the devices that root drives."""
    map_device(boot_info().uart, UART)
    map_device(boot_info().test_device, TEST_DEVICE)


def map_device(physical: u64, address: u64) -> None:
    """Show a page of registers, if the machine has that device."""
    if physical != 0:
        registers = Machine(boot_info().handles[HANDLE_MACHINE]).device_memory(physical, 1)
        this_process().map(registers, 0, address, 1, Right.READ | Right.WRITE)
        registers.close()


def archive() -> Bytes:
    """The initial RAM disk."""
    info = boot_info()
    pages = (info.initrd_offset + info.initrd_size + PAGE_SIZE - 1) // PAGE_SIZE
    this_process().map(Memory(info.handles[HANDLE_INITRD]), 0, ARCHIVE, pages, Right.READ)
    return view(ARCHIVE + info.initrd_offset, info.initrd_size)


def write(data: Bytes) -> None:
    """Write to the UART, or else to the kernel's boot console."""
    if boot_info().uart == 0:
        Machine(boot_info().handles[HANDLE_MACHINE]).debug_write(data)
        return
    for byte in data:
        put_uart(byte)


def put_uart(byte: u8) -> None:
    """Send one byte as soon as the UART can take it."""
    while load8(UART + UART_LINE_STATUS) & UART_CAN_SEND == 0:
        pass
    store8(UART + UART_DATA, byte)


def power_off(status: u64) -> NoReturn:
    """End the machine; the test device passes the status (0 to 255) on. Without one, the kernel asks the firmware."""
    if boot_info().test_device != 0:
        store32(TEST_DEVICE, TEST_PASS if status == 0 else status << 16 | TEST_FAIL)
    exit_program(i64(status))
