"""What the terminal is to be shown: collected while a key is worked on, then sent at once."""

from atoll.abi.types import Array, Bytes, Slice, u8, u64
from atoll.servers.console.history import MAX_LINE

ROOM = 4 * MAX_LINE  # a key moves back over a line, rewrites it and moves back again


class Echo:
    """Bytes on their way to the terminal."""

    data: Array[u8, ROOM]
    used: u64

    def put(self, data: Bytes) -> None:
        """Show text; what there is no room for is not shown."""
        size = min(u64(len(data)), ROOM - self.used)
        self.data[self.used : self.used + size] = data[0:size]
        self.used += size

    def back(self, columns: u64) -> None:
        """Move the cursor left."""
        for _ in range(columns):
            self.put(b"\b")

    def take(self) -> Slice[u8]:
        """All of it; it is empty afterwards."""
        size = self.used
        self.used = 0
        return self.data[0:size]


def columns(text: Bytes) -> u64:
    """How wide text is: a column for each character. (Wide and combining characters are not known here.)"""
    count: u64 = 0
    for byte in text:
        if not is_continuation(byte):
            count += 1
    return count


def is_continuation(byte: u8) -> bool:
    """Whether a byte is one of a character's second to fourth."""
    return byte & 0xC0 == 0x80
