"""The lines that were typed: the last ones are kept for `history`."""

from atoll.abi.types import Text, i64, u64
from atoll.userland.library.text import StringBuilder
from atoll.userland.runtime.containers import Ring

KEPT = 64
LINE_SIZE = 256  # bytes of a line that are kept


class History:
    """The last lines, numbered from 1."""

    lines: Ring[StringBuilder[LINE_SIZE], KEPT]
    total: u64

    def add(self, line: Text) -> None:
        """One more."""
        if self.lines.full:
            self.lines.pop()
        kept: StringBuilder[LINE_SIZE] = StringBuilder()
        kept.set(line[0 : min(len(line), LINE_SIZE)])
        self.lines.push(kept)
        self.total += 1

    def number_of(self, index: i64) -> u64:
        """The number of a line that is kept."""
        return self.total - u64(len(self.lines)) + u64(index) + 1
