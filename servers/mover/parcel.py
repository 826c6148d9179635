"""A parcel: words and bytes packed one behind the other, as a process's state travels."""

from atoll.abi.calls import MAX_SEGMENT
from atoll.abi.raw import address_of, copy_memory, load64, store64
from atoll.abi.types import Array, Bytes, Slice, u8, u64
from atoll.servers.mover.interface import Immovable

WORD = 8


class Parcel:
    """One that is packed, or unpacked in the same order."""

    data: Array[u8, MAX_SEGMENT]
    size: u64
    place: u64  # of the next word to be unpacked

    def clear(self) -> None:
        """Nothing is in it."""
        self.size, self.place = 0, 0

    def contents(self) -> Bytes:
        """All that was packed."""
        return self.data[0 : self.size]

    def fill(self, data: Bytes) -> None:
        """One that has come."""
        self.clear()
        self.size = u64(len(data))
        copy_memory(address_of(self.data), address_of(data), self.size)

    def add(self, word: u64) -> None:
        """A word."""
        self.check(WORD)
        store64(address_of(self.data) + self.size, word)
        self.size += WORD

    def add_bytes(self, address: u64, size: u64) -> None:
        """A multiple of 8 bytes from our own memory."""
        self.check(size)
        copy_memory(address_of(self.data) + self.size, address, size)
        self.size += size

    def room(self, size: u64) -> Slice[u8]:
        """So many bytes, a multiple of 8, to be filled by the caller."""
        self.check(size)
        self.size += size
        return self.data[self.size - size : self.size]

    def check(self, size: u64) -> None:
        """Raises Immovable: the state is too large."""
        if self.size + size > MAX_SEGMENT:
            raise Immovable("its state does not fit a message")

    def next(self) -> u64:
        """The next word. Raises Immovable."""
        place = self.skip(WORD)
        return load64(address_of(self.data) + place)

    def next_bytes(self, address: u64, size: u64) -> None:
        """The next bytes, into our own memory."""
        place = self.skip(size)
        copy_memory(address, address_of(self.data) + place, size)

    def rest(self) -> Bytes:
        """All that has not been unpacked."""
        return self.data[self.place : self.size]

    def skip(self, size: u64) -> u64:
        """Where the next bytes are, which are unpacked then."""
        if self.place + size > self.size:
            raise Immovable("its state is cut off")
        place = self.place
        self.place += size
        return place
