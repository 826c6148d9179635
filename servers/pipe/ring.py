"""A ring of bytes: what was written to a pipe and not read yet."""

from typing import Generic, TypeVar

from atoll.abi.types import Array, Bytes, Slice, u8, u64

N = TypeVar("N")


class ByteRing(Generic[N]):
    """At most N bytes, first in, first out."""

    data: Array[u8, N]
    first: u64  # place of the oldest
    count: u64

    @property
    def room(self) -> u64:
        """How many bytes more it takes."""
        return u64(len(self.data)) - self.count

    def clear(self) -> None:
        """Forget all."""
        self.first = 0
        self.count = 0

    def write(self, source: Bytes) -> u64:
        """Take as many bytes as there is room for; how many that were."""
        total = min(u64(len(source)), self.room)
        done: u64 = 0
        while done < total:
            place = (self.first + self.count) % u64(len(self.data))
            part = min(total - done, u64(len(self.data)) - place)
            self.data[place : place + part] = source[done : done + part]
            self.count += part
            done += part
        return total

    def read(self, into: Slice[u8]) -> u64:
        """Give the oldest bytes, as many as there are or fit; how many that were."""
        total = min(u64(len(into)), self.count)
        done: u64 = 0
        while done < total:
            part = min(total - done, u64(len(self.data)) - self.first)
            into[done : done + part] = self.data[self.first : self.first + part]
            self.first = (self.first + part) % u64(len(self.data))
            self.count -= part
            done += part
        return total

