"""One pipe: a ring of bytes, and who waits at its ends.

A writer is answered when the ring is not full any more: what it wrote is in the ring by then, so that nobody keeps
bytes for those who wait. Several writers can find the ring full before they put anything in; they are answered 0.
"""

from atoll.abi.types import Array, Bytes, Slice, u8, u64
from atoll.servers.pipe.ring import ByteRing
from atoll.servers.stream.interface import BrokenPipe, Stream, StreamError
from atoll.userland.runtime.containers import Ring
from atoll.userland.runtime.interface import call

CAPACITY = 4096  # bytes
WAITERS = 4  # at each end

END_NOT_GIVEN = 0
END_OPEN = 1
END_CLOSED = 2


class Waiter:
    """A caller that waits."""

    reply: u64
    size: u64  # of a reader: the bytes that it has room for; of a writer: those that it has written


class Scratch:
    """What is on its way to a reader that has waited."""

    data: Array[u8, CAPACITY]


scratch: Scratch = Scratch()


class Pipe:
    """Both ends and what is between them."""

    number: u64  # 0: free
    write_end: u64  # END_...
    read_end: u64
    ring: ByteRing[CAPACITY]
    readers: Ring[Waiter, WAITERS]
    writers: Ring[Waiter, WAITERS]

    def open(self, number: u64) -> None:
        """A new pipe."""
        self.number = number
        self.write_end, self.read_end = END_OPEN, END_NOT_GIVEN
        self.ring.clear()
        self.readers.clear()
        self.writers.clear()

    def read(self, into: Slice[u8]) -> u64:
        """What is there; the end, if nobody will write any more; else the caller waits."""
        if self.ring.count > 0 or self.write_end == END_CLOSED or len(into) == 0:
            size = self.ring.read(into)
            self.answer_writers()
            return size
        wait(self.readers, u64(len(into)))
        return 0

    def write(self, data: Bytes) -> u64:
        """Take what there is room for; if the ring is full then, the caller waits. Raises BrokenPipe."""
        if self.read_end == END_CLOSED:
            raise BrokenPipe("nobody reads from this pipe any more")
        size = self.ring.write(data)
        self.answer_readers()
        if self.ring.room == 0:
            wait(self.writers, size)
        return size

    def answer_readers(self) -> None:
        """Those who wait get what is there, the first as much as it has room for."""
        while self.ring.count > 0 and not self.readers.empty:
            reader = self.readers.pop()
            size = self.ring.read(scratch.data[0 : min(reader.size, CAPACITY)])
            Stream.reply_read(reader.reply, scratch.data[0:size])

    def answer_writers(self) -> None:
        """There is room again: those who wait can go on."""
        while self.ring.room > 0 and not self.writers.empty:
            writer = self.writers.pop()
            Stream.reply_write(writer.reply, writer.size)

    def close_write_end(self) -> None:
        """Nobody can write any more: readers get the end. (If some wait, the ring is empty.)"""
        self.write_end = END_CLOSED
        while not self.readers.empty:
            Stream.reply_read(self.readers.pop().reply, b"")

    def close_read_end(self) -> None:
        """Nobody can read any more: what was written is for nobody."""
        self.read_end = END_CLOSED
        self.ring.clear()
        while not self.writers.empty:
            Stream.fail(self.writers.pop().reply, BrokenPipe("nobody reads from this pipe any more"))

    @property
    def is_over(self) -> bool:
        """Whether nobody has an end of it, or ever will."""
        return self.write_end == END_CLOSED and self.read_end != END_OPEN


def wait(waiters: Ring[Waiter, WAITERS], size: u64) -> None:
    """The call that is being answered waits. Raises StreamError."""
    if waiters.full:
        raise StreamError("too many wait at this end of the pipe")
    waiter = Waiter()
    waiter.reply, waiter.size = call.postpone(), size
    waiters.push(waiter)
