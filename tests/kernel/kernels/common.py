"""What the kernels here share: everything that the real one starts before it runs programs."""

from atoll.abi.raw import view
from atoll.abi.types import u64
from atoll.kernel import console, devicetree, memory, paging, panic, trap
from atoll.kernel.board import board
from atoll.kernel.memory import OutOfMemory


def start(device_tree: u64) -> None:
    """Traps, console, memory, paging."""
    trap.start()
    console.start()
    size = devicetree.size_of_tree(view(device_tree, 8))
    devicetree.read_board(view(device_tree, size), board)
    memory.start(board.ram_end)
    memory.reserve(device_tree, device_tree + size)
    try:
        paging.start()
    except OutOfMemory:
        panic.no_memory()
