"""RAM: one stretch of host memory that the CPU and the host share, so that devices move data without a copy between."""

import ctypes
import mmap
import sys
import zlib
from collections.abc import Callable

from atoll.abi import board as layout

PAGE = 4096


class OutsideRamError(Exception):
    """A device was told to touch physical addresses that are not RAM."""


class Ram:
    """The board's memory, addressed physically; `written(address, size)` is told of every host write into it."""

    def __init__(self, size: int) -> None:
        self.size = size
        private = {"flags": mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS} if hasattr(mmap, "MAP_PRIVATE") else {}
        self._memory = mmap.mmap(-1, size, **private)
        self._pin = ctypes.c_char.from_buffer(self._memory)
        self.written: Callable[[int, int], None] = lambda address, size: None

    @property
    def host_address(self) -> int:
        """Where the first byte lies in this process."""
        return ctypes.addressof(self._pin)

    @property
    def end(self) -> int:
        """The first physical address behind RAM."""
        return layout.RAM + self.size

    def holds(self, address: int, size: int) -> bool:
        """Whether all of the range is RAM."""
        return address >= layout.RAM and size >= 0 and address + size <= self.end

    def read(self, address: int, size: int) -> bytes:
        """A copy of the bytes there."""
        start = self._offset(address, size)
        return self._memory[start : start + size]

    def write(self, address: int, data: bytes) -> None:
        """Store, and let the CPU forget what it translated from there."""
        start = self._offset(address, len(data))
        self._memory[start : start + len(data)] = data
        self.written(address, len(data))

    def _offset(self, address: int, size: int) -> int:
        if not self.holds(address, size):
            raise OutsideRamError(f"{size} bytes at {address:#x}")
        return address - layout.RAM

    def clear(self) -> None:
        """All zero, as after power-on. Linux can take the pages back, which is quick however large RAM is."""
        if sys.platform == "linux":
            self._memory.madvise(mmap.MADV_DONTNEED)
        else:
            for start in range(0, self.size, 1 << 20):
                end = min(start + (1 << 20), self.size)
                self._memory[start:end] = bytes(end - start)
        self.written(layout.RAM, self.size)

    def save(self) -> list[list[int | bytes]]:
        """Stretches that are not all zero: offset and compressed bytes."""
        step = 64 << 10
        zero = bytes(step)
        stretches: list[list[int | bytes]] = []
        for start in range(0, self.size, step):
            data = self._memory[start : min(start + step, self.size)]
            if data != zero[: len(data)]:
                stretches.append([start, zlib.compress(data, 1)])
        return stretches

    def restore(self, stretches: list[list[int | bytes]]) -> None:
        """The opposite of `save`."""
        self.clear()
        for start, packed in stretches:
            if not isinstance(start, int) or not isinstance(packed, bytes):
                raise ValueError("a stretch of memory is an offset and its bytes")
            data = zlib.decompress(packed)
            self._memory[start : start + len(data)] = data
        self.written(layout.RAM, self.size)
