"""What this machine has: filled from the device tree before anything else is started, then only read."""

from atoll.abi.boot import BootInfo

board: BootInfo = BootInfo()
