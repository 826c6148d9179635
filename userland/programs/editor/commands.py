"""The editor's command lines: `[FIRST[,LAST]]LETTER[REST]`, with addresses as in ed.

An address is a number, `.` (the current line), `$` (the last), `/pattern/` (the next line with it, all around), each
with `+N` or `-N` behind; `%` stands for `1,$`.
"""

from atoll.abi.types import Bytes, Text, u8, u64
from atoll.userland.library.matching import Pattern
from atoll.userland.library.text import StringBuilder
from atoll.userland.programs.editor.lines import Lines

LINE_SIZE = 1024  # bytes of a line made by `s`
SLASH = 0x2F
COMMA = 0x2C
PERCENT = 0x25
DOT = 0x2E
DOLLAR = 0x24
PLUS = 0x2B
MINUS = 0x2D
BACKSLASH = 0x5C
AMPERSAND = 0x26


class BadCommand(Exception):
    """A line that is no command; the text says why."""


class Command:
    """A command, read. Without an address `first` and `last` are the current line."""

    first: u64
    last: u64
    has_address: bool
    letter: u8  # 0: none
    rest: Text
    place: u64  # while it is read

    def read(self, text: Text, lines: Lines, current: u64, pattern: Pattern) -> None:
        """Understand a line. Raises BadCommand, BadPattern."""
        data = text.encode()
        self.place = 0
        self.first, self.last, self.has_address = current, current, False
        if byte_at(data, 0) == PERCENT:
            self.first, self.last, self.has_address = min(1, u64(len(lines))), u64(len(lines)), True
            self.place = 1
        elif self.read_address(data, lines, current, pattern):
            self.first = self.last
            if byte_at(data, self.place) == COMMA:
                self.place += 1
                if not self.read_address(data, lines, current, pattern):
                    raise BadCommand("an address is missing after the comma")
        if self.last > u64(len(lines)) or self.first > self.last:
            raise BadCommand(f"there are lines 1 to {len(lines)}, and the first address comes first")
        self.letter = byte_at(data, self.place)
        self.rest = text[min(self.place + 1, u64(len(data))) : len(data)]

    def read_address(self, data: Bytes, lines: Lines, current: u64, pattern: Pattern) -> bool:
        """An address, into `last`; False if there is none."""
        byte = byte_at(data, self.place)
        if byte == DOT or byte == DOLLAR:
            self.last = current if byte == DOT else u64(len(lines))
            self.place += 1
        elif is_digit(byte):
            self.last = self.read_number(data)
        elif byte == SLASH:
            self.search(data, lines, current, pattern)
        elif byte == PLUS or byte == MINUS:
            self.last = current
        else:
            return False
        self.has_address = True
        while byte_at(data, self.place) == PLUS or byte_at(data, self.place) == MINUS:
            self.move(data)
        return True

    def move(self, data: Bytes) -> None:
        """`+N` or `-N`; one line without a number."""
        forward = data[self.place] == PLUS
        self.place += 1
        distance = self.read_number(data) if is_digit(byte_at(data, self.place)) else u64(1)
        if not forward and distance > self.last:
            raise BadCommand("there is nothing before line 1")
        self.last = self.last + distance if forward else self.last - distance

    def read_number(self, data: Bytes) -> u64:
        """Digits."""
        value: u64 = 0
        while is_digit(byte_at(data, self.place)):
            value = value * 10 + data[self.place] - 0x30
            if value > 1_000_000:
                raise BadCommand("that line number is too large")
            self.place += 1
        return value

    def search(self, data: Bytes, lines: Lines, current: u64, pattern: Pattern) -> None:
        """`/pattern/`: the next line with it; an empty one is the pattern before."""
        text = part_of(data, self.place)
        self.place = min(self.place + u64(len(text)) + 2, u64(len(data)))
        if len(text) > 0:
            pattern.read(text)
        for step in range(u64(len(lines))):
            number = (current + step) % u64(len(lines)) + 1
            if pattern.search(lines.text_of(number)):
                self.last = number
                return
        raise BadCommand("no line has that pattern")


def byte_at(data: Bytes, place: u64) -> u8:
    """A byte of the command; 0 behind its end."""
    return data[place] if place < len(data) else 0


def is_digit(byte: u8) -> bool:
    """Whether it is one."""
    return 0x30 <= byte <= 0x39


def part_of(data: Bytes, start: u64) -> Text:
    """What stands between the delimiter at `start` and the next one, or the end; after a backslash it is none."""
    end = start + 1
    while end < len(data) and data[end] != data[start]:
        if data[end] == BACKSLASH and end + 1 < len(data):
            end += 1
        end += 1
    return str(data[min(start + 1, u64(len(data))) : end], "utf-8")


class Substitution:
    """`s/pattern/text/` or `s/pattern/text/g`; `&` in the text stands for what was found."""

    text: Text
    everywhere: bool
    result: StringBuilder[LINE_SIZE]

    def read(self, rest: Text, pattern: Pattern) -> None:
        """Understand what stands after the s. Raises BadCommand, BadPattern."""
        data = rest.encode()
        if len(data) == 0 or data[0] != SLASH:
            raise BadCommand("write s/pattern/text/ or s/pattern/text/g")
        wanted = part_of(data, 0)
        middle = u64(len(wanted)) + 1
        if middle >= len(data):
            raise BadCommand("the text that comes in its place is missing: s/pattern/text/")
        if len(wanted) > 0:
            pattern.read(wanted)
        self.text = part_of(data, middle)
        end = middle + u64(len(self.text)) + 1
        self.everywhere = byte_at(data, end + 1) == 0x67

    def apply(self, line: Text, pattern: Pattern) -> bool:
        """Put the line as it becomes into `result`; whether the pattern was found. Raises Full."""
        self.result.clear()
        data = line.encode()
        start: u64 = 0
        found = False
        while start <= len(data):
            end = pattern.end_of(data, start) if start == 0 or not pattern.at_start else -1
            if end >= 0 and (self.everywhere or not found):
                found = True
                self.add_text(str(data[start : u64(end)], "utf-8"))
                if u64(end) > start:
                    start = u64(end)
                    continue
            if start < len(data):
                self.result.add_byte(data[start])
            start += 1
        return found

    def add_text(self, match: Text) -> None:
        """What comes in the place of a match."""
        data = self.text.encode()
        place: u64 = 0
        while place < len(data):
            if data[place] == AMPERSAND:
                self.result.add(match)
            else:
                if data[place] == BACKSLASH and place + 1 < len(data):
                    place += 1
                self.result.add_byte(data[place])
            place += 1
