"""The text that is edited: lines in a pool that grows; when it is full, what no line uses any more is squeezed out."""

from atoll.abi.types import Text, i64, u64
from atoll.userland.library.text import StringBuilder
from atoll.userland.library.vector import Vector
from atoll.userland.runtime.containers import Full

MAX_LINES = 4096
POOL_SIZE = 131072  # bytes


class Line:
    """Where a line is in the pool."""

    start: u64
    end: u64


class Lines:
    """The lines, numbered from 1; number 0 stands before the first."""

    items: Vector[Line, MAX_LINES]
    pool: StringBuilder[POOL_SIZE]
    spare: StringBuilder[POOL_SIZE]  # to squeeze in
    changed: bool

    def __len__(self) -> i64:
        """How many lines there are."""
        return len(self.items)

    def text_of(self, number: u64) -> Text:
        """A line. Good until the next change."""
        line = self.items[i64(number) - 1]
        return self.pool.text[line.start : line.end]

    def insert_after(self, number: u64, text: Text) -> None:
        """A new line behind that one. Raises Full."""
        if self.items.full:
            raise Full(f"a text has at most {MAX_LINES} lines")
        line = Line()
        self.store(line, text)
        self.items.insert(number, line)
        self.changed = True

    def replace(self, number: u64, text: Text) -> None:
        """Another text for a line. Raises Full."""
        line = Line()
        self.store(line, text)
        self.items[i64(number) - 1] = line
        self.changed = True

    def delete(self, first: u64, last: u64) -> None:
        """Lines from one number to another."""
        for _ in range(last + 1 - first):
            self.items.remove(first - 1)
        self.changed = True

    def clear(self) -> None:
        """No lines."""
        self.items.clear()
        self.pool.clear()
        self.changed = False

    def store(self, line: Line, text: Text) -> None:
        """Put a text (not of the pool) at the end of the pool. Raises Full."""
        if self.pool.used + u64(len(text)) > POOL_SIZE:
            self.squeeze()
        line.start = self.pool.used
        self.pool.add(text)
        line.end = self.pool.used

    def squeeze(self) -> None:
        """Keep in the pool only what lines use."""
        self.spare.clear()
        for line in self.items:
            start = self.spare.used
            self.spare.add(self.pool.text[line.start : line.end])
            line.start, line.end = start, self.spare.used
        self.pool.set(self.spare.text)
