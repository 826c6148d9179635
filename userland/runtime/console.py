"""`print`: its parts go into the thread's line buffer, which is written out at their end, or when it is full."""

from atoll.abi.types import Array, PerThread, u8
from atoll.userland.runtime.text import TextSink, write_console

LINE_SIZE = 512  # bytes


class Line:
    """A thread's line buffer."""

    sink: TextSink
    data: Array[u8, LINE_SIZE]


line: PerThread[Line] = Line()


def print_sink() -> TextSink:
    """The thread's line buffer, emptied."""
    line.sink.data = line.data[:]
    line.sink.used = 0
    line.sink.flushing = True
    return line.sink


def print_done(sink: TextSink) -> None:
    """Write out what the line buffer holds."""
    write_console(sink.data[0 : sink.used])
