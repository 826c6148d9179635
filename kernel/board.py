"""What this machine has: filled from the device tree before anything else is started, then only read."""

from atoll.abi.types import u64


class Board:
    """Physical addresses and sizes in bytes; 0 where the machine has no such thing."""

    ram: u64
    ram_end: u64
    initrd: u64
    initrd_end: u64
    timebase_hz: u64
    uart: u64
    test_device: u64

    # from the kernel's command line
    quiet: bool


board: Board = Board()
