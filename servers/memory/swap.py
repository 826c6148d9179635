"""The swap area: slots of one page each in a file of fixed size, which the image has made for it. Without, no swap.

The file is one that we were given, or `/swap`, which is looked for when memory runs short for the first time: when this
server starts, the file service may not be there yet.
"""

from atoll.abi.address_space import PAGE_SIZE
from atoll.abi.objects import NO_HANDLE
from atoll.abi.startup import NAMING
from atoll.abi.types import Array, u8, u64
from atoll.servers.files.interface import File, Files, OpenFlag
from atoll.servers.memory.places import Places
from atoll.servers.naming.interface import Naming
from atoll.userland.runtime.interface import ServiceError
from atoll.userland.runtime.kernel_errors import KernelError
from atoll.userland.runtime.objects import close
from atoll.userland.runtime.startup import given

PATH = "/swap"
SWAP = "swap"  # name of the handle, if we are given the file
MAX_SLOTS = 8192
SLOTS = MAX_SLOTS + 1  # places of the table, the unused one included


class SwapFailed(Exception):
    """A page could not be written to the swap area, or not be read back."""


class Swap:
    """The slots, and the file that they are in."""

    slots: Places[SLOTS]
    file: File
    page: Array[u8, PAGE_SIZE]  # behind a field of 8 bytes: copies of what lies at multiples of 8 are much faster
    is_broken: bool  # it is read, but not written any more
    is_sought: bool  # it was looked for

    def seek(self) -> None:
        """Find a swap area, if we have none; another way to it, if it failed and nothing is in it."""
        if self.is_broken and self.slots.used == 0:
            close(self.file.handle)
            self.file.handle = NO_HANDLE
            self.is_broken, self.is_sought = False, False
        if self.is_sought or self.file.handle != NO_HANDLE:
            return
        self.is_sought = True
        if given(SWAP) == NO_HANDLE and given(NAMING) == NO_HANDLE:
            return
        try:
            self.file = File(given(SWAP)) if given(SWAP) != NO_HANDLE else open_file(Naming(given(NAMING)))
            pages = min(self.file.info().size // PAGE_SIZE, u64(MAX_SLOTS))
        except (ServiceError, KernelError) as error:
            print(f"memory: no swap: {error}")
            return
        if pages > self.slots.known:
            self.slots.extend(pages - self.slots.known)

    def has_room(self) -> bool:
        """Whether a page can be written to it."""
        return self.slots.free > 0 and not self.is_broken

    def capacity(self) -> u64:
        """How many pages it can hold."""
        self.seek()
        return self.slots.used if self.is_broken else self.slots.known

    def write(self, slot: u64) -> None:
        """Write `page` to a slot. Raises SwapFailed."""
        done: u64 = 0
        try:
            while done < PAGE_SIZE:
                part = self.file.write_at(offset_of(slot) + done, self.page[done:PAGE_SIZE])
                if part == 0:
                    raise SwapFailed("the swap area takes no more bytes")
                done += part
        except (ServiceError, KernelError) as error:
            raise SwapFailed(f"cannot write to the swap area: {error}") from None

    def read(self, slot: u64) -> None:
        """Read a slot into `page`. Raises SwapFailed."""
        done: u64 = 0
        try:
            while done < PAGE_SIZE:
                part = self.file.read_at(offset_of(slot) + done, self.page[done:PAGE_SIZE])
                if part == 0:
                    raise SwapFailed("the swap area has become shorter")
                done += part
        except (ServiceError, KernelError) as error:
            raise SwapFailed(f"cannot read from the swap area: {error}") from None


def open_file(naming: Naming) -> File:
    """The file that is found by its name."""
    covered, _, gate = naming.resolve(PATH)  # this node's own: nothing is mounted above it
    try:
        return Files(gate).open(PATH[covered : len(PATH)], OpenFlag.READ | OpenFlag.WRITE)
    finally:
        close(gate)


def offset_of(slot: u64) -> u64:
    """Where in the file a slot is."""
    return (slot - 1) * PAGE_SIZE
