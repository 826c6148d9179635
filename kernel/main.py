"""The kernel's first function: what is started, in which order."""

from typing import NoReturn

from atoll.abi.raw import view
from atoll.abi.types import export, u64
from atoll.kernel import (
    devices,
    devicetree,
    memory,
    paging,
    panic,
    reaper,
    root,
    scheduler,
    slabs,
    timer,
    trap,
)
from atoll.kernel.board import board
from atoll.kernel.refusal import Refused

VERSION = "0.1"
HEADER_SIZE = 8  # bytes of a device tree that tell its size


@export("kernel_main")
def kernel_main(hart: u64, device_tree: u64) -> NoReturn:
    """Called by entry.py in supervisor mode, with paging and interrupts off."""
    trap.start()  # a mistake of the kernel's own is reported
    read_device_tree(device_tree)  # what the machine has
    start_paging()  # Sv39, with the kernel in it
    devices.start()  # interrupts for drivers
    timer.start()  # time slices and deadlines
    slabs.start()  # memory for objects
    reaper.start()  # which takes them apart
    scheduler.start()  # who runs
    greet(hart)
    root.start()  # the first process, in user mode


def read_device_tree(address: u64) -> None:
    """Fill the board, and with it the allocator of pages."""
    size = devicetree.size_of_tree(view(address, HEADER_SIZE))
    assert size > 0, "the firmware gave no device tree"
    devicetree.read_board(view(address, size), board)
    board.device_tree = address
    board.device_tree_end = address + size
    memory.start()


def start_paging() -> None:
    """The kernel's own tables need a few pages of memory."""
    try:
        paging.start()
    except Refused:
        panic.stop("PANIC: no memory for the kernel's page tables")


def greet(hart: u64) -> None:
    """The kernel's first line: the same on every machine with the same memory."""
    if board.quiet == 0:
        mebibytes = (board.ram_end - board.ram) >> 20
        print(f"Atoll {VERSION}: hart {hart}, {mebibytes} MiB, timebase {board.timebase_hz // 1_000_000} MHz")
