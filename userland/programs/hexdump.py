"""hexdump: bytes in hexadecimal, 16 a line, with their place and as text.

usage: hexdump [-n COUNT] [FILE ...]
  -n  only so many bytes of each file
"""

from atoll.abi.types import Array, Text, i64, u8, u64
from atoll.userland.library.arguments import begin, option_number
from atoll.userland.library.errors import exit_status
from atoll.userland.library.inputs import for_each_input
from atoll.userland.library.output import flush, put, put_bytes
from atoll.userland.library.streams import Reader

WIDTH = 16
EVERYTHING = 0xFFFF_FFFF_FFFF_FFFF


class Row:
    """The bytes of a line that is not full yet."""

    bytes: Array[u8, WIDTH]
    count: u64
    place: u64  # of its first byte in the file

    def show(self) -> None:
        """Write the line, and begin the next."""
        if self.count == 0:
            return
        put(f"{self.place:08x} ")
        for index in range(WIDTH):
            if index == WIDTH // 2:
                put(" ")
            if index < self.count:
                put(f" {self.bytes[index]:02x}")
            else:
                put("   ")
        for index in range(self.count):
            if not 0x20 <= self.bytes[index] < 0x7F:
                self.bytes[index] = 0x2E
        put("  |")
        put_bytes(self.bytes[0 : self.count])
        put("|\n")
        self.place += self.count
        self.count = 0


row: Row = Row()


def dump(reader: Reader, _: Text) -> None:
    """One input."""
    left = option_number("n", EVERYTHING)
    row.place = 0
    part = reader.read_part()
    while len(part) > 0 and left > 0:
        for byte in part:
            if left == 0:
                break
            row.bytes[row.count] = byte
            row.count += 1
            left -= 1
            if row.count == WIDTH:
                row.show()
        part = reader.read_part()
    row.show()
    flush()


def main() -> i64:
    """Each input."""
    begin("hexdump [-n COUNT] [FILE ...]", "n:")
    for_each_input(dump)
    return exit_status()
