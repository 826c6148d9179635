"""The swap area: slots of one page each in a file of fixed size, which the image has made for it. Without, no swap."""

from atoll.abi.address_space import PAGE_SIZE
from atoll.abi.objects import NO_HANDLE
from atoll.abi.types import Array, Slice, u8, u64
from atoll.servers.files.interface import File
from atoll.servers.memory.places import Places
from atoll.userland.runtime.interface import ServiceError

MAX_SLOTS = 8192
SLOTS = MAX_SLOTS + 1  # places of the table, the unused one included


class SwapFailed(Exception):
    """A page could not be written to the swap area, or not be read back."""


class Swap:
    """The slots, and the file that they are in."""

    slots: Places[SLOTS]
    file: File
    is_broken: bool  # it is read, but not written any more
    page: Array[u8, PAGE_SIZE]

    def start(self, file: File) -> None:
        """Use a file; what it holds is not needed any more."""
        self.file = file
        if file.handle != NO_HANDLE:
            self.slots.extend(min(file.info().size // PAGE_SIZE, u64(MAX_SLOTS)))

    def has_room(self) -> bool:
        """Whether a page can be written to it."""
        return self.slots.free > 0 and not self.is_broken

    def capacity(self) -> u64:
        """How many pages it can hold."""
        return self.slots.used if self.is_broken else self.slots.known

    def write(self, slot: u64) -> None:
        """Write `page` to a slot. Raises SwapFailed."""
        done: u64 = 0
        try:
            while done < PAGE_SIZE:
                done += self.file.write_at(offset_of(slot) + done, self.page[done:PAGE_SIZE])
        except ServiceError as error:
            raise SwapFailed(f"cannot write to the swap area: {error}") from None

    def read(self, slot: u64) -> None:
        """Read a slot into `page`. Raises SwapFailed."""
        done: u64 = 0
        try:
            while done < PAGE_SIZE:
                part = self.file.read_at(offset_of(slot) + done, self.rest(done))
                if part == 0:
                    raise SwapFailed("the swap area has become shorter")
                done += part
        except ServiceError as error:
            raise SwapFailed(f"cannot read from the swap area: {error}") from None

    def rest(self, done: u64) -> Slice[u8]:
        """What of `page` is still to be filled."""
        return self.page[done:PAGE_SIZE]


def offset_of(slot: u64) -> u64:
    """Where in the file a slot is."""
    return (slot - 1) * PAGE_SIZE
