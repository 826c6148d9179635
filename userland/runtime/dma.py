"""Memory that a device reads and writes itself: mapped here, and where the device finds it.

It belongs to whoever started the driver, who gives the same memory to the driver's successor: so a device that was
left working by a driver that died never writes into pages that have become somebody else's.
"""

from atoll.abi.address_space import PAGE_SIZE
from atoll.abi.objects import Info, Right
from atoll.abi.types import Array, u64
from atoll.userland.runtime.objects import Memory, Process, read_info
from atoll.userland.runtime.system import own_process

MAX_DMA_PAGES = 256

# ---- where drivers map what they were given: above every image, below the arguments ----
REGISTERS = 0x7100_0000
DMA = 0x7200_0000


class NoDmaRoom(Exception):
    """The memory given for a device is too small for its driver."""


class DmaMemory:
    """The memory of one device. It is given out in whole pages, for as long as the driver lives."""

    address: u64
    page_count: u64
    taken: u64  # pages given out
    pages: Array[u64, MAX_DMA_PAGES]  # where the device finds each

    def map(self, memory: Memory, registers: Memory, address: u64 = DMA) -> None:
        """Show memory at an address; `registers` are those of the device. Raises KernelError."""
        info = Info()
        read_info(memory.handle, info)
        self.address = address
        self.page_count = min(info.words[0], MAX_DMA_PAGES)
        self.taken = 0
        Process(own_process()).map(memory, 0, address, self.page_count, Right.READ | Right.WRITE)
        for page in range(self.page_count):
            self.pages[page] = memory.device_address(registers.handle, page)

    def take(self, pages: u64) -> u64:
        """Pages for the driver's use, not cleared; their address here. Raises NoDmaRoom."""
        if pages > self.page_count - self.taken:
            raise NoDmaRoom(f"{pages} pages wanted, {self.page_count - self.taken} of {self.page_count} left")
        first = self.address + self.taken * PAGE_SIZE
        self.taken += pages
        return first

    def physical(self, address: u64) -> u64:
        """Where the device finds what is at an address here."""
        offset = address - self.address
        return self.pages[offset // PAGE_SIZE] + offset % PAGE_SIZE

    def run(self, address: u64, size: u64) -> u64:
        """How many of the bytes from an address on, at most `size`, lie side by side for the device."""
        start = self.physical(address)
        length = min(PAGE_SIZE - address % PAGE_SIZE, size)
        while length < size and self.physical(address + length) == start + length:
            length += min(PAGE_SIZE, size - length)
        return length


def map_registers(registers: Memory, address: u64 = REGISTERS) -> None:
    """Show a page of a device's registers. Raises KernelError."""
    Process(own_process()).map(registers, 0, address, 1, Right.READ | Right.WRITE)


def unmap_registers(address: u64 = REGISTERS) -> None:
    """The opposite of `map_registers`."""
    Process(own_process()).unmap(address, 1)
