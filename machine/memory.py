"""RAM: one stretch of host memory that the CPU and the host share, so that devices move data without a copy between."""

import ctypes
import mmap
import sys
from collections.abc import Callable

from atoll.abi import board as layout
from atoll.machine.state import PAGE, Stretches, stretches


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
        """All zero, as after power-on."""
        self._clear(0, self.size)

    def _clear(self, start: int, end: int) -> None:
        """The same for whole pages. Linux can take them back, which is quick however many they are."""
        if start == end:
            return
        if sys.platform == "linux":
            self._memory.madvise(mmap.MADV_DONTNEED, start, end - start)
        else:
            for place in range(start, end, 1 << 20):
                stop = min(place + (1 << 20), end)
                self._memory[place:stop] = bytes(stop - place)
        self.written(layout.RAM + start, end - start)

    def save(self) -> Stretches:
        """What is not zero: offsets and bytes."""
        return stretches(lambda start, size: self._memory[start : start + size], self.size)

    def restore(self, saved: Stretches) -> None:
        """The opposite of `save`. Pages that are as they were stay untouched, and with them their translated code."""
        end = 0
        for start, data in saved:
            if not isinstance(start, int) or not isinstance(data, bytes):
                raise ValueError("a stretch of memory is an offset and its bytes")
            self._clear(end, start)
            self._replace(start, data)
            end = start + len(data)
        self._clear(end, self.size)

    def _replace(self, start: int, data: bytes) -> None:
        """Store those pages that differ."""
        if self._memory[start : start + len(data)] == data:
            return
        for place in range(0, len(data), PAGE):
            page = data[place : place + PAGE]
            if self._memory[start + place : start + place + len(page)] != page:
                self.write(layout.RAM + start + place, page)
