"""Streams: what the console, the ends of pipes and open files all are, with buffers in front of them.

A Reader gives lines or whatever bytes come next; a Writer collects what it is given and writes it in larger parts.
"""

from atoll.abi.startup import INPUT, OUTPUT
from atoll.abi.types import Array, Bytes, Text, u8, u64
from atoll.servers.stream.interface import Stream
from atoll.userland.library.text import LINE_FEED
from atoll.userland.runtime.memory import find_bytes
from atoll.userland.runtime.startup import given

READ_SIZE = 8192  # bytes: also the longest line
WRITE_SIZE = 4096


class LineTooLong(Exception):
    """A line of more than READ_SIZE bytes."""


def standard_input() -> Stream:
    """What the program reads from."""
    return Stream(given(INPUT))


def standard_output() -> Stream:
    """What `print` writes to."""
    return Stream(given(OUTPUT))


class Reader:
    """Reads a stream through a buffer."""

    stream: Stream
    buffer: Array[u8, READ_SIZE]
    start: u64  # what has been read but not given out
    end: u64
    ended: bool

    def open(self, handle: u64) -> None:
        """Begin to read at the stream of that gate."""
        self.stream.handle = handle
        self.start = 0
        self.end = 0
        self.ended = False

    def fill(self) -> None:
        """Read more; `ended` if there is none."""
        if self.start > 0:
            self.buffer[0 : self.end - self.start] = self.buffer[self.start : self.end]
            self.end -= self.start
            self.start = 0
        count = self.stream.read(self.buffer[self.end : READ_SIZE])
        self.ended = count == 0
        self.end += count

    def read_line(self) -> Text | None:
        """The next line without its line feed; None at the end. Good until the next call. Raises LineTooLong."""
        while True:
            size = find_bytes(self.buffer[self.start : self.end], b"\n")
            if size >= 0:
                return self.take(u64(size), 1)
            if self.ended:
                return None if self.start == self.end else self.take(self.end - self.start, 0)
            if self.end - self.start == READ_SIZE:
                raise LineTooLong(f"a line has more than {READ_SIZE} bytes")
            self.fill()

    def take(self, size: u64, behind: u64) -> Text:
        """Give out bytes as text, and skip some behind them."""
        first = self.start
        self.start += size + behind
        return str(self.buffer[first : first + size], "utf-8")

    def read_part(self) -> Bytes:
        """Whatever comes next, at least one byte; none at the end. Good until the next call."""
        if self.start == self.end:
            self.fill()
        first = self.start
        self.start = self.end
        return self.buffer[first : self.end]


class Writer:
    """Writes a stream through a buffer: `flush` at the end, or the rest is lost."""

    stream: Stream
    buffer: Array[u8, WRITE_SIZE]
    used: u64

    def open(self, handle: u64) -> None:
        """Begin to write to the stream of that gate."""
        self.stream.handle = handle
        self.used = 0

    def put(self, text: Text) -> None:
        """Text at the end."""
        self.put_bytes(text.encode())

    def put_line(self, text: Text) -> None:
        """A line."""
        self.put_bytes(text.encode())
        self.put_byte(LINE_FEED)

    def put_byte(self, byte: u8) -> None:
        """One byte at the end."""
        if self.used == WRITE_SIZE:
            self.flush()
        self.buffer[self.used] = byte
        self.used += 1

    def put_bytes(self, data: Bytes) -> None:
        """Bytes at the end; large ones go out without a copy."""
        if u64(len(data)) > WRITE_SIZE - self.used:
            self.flush()
        if len(data) >= WRITE_SIZE:
            write_all(self.stream, data)
            return
        self.buffer[self.used : self.used + u64(len(data))] = data
        self.used += u64(len(data))

    def flush(self) -> None:
        """Write out what is in the buffer."""
        used = self.used
        self.used = 0
        write_all(self.stream, self.buffer[0:used])


MAX_PART = 32768  # bytes of one write


def write_all(stream: Stream, data: Bytes) -> None:
    """Write until all is written."""
    done: u64 = 0
    while done < len(data):
        part = data[done : min(done + MAX_PART, u64(len(data)))]
        done += stream.write(part)
