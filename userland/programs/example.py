"""example: count lines that contain a word: a beginning for your own programs.

usage: example [-v] WORD [FILE ...]
  -v  show the lines too
"""

from atoll.abi.types import Text, i64, u64
from atoll.userland.library.arguments import begin, expect_operands, operand, option
from atoll.userland.library.errors import exit_status
from atoll.userland.library.inputs import for_each_input
from atoll.userland.library.streams import Reader

ANY = 0xFFFF_FFFF_FFFF_FFFF  # operands


class Total:
    """What is counted, in all files together."""

    lines: u64


# Module state and locals are all the memory there is: nothing is allocated while a program runs.
total: Total = Total()


def count(reader: Reader, name: Text) -> None:
    """One file; `name` is empty for the standard input."""
    line = reader.read_line()
    while line is not None:
        if line.find(operand(0)) >= 0:
            total.lines += 1
            if option("v"):
                print(f"{name}: {line[0 : min(len(line), 80)]}")
        line = reader.read_line()


def main() -> i64:
    """What the system starts; the result is the exit status."""
    # The first text is shown by --help and after a mistake; the second names the options there are.
    begin("example [-v] WORD [FILE ...]", "v")
    expect_operands(1, ANY)
    for_each_input(count, 1)  # operands from the second on are files; each that cannot be read is complained of
    print(f"{total.lines} lines contain {operand(0)}")
    return exit_status()
