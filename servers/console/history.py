"""The lines that were entered last, for the arrow keys."""

from atoll.abi.types import Array, Bytes, u8, u64

MAX_LINE = 1024  # bytes of one line
KEPT = 32  # lines


class HistoryLine:
    """One of them."""

    length: u64
    data: Array[u8, MAX_LINE]


class History:
    """A ring of lines."""

    lines: Array[HistoryLine, KEPT]
    count: u64  # entered in all

    @property
    def kept(self) -> u64:
        """How many can be recalled."""
        return min(self.count, KEPT)

    def add(self, line: Bytes) -> None:
        """Keep a line, unless it is empty or the same as the one before."""
        if len(line) == 0 or (self.count > 0 and self.recall(1) == line):
            return
        entry = self.lines[self.count % KEPT]
        entry.length = u64(len(line))
        entry.data[0 : entry.length] = line
        self.count += 1

    def recall(self, back: u64) -> Bytes:
        """The line entered that many lines ago, 1 to `kept`."""
        entry = self.lines[(self.count - back) % KEPT]
        return entry.data[0 : entry.length]
