"""What the kernels here share: everything that the real one starts before it runs programs."""

from atoll.abi.raw import view
from atoll.abi.types import u64
from atoll.kernel import devicetree, memory, paging, panic, trap
from atoll.kernel.board import board
from atoll.kernel.refusal import Refused


def start(device_tree: u64) -> None:
    """Traps, console, memory, paging."""
    trap.start()
    size = devicetree.size_of_tree(view(device_tree, 8))
    devicetree.read_board(view(device_tree, size), board)
    board.device_tree = device_tree
    board.device_tree_end = device_tree + size
    memory.start()
    try:
        paging.start()
    except Refused:
        panic.stop("PANIC: no memory for the kernel's page tables")
