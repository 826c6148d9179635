"""uniq: of equal lines one after another only the first.

usage: uniq [-cd] [FILE]
  -c  how many there were before each
  -d  only lines that come more than once
"""

from atoll.abi.types import Text, i64, u64
from atoll.userland.library.arguments import begin, expect_operands, option
from atoll.userland.library.errors import exit_status
from atoll.userland.library.inputs import for_each_input
from atoll.userland.library.output import flush, put, put_line
from atoll.userland.library.streams import READ_SIZE, Reader
from atoll.userland.library.text import StringBuilder

held: StringBuilder[READ_SIZE] = StringBuilder()


def show(count: u64) -> None:
    """The line held, of which there were so many."""
    if count == 0 or (option("d") and count == 1):
        return
    if option("c"):
        put(f"{count:>7} ")
    put_line(held.text)


def filter_lines(reader: Reader, _: Text) -> None:
    """One input."""
    count: u64 = 0
    line = reader.read_line()
    while line is not None:
        if count > 0 and line == held.text:
            count += 1
        else:
            show(count)
            held.set(line)
            count = 1
        line = reader.read_line()
    show(count)
    flush()


def main() -> i64:
    """The one input."""
    begin("uniq [-cd] [FILE]", "cd")
    expect_operands(0, 1)
    for_each_input(filter_lines)
    return exit_status()
