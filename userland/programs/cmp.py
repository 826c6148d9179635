"""cmp: compare two files; says where they differ first.

usage: cmp [-s] FILE FILE
  -s  say nothing; the exit status is 0 if they are equal, 1 if not, else 2
"""

from atoll.abi.types import Text, i64, u64
from atoll.servers.files.interface import OpenFlag
from atoll.userland.library.arguments import begin, expect_operands, operand, option
from atoll.userland.library.errors import MISUSED, complain
from atoll.userland.library.files import open_file
from atoll.userland.library.streams import Reader
from atoll.userland.library.text import LINE_FEED
from atoll.userland.runtime.system import exit_program

left: Reader = Reader()
right: Reader = Reader()


def open_reader(reader: Reader, path: Text) -> None:
    """Open one of the two; end with status 2 if that fails."""
    try:
        reader.open(open_file(path, OpenFlag.READ).handle)
    except Exception as error:
        complain(path, f"{error}")
        exit_program(MISUSED)


def more(reader: Reader) -> u64:
    """How many bytes of an input are at hand; 0 at its end."""
    if reader.start == reader.end:
        reader.fill()
    return reader.end - reader.start


def compare() -> i64:
    """Byte by byte."""
    place: u64 = 0
    line: u64 = 1
    while True:
        count = min(more(left), more(right))
        if count == 0:
            return end_of(more(left), more(right), place)
        for index in range(count):
            byte = left.buffer[left.start + index]
            if byte != right.buffer[right.start + index]:
                if not option("s"):
                    print(f"{operand(0)} {operand(1)} differ: byte {place + index + 1}, line {line}")
                return 1
            if byte == LINE_FEED:
                line += 1
        left.start += count
        right.start += count
        place += count


def end_of(rest: u64, other: u64, place: u64) -> i64:
    """One of them has ended there, or both."""
    if rest == other:
        return 0
    if not option("s"):
        print(f"{operand(0 if rest == 0 else 1)} ends after byte {place}")
    return 1


def main() -> i64:
    """Two files."""
    begin("cmp [-s] FILE FILE", "s")
    expect_operands(2, 2)
    open_reader(left, operand(0))
    open_reader(right, operand(1))
    try:
        return compare()
    except Exception as error:
        complain("", f"{error}")
        return MISUSED
