"""A program's arguments while they are put together: texts one behind the other, each ended by a zero byte, which is
the form that the program manager takes.
"""

from atoll.abi.types import Bytes, Text, i64, u64
from atoll.userland.library.text import StringBuilder
from atoll.userland.library.vector import Vector
from atoll.userland.runtime.containers import Full

MAX_BYTES = 6144  # of all arguments
MAX_ARGUMENTS = 256
TOO_MANY = "too many arguments"


class Arguments:
    """Arguments, the program's name first."""

    bytes: StringBuilder[MAX_BYTES]
    ends: Vector[u64, MAX_ARGUMENTS]  # where each one's zero byte is

    def clear(self) -> None:
        """Begin anew."""
        self.bytes.clear()
        self.ends.clear()

    def __len__(self) -> i64:
        """How many there are."""
        return len(self.ends)

    def start_of(self, index: u64) -> u64:
        """Where one begins."""
        return 0 if index == 0 else self.ends[i64(index) - 1] + 1

    def __getitem__(self, index: i64) -> Text:
        """One argument."""
        return self.bytes.text[self.start_of(u64(index)) : self.ends[index]]

    def add(self, text: Text) -> None:
        """One more. Raises Full."""
        if self.ends.full or self.bytes.used + u64(len(text)) + 1 > MAX_BYTES:
            raise Full(TOO_MANY)
        self.bytes.add(text)
        self.ends.append(self.bytes.used)
        self.bytes.add_byte(0)

    def drop(self, count: u64) -> None:
        """The first ones go; there are so many."""
        size = self.start_of(count)
        for index in range(size, self.bytes.used):
            self.bytes.data[index - size] = self.bytes.data[index]
        self.bytes.used -= size
        for index in range(count, u64(len(self.ends))):
            self.ends[i64(index - count)] = self.ends[i64(index)] - size
        for _ in range(count):
            self.ends.pop()

    @property
    def packed(self) -> Bytes:
        """All of them as the program manager takes them."""
        return self.bytes.text.encode()
