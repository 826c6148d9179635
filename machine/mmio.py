"""Memory-mapped devices: what the board asks of one, and how its registers get into the CPU's address space."""

from typing import Any, Protocol


class Device(Protocol):
    """A device seen from the bus. Offsets are in bytes, sizes 1, 2 or 4; nothing a guest writes may raise."""

    def read(self, offset: int, size: int) -> int:
        """A load."""

    def write(self, offset: int, size: int, value: int) -> None:
        """A store."""


def map_device(engine: Any, base: int, size: int, device: Device) -> None:
    """Have Unicorn call the device for accesses in a range of whole pages; wide and unaligned ones arrive in parts."""

    def read(_engine: Any, offset: int, width: int, _data: object) -> int:
        return device.read(offset, width) & (1 << 8 * width) - 1

    def write(_engine: Any, offset: int, width: int, value: int, _data: object) -> None:
        device.write(offset, width, value & (1 << 8 * width) - 1)

    engine.mmio_map(base, (size + 0xFFF) & ~0xFFF, read, None, write, None)
