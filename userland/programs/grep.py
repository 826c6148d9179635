"""grep: lines in which a pattern is found.

usage: grep [-Fivnclq] PATTERN [FILE ...]
  -F  plain text; else . * + ? ^ $ [a-z] [^a-z] \\ as usual, but no groups, no |
  -i  capitals and small letters are the same    -v  lines without it
  -n  with line numbers    -c  only how many lines    -l  only names of files
  -q  nothing, only the exit status: 0 if there is one, 1 if not, 2 on trouble
"""

from atoll.abi.types import Text, i64, u64
from atoll.userland.library.arguments import begin, expect_operands, operand, operand_count, option
from atoll.userland.library.errors import MISUSED, exit_status, misuse
from atoll.userland.library.inputs import for_each_input
from atoll.userland.library.matching import BadPattern, Pattern
from atoll.userland.library.output import flush, put, put_line
from atoll.userland.library.streams import Reader

ANY = 0xFFFF_FFFF_FFFF_FFFF
USAGE = "grep [-Fivnclq] PATTERN [FILE ...]"

pattern: Pattern = Pattern()


class Found:
    """How many lines there were, in all inputs."""

    lines: u64


found: Found = Found()


def show(line: Text, number: u64, name: Text) -> None:
    """A line that was found."""
    if option("q") or option("c") or option("l"):
        return
    if operand_count() > 2:
        put(name)
        put(":")
    if option("n"):
        put(f"{number}:")
    put_line(line)


def show_count(count: u64, name: Text) -> None:
    """What -c and -l show of an input."""
    if option("l") and count > 0:
        put_line(name if len(name) > 0 else "(standard input)")
    elif option("c") and not option("l"):
        if operand_count() > 2:
            put(name)
            put(":")
        put(f"{count}\n")


def look_through(reader: Reader, name: Text) -> None:
    """One input."""
    count: u64 = 0
    number: u64 = 0
    line = reader.read_line()
    while line is not None:
        number += 1
        if pattern.can_match(line.encode()) != option("v"):
            count += 1
            show(line, number, name)
        line = reader.read_line()
    if not option("q"):
        show_count(count, name)
    found.lines += count
    flush()


def main() -> i64:
    """All inputs."""
    begin(USAGE, "Fivnclq")
    expect_operands(1, ANY)
    try:
        if option("F"):
            pattern.read_literal(operand(0), option("i"))
        else:
            pattern.read(operand(0), option("i"))
    except BadPattern as error:
        misuse(f"{operand(0)}: {error}")
    for_each_input(look_through, 1)
    if exit_status() != 0:
        return MISUSED
    return 0 if found.lines > 0 else 1
