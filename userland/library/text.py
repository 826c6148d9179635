"""Text: parsing numbers, looking for bytes, splitting into views, and building text in a buffer of fixed capacity.

A text is a view of UTF-8 bytes: what these functions give points into what they were given; nothing is copied.
"""

from __future__ import annotations

from typing import Generic, TypeVar

from atoll.abi.types import Array, Bytes, Text, i64, u8, u64
from atoll.userland.runtime.containers import Full

N = TypeVar("N")

SPACE = 0x20
TAB = 0x09
LINE_FEED = 0x0A
MINUS = 0x2D
PLUS = 0x2B
ZERO = 0x30
LOWER_A = 0x61
CASE_BIT = 0x20
EQUALS = 0x3D
LARGEST = 0xFFFF_FFFF_FFFF_FFFF

# ---- looking ----


def is_blank(byte: u8) -> bool:
    """Space, tab, and what ends a line."""
    match byte:
        case 0x20 | 0x09 | 0x0A | 0x0D:
            return True
    return False


def find_byte(text: Text, wanted: u8, start: u64 = 0) -> i64:
    """Where that byte is, from `start` on; -1 if nowhere."""
    data = text.encode()
    place = i64(start)
    while place < len(data):
        if data[place] == wanted:
            return place
        place += 1
    return -1


def find_last_byte(text: Text, wanted: u8) -> i64:
    """Where that byte is for the last time; -1 if nowhere."""
    data = text.encode()
    place = len(data) - 1
    while place >= 0 and data[place] != wanted:
        place -= 1
    return place


def strip(text: Text) -> Text:
    """Without the blanks at both ends."""
    data = text.encode()
    start, end = 0, len(data)
    while start < end and is_blank(data[start]):
        start += 1
    while end > start and is_blank(data[end - 1]):
        end -= 1
    return text[start:end]


def cut(text: Text, separator: u8) -> tuple[Text, Text]:
    """What is before the first separator, and what is behind it (all and nothing if there is none)."""
    place = find_byte(text, separator)
    if place < 0:
        return text, text[len(text) : len(text)]
    return text[0:place], text[place + 1 : len(text)]


class Words:
    """The words of a text, one after another: `words.start(text)`, then `next()` until it is None."""

    rest: Text

    def start(self, text: Text) -> None:
        """Begin with the first word of a text."""
        self.rest = text

    def next(self) -> Text | None:
        """The next word: what stands between blanks."""
        self.rest = strip(self.rest)
        if len(self.rest) == 0:
            return None
        end = 0
        while end < len(self.rest) and not is_blank(self.rest.encode()[end]):
            end += 1
        word = self.rest[0:end]
        self.rest = self.rest[end : len(self.rest)]
        return word


# ---- numbers ----


def digit_of(byte: u8) -> u64:
    """The value of a digit or letter; 36 for anything else."""
    if ZERO <= byte < ZERO + 10:
        return u64(byte - ZERO)
    lower = byte | CASE_BIT
    if LOWER_A <= lower < LOWER_A + 26:
        return u64(lower - LOWER_A) + 10
    return 36


def parse_unsigned(text: Text, base: u64 = 10) -> u64:
    """The number that a text says, digits only. Raises ValueError, also for what needs more than 64 bits."""
    result: u64 = 0
    if len(text) == 0:
        raise ValueError("a number is missing")
    for byte in text.encode():
        digit = digit_of(byte)
        if digit >= base:
            raise ValueError(f"{text[0 : min(len(text), 40)]}: not a number")
        if result > (LARGEST - digit) // base:
            raise ValueError(f"{text[0 : min(len(text), 40)]}: too large a number")
        result = result * base + digit
    return result


def parse_signed(text: Text) -> i64:
    """As parse_unsigned, with an optional sign before the digits."""
    data = text.encode()
    negative = len(data) > 0 and data[0] == MINUS
    signed = negative or (len(data) > 0 and data[0] == PLUS)
    size = parse_unsigned(text[1 : len(text)] if signed else text)
    if size > 0x7FFF_FFFF_FFFF_FFFF:
        if negative and size == 1 << 63:
            return -0x7FFF_FFFF_FFFF_FFFF - 1
        raise ValueError(f"{text[0 : min(len(text), 40)]}: too large a number")
    return -i64(size) if negative else i64(size)


# ---- building ----


class StringBuilder(Generic[N]):
    """A text of at most N bytes that grows at its end; what does not fit raises Full."""

    data: Array[u8, N]
    used: u64

    def __len__(self) -> i64:
        """Bytes so far."""
        return i64(self.used)

    @property
    def text(self) -> Text:
        """What has been built. A view: it changes with the builder."""
        return str(self.data[0 : self.used], "utf-8")

    def add(self, text: Text) -> None:
        """Text at the end."""
        self.add_bytes(text.encode())

    def add_bytes(self, data: Bytes) -> None:
        """Bytes at the end."""
        if self.used + u64(len(data)) > u64(len(self.data)):
            raise Full("the text is too long")
        self.data[self.used : self.used + u64(len(data))] = data
        self.used += u64(len(data))

    def add_byte(self, byte: u8) -> None:
        """One byte at the end."""
        if self.used == u64(len(self.data)):
            raise Full("the text is too long")
        self.data[self.used] = byte
        self.used += 1

    def cut_to(self, size: u64) -> None:
        """Forget all behind the first `size` bytes."""
        self.used = min(self.used, size)

    def clear(self) -> None:
        """Begin anew."""
        self.used = 0

    def set(self, text: Text) -> None:
        """Exactly this text (not a part of what the builder holds)."""
        self.used = 0
        self.add(text)
