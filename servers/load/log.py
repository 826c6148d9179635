"""The log: the latest decisions and events, each a line with its time, for `load -l`."""

from atoll.abi.types import Array, Slice, Text, u8, u64
from atoll.userland.runtime.kernel_calls import clock

LINES = 64
LINE_SIZE = 160
MILLISECOND = 1_000_000


class Line:
    """One line."""

    size: u64
    text: Array[u8, LINE_SIZE]


class Log:
    """The latest lines; each has a number that counts on."""

    lines: Array[Line, LINES]
    count: u64  # ever written

    def note(self, text: Text) -> None:
        """Write a line."""
        now = clock() // MILLISECOND
        line = self.lines[self.count % LINES]
        line.size = 0
        self.add(line, f"{now // 1000:>4}.{now % 1000:03} ")
        self.add(line, text)
        self.add(line, "\n")
        self.count += 1

    def add(self, line: Line, text: Text) -> None:
        """More of a line; what does not fit is left out."""
        size = min(u64(len(text)), LINE_SIZE - line.size)
        line.text[line.size : line.size + size] = text.encode()[0:size]
        line.size += size

    def read(self, first: u64, into: Slice[u8]) -> tuple[u64, u64]:
        """Lines from a number on, or the oldest that there is: the bytes, and the number to go on from."""
        number = max(first, self.count - LINES if self.count > LINES else u64(0))
        used: u64 = 0
        while number < self.count:
            line = self.lines[number % LINES]
            if used + line.size > u64(len(into)):
                break
            into[used : used + line.size] = line.text[0 : line.size]
            used += line.size
            number += 1
        return used, number


log: Log = Log()
