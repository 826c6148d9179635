"""What this machine has: filled from the device tree before anything else is started, then only read."""

from atoll.abi.types import Text, u64


class Board:
    """Physical addresses and sizes in bytes; 0 where the machine has no such thing."""

    ram: u64
    ram_end: u64
    initrd: u64
    initrd_end: u64
    timebase_hz: u64
    uart: u64
    test_device: u64
    plic: u64
    virtio: u64  # the first of the slots
    tree: u64  # the device tree itself
    tree_end: u64

    # from the kernel's command line
    command_line: Text
    quiet: bool


board: Board = Board()
