"""tail: the last lines of files, 10 unless another number is said.

usage: tail [-n COUNT] [FILE ...]
  -n  so many, at most 1000; of long lines the last 64 KiB
"""

from atoll.abi.types import Array, Text, i64, u8, u64
from atoll.userland.library.arguments import begin, operand_count, option_number
from atoll.userland.library.errors import exit_status, misuse
from atoll.userland.library.inputs import for_each_input
from atoll.userland.library.output import flush, put, put_bytes
from atoll.userland.library.streams import Reader
from atoll.userland.library.text import LINE_FEED

MAX_COUNT = 1000
KEPT = 65536  # bytes


class Last:
    """The last bytes of an input, in a circle."""

    bytes: Array[u8, KEPT]
    total: u64  # bytes that have come in all

    def add(self, line: Text) -> None:
        """One more line."""
        for byte in line.encode():
            self.bytes[self.total % KEPT] = byte
            self.total += 1
        self.bytes[self.total % KEPT] = LINE_FEED
        self.total += 1

    def start_of(self, count: u64) -> u64:
        """The byte that the last `count` lines begin with."""
        oldest: u64 = self.total - KEPT if self.total > KEPT else 0
        place = self.total
        lines: u64 = 0
        while place > oldest:
            if self.bytes[(place - 1) % KEPT] == LINE_FEED:
                if lines == count:
                    break
                lines += 1
            place -= 1
        return place


last: Last = Last()


def show(reader: Reader, name: Text) -> None:
    """The end of one input."""
    last.total = 0
    line = reader.read_line()
    while line is not None:
        last.add(line)
        line = reader.read_line()
    if operand_count() > 1:
        put(f"==> {name} <==\n")
    for place in range(last.start_of(option_number("n", 10)), last.total):
        put_bytes(last.bytes[place % KEPT : place % KEPT + 1])
    flush()


def main() -> i64:
    """Each input."""
    begin("tail [-n COUNT] [FILE ...]", "n:")
    if option_number("n", 10) > MAX_COUNT:
        misuse(f"at most {MAX_COUNT} lines")
    for_each_input(show)
    return exit_status()
