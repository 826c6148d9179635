"""sort: the lines of the inputs in order; at most 256 KiB in 8192 lines.

usage: sort [-rnu] [FILE ...]
  -r  last first    -n  by the number that a line begins with
  -u  equal lines once
"""

from atoll.abi.types import Array, Text, i64, u64
from atoll.userland.library.arguments import begin, option
from atoll.userland.library.errors import exit_status, fail
from atoll.userland.library.inputs import for_each_input
from atoll.userland.library.output import flush, put_line
from atoll.userland.library.sorting import sort_stable
from atoll.userland.library.streams import Reader
from atoll.userland.library.text import MINUS, StringBuilder, digit_of, strip
from atoll.userland.library.vector import Vector

MAX_BYTES = 262144
MAX_LINES = 8192


class Line:
    """A line in the pool."""

    start: u64
    end: u64
    number: i64


pool: StringBuilder[MAX_BYTES] = StringBuilder()
lines: Vector[Line, MAX_LINES] = Vector()
scratch: Array[Line, MAX_LINES] = Array()


def text_of(line: Line) -> Text:
    """What the line says."""
    return pool.text[line.start : line.end]


def collect(reader: Reader, _: Text) -> None:
    """The lines of one input."""
    text = reader.read_line()
    while text is not None:
        if lines.full or pool.used + u64(len(text)) > MAX_BYTES:
            fail("", f"the input has more than {MAX_LINES} lines or {MAX_BYTES} bytes")
        line = Line()
        line.start = pool.used
        pool.add(text)
        line.end = pool.used
        line.number = leading_number(text)
        lines.append(line)
        text = reader.read_line()


def leading_number(text: Text) -> i64:
    """The number that a line begins with, up to 18 digits of it; 0 if there is none."""
    data = strip(text).encode()
    negative = len(data) > 0 and data[0] == MINUS
    place = 1 if negative else 0
    value = 0
    for _ in range(18):
        if place == len(data) or digit_of(data[place]) > 9:
            break
        value = value * 10 + i64(digit_of(data[place]))
        place += 1
    return -value if negative else value


def precedes(a: Line, b: Line) -> bool:
    """The order that the options ask for."""
    if option("r"):
        return is_less(b, a)
    return is_less(a, b)


def is_less(a: Line, b: Line) -> bool:
    """By number, then by text."""
    if option("n") and a.number != b.number:
        return a.number < b.number
    return text_of(a) < text_of(b)


def main() -> i64:
    """All inputs together."""
    begin("sort [-rnu] [FILE ...]", "rnu")
    for_each_input(collect)
    sort_stable(lines.items, scratch[:], precedes)
    for index in range(len(lines)):
        if not option("u") or index == 0 or text_of(lines[index]) != text_of(lines[index - 1]):
            put_line(text_of(lines[index]))
    flush()
    return exit_status()
