"""wc: count lines, words and bytes.

usage: wc [-lwc] [FILE ...]
  -l  lines only    -w  words only    -c  bytes only
"""

from atoll.abi.types import Bytes, Text, i64, u64
from atoll.userland.library.arguments import begin, operand_count, option
from atoll.userland.library.errors import exit_status
from atoll.userland.library.inputs import for_each_input
from atoll.userland.library.streams import Reader
from atoll.userland.library.text import LINE_FEED, is_blank


class Counts:
    """What is counted."""

    lines: u64
    words: u64
    bytes: u64
    in_word: bool

    def add(self, data: Bytes) -> None:
        """Count some bytes."""
        self.bytes += u64(len(data))
        for byte in data:
            if byte == LINE_FEED:
                self.lines += 1
            if is_blank(byte):
                self.in_word = False
            elif not self.in_word:
                self.in_word = True
                self.words += 1

    def show(self, name: Text) -> None:
        """One line."""
        everything = not (option("l") or option("w") or option("c"))
        if everything or option("l"):
            print(f"{self.lines:>8}", end="")
        if everything or option("w"):
            print(f"{self.words:>8}", end="")
        if everything or option("c"):
            print(f"{self.bytes:>8}", end="")
        print(f" {name}" if len(name) > 0 else "")


total: Counts = Counts()


def count(reader: Reader, name: Text) -> None:
    """One input."""
    counts = Counts()
    part = reader.read_part()
    while len(part) > 0:
        counts.add(part)
        part = reader.read_part()
    counts.show(name)
    total.lines += counts.lines
    total.words += counts.words
    total.bytes += counts.bytes


def main() -> i64:
    """Each input, and their sum."""
    begin("wc [-lwc] [FILE ...]", "lwc")
    for_each_input(count)
    if operand_count() > 1:
        total.show("total")
    return exit_status()
