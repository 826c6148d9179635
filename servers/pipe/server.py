"""The pipe server: a table of pipes. Each end is a gate, whose badge is twice the pipe's number, plus 1 to write."""

from atoll.abi.raw import address_of, size_of, view
from atoll.abi.types import Array, Bytes, Slice, u8, u64
from atoll.servers.pipe.interface import NoSuchPipe, Pipes, TooManyPipes
from atoll.servers.pipe.pipe import END_NOT_GIVEN, END_OPEN, WAITERS, Pipe, Waiter
from atoll.servers.stream.interface import Stream, StreamError
from atoll.userland.runtime.containers import Ring
from atoll.userland.runtime.interface import Handle, call
from atoll.userland.runtime.messages import Gate
from atoll.userland.runtime.service import loop
from atoll.userland.runtime.state import StateReader, StateRefused, StateWriter

PIPES = 64
VERSION = 1  # of the state
WRITE_END = 1  # in a badge
REPLY = 0  # offset of Waiter.reply


class PipeServer(Pipes, Stream):
    """All pipes: number % PIPES is the index."""

    pipes: Array[Pipe, PIPES]
    serial: u64  # how many pipes there have been

    def create(self) -> tuple[u64, Handle]:
        """A new pipe."""
        for index in range(u64(PIPES)):
            if self.pipes[index].number == 0:
                self.serial += 1
                number = self.serial * PIPES + index
                gate = loop.port.mint(number * 2 + WRITE_END, True)
                self.pipes[index].open(number)
                return number, gate.handle
        raise TooManyPipes("as many pipes as there is room for")

    def reader(self, pipe: u64) -> Gate:
        """The other end of a new pipe."""
        found = self.find(pipe)
        if found is None or found.read_end != END_NOT_GIVEN:
            raise NoSuchPipe("no pipe of that number has its read end to give")
        gate = loop.port.mint(pipe * 2, True)
        found.read_end = END_OPEN
        return gate

    def find(self, number: u64) -> Pipe | None:
        """The pipe of a number."""
        pipe = self.pipes[number % PIPES]
        return pipe if number != 0 and pipe.number == number else None

    # ---- the ends ----

    def read(self, into: Slice[u8]) -> u64:
        """Read from a read end."""
        pipe = self.find(call.badge // 2)
        if pipe is None or call.badge % 2 == WRITE_END:
            raise StreamError("not the read end of a pipe")
        return pipe.read(into)

    def write(self, data: Bytes) -> u64:
        """Write to a write end."""
        pipe = self.find(call.badge // 2)
        if pipe is None or call.badge % 2 != WRITE_END:
            raise StreamError("not the write end of a pipe")
        return pipe.write(data)

    def last_handle(self, badge: u64) -> None:
        """An end is closed."""
        pipe = self.find(badge // 2)
        if pipe is None:
            return
        if badge % 2 == WRITE_END:
            pipe.close_write_end()
        else:
            pipe.close_read_end()
        if pipe.is_over:
            pipe.number = 0

    # ---- a swap ----

    def state_size(self) -> u64:
        """Room for the table and the numbers of waiting callers."""
        return size_of(PipeServer) + PIPES * WAITERS * 2 * 8 + 64

    def export_state(self, writer: StateWriter) -> None:
        """All pipes with what is in them, and who waits at them."""
        writer.number(VERSION)
        writer.number(self.serial)
        writer.data(view(address_of(self.pipes), size_of(Pipe) * PIPES))
        for index in range(u64(PIPES)):
            if self.pipes[index].number != 0:
                export_waiters(writer, self.pipes[index].readers)
                export_waiters(writer, self.pipes[index].writers)

    def import_state(self, reader: StateReader) -> None:
        """The same."""
        if reader.number() != VERSION:
            raise StateRefused("the pipe server's state is of another version")
        self.serial = reader.number()
        reader.structure(address_of(self.pipes), size_of(Pipe) * PIPES)
        for index in range(u64(PIPES)):
            if self.pipes[index].number != 0:
                import_waiters(reader, self.pipes[index].readers)
                import_waiters(reader, self.pipes[index].writers)


def export_waiters(writer: StateWriter, waiters: Ring[Waiter, WAITERS]) -> None:
    """Their reply handles move."""
    for place in range(len(waiters)):
        writer.moved(waiters[place].reply)


def import_waiters(reader: StateReader, waiters: Ring[Waiter, WAITERS]) -> None:
    """The same."""
    for place in range(len(waiters)):
        reader.moved(address_of(waiters[place]) + REPLY)
