"""A tiny regular expression, for `grep` and `edit`, in time proportional to the text.

    c    that byte             .      any byte             [a-z_]  one of these    [^a-z]  any other
    x*   any number of x       x+     at least one         x?      one or none     \\c      c itself
    ^    at the beginning: the line's beginning            $       at the end: the line's end

There are no groups and no alternatives. The pattern becomes a row of at most 63 elements; a set of bits says which of
them the text read so far can have reached, so nothing is ever tried twice.
"""

from atoll.abi.types import Array, Bytes, Text, i64, u8, u64
from atoll.userland.library.text import CASE_BIT

MAX_ELEMENTS = 63
CARET = 0x5E
DOLLAR = 0x24
DOT = 0x2E
STAR = 0x2A
PLUS = 0x2B
QUESTION = 0x3F
OPEN = 0x5B
CLOSE = 0x5D
DASH = 0x2D
BACKSLASH = 0x5C


class BadPattern(Exception):
    """No regular expression of this kind; the text says why."""


class Element:
    """One byte of the text, out of a set."""

    set: Array[u64, 4]  # bit b % 64 of word b // 64: whether byte b is in it
    repeats: bool
    optional: bool

    def add(self, byte: u8) -> None:
        """This byte belongs to the set."""
        self.set[byte // 64] = self.set[byte // 64] | u64(1) << (byte % 64)

    def has(self, byte: u8) -> bool:
        """Whether it does."""
        return self.set[byte // 64] >> (byte % 64) & 1 == 1

    def add_both_cases(self) -> None:
        """Of a letter in the set, the other case belongs to it too."""
        for byte in range(0x61, 0x7B):
            if self.has(u8(byte)) or self.has(u8(byte) ^ CASE_BIT):
                self.add(u8(byte))
                self.add(u8(byte) ^ CASE_BIT)

    def invert(self) -> None:
        """All others."""
        for word in range(4):
            self.set[word] = ~self.set[word]


class Pattern:
    """A regular expression, read."""

    elements: Array[Element, MAX_ELEMENTS]
    count: u64
    at_start: bool
    at_end: bool
    ignore_case: bool

    # ---- reading ----

    def read(self, text: Text, ignore_case: bool = False) -> None:
        """Understand an expression. Raises BadPattern."""
        data = text.encode()
        self.count = 0
        self.ignore_case = ignore_case
        self.at_start = len(data) > 0 and data[0] == CARET
        self.at_end = False
        place: u64 = 1 if self.at_start else 0
        while place < len(data):
            if data[place] == DOLLAR and place + 1 == len(data):
                self.at_end = True
                place += 1
            else:
                place = self.read_element(data, place)

    def read_literal(self, text: Text, ignore_case: bool = False) -> None:
        """Every byte means itself. Raises BadPattern."""
        self.count = 0
        self.ignore_case = ignore_case
        self.at_start = False
        self.at_end = False
        for byte in text.encode():
            element = self.new_element()
            element.add(byte)
            if ignore_case:
                element.add_both_cases()

    def new_element(self) -> Element:
        """One more, with an empty set."""
        if self.count == MAX_ELEMENTS:
            raise BadPattern(f"the pattern has more than {MAX_ELEMENTS} elements")
        element = self.elements[self.count]
        self.count += 1
        for word in range(4):
            element.set[word] = 0
        element.repeats = False
        element.optional = False
        return element

    def read_element(self, data: Bytes, place: u64) -> u64:
        """One element and what says how often it comes; the place behind."""
        element = self.new_element()
        end = self.read_set(data, place, element)
        if end == len(data):
            return end
        match data[end]:
            case 0x2A:
                element.repeats = True
                element.optional = True
            case 0x2B:  # x+ is x and x*
                again = self.new_element()
                again.set = element.set
                again.repeats = True
                again.optional = True
            case 0x3F:
                element.optional = True
            case _:
                return end
        return end + 1

    def read_set(self, data: Bytes, place: u64, element: Element) -> u64:
        """What stands for one byte of the text."""
        end = place + 1
        match data[place]:
            case 0x2E:
                element.invert()
            case 0x5B:
                return self.read_class(data, place + 1, element)
            case 0x5C:
                if place + 1 == len(data):
                    raise BadPattern("nothing stands after the \\ for it to quote")
                element.add(data[place + 1])
                end = place + 2
            case 0x2A | 0x2B | 0x3F:
                raise BadPattern("nothing stands before *, + or ? for it to repeat")
            case _:
                element.add(data[place])
        if self.ignore_case:
            element.add_both_cases()
        return end

    def read_class(self, data: Bytes, start: u64, element: Element) -> u64:
        """Bytes and ranges up to the closing bracket, which is itself if it comes first."""
        place = start
        inverted = place < len(data) and data[place] == CARET
        if inverted:
            place += 1
        first = place
        while place < len(data) and (data[place] != CLOSE or place == first):
            low = data[place]
            high = low
            if place + 2 < len(data) and data[place + 1] == DASH and data[place + 2] != CLOSE:
                high = data[place + 2]
                place += 2
            if high < low:
                raise BadPattern("a range goes from the smaller to the larger")
            for byte in range(u64(low), u64(high) + 1):
                element.add(u8(byte))
            place += 1
        if place >= len(data):
            raise BadPattern("this [ has no ]")
        if self.ignore_case:
            element.add_both_cases()
        if inverted:
            element.invert()
        return place + 1

    # ---- looking ----

    def search(self, text: Text) -> bool:
        """Whether some part of a line is of this pattern."""
        return self.find(text) >= 0

    def find(self, text: Text) -> i64:
        """Where the leftmost part that is of this pattern begins; -1 if there is none."""
        data = text.encode()
        last = 0 if self.at_start else len(data)
        if not self.can_match(data):
            return -1
        for start in range(last + 1):
            if self.end_of(data, u64(start)) >= 0:
                return start
        return -1

    def can_match(self, data: Bytes) -> bool:
        """Whether it is anywhere: one pass with all beginnings at once."""
        final = u64(1) << self.count
        reached = self.skip(1)
        for byte in data:
            if reached & final != 0 and not self.at_end:
                return True
            reached = self.step(reached, byte)
            if not self.at_start:
                reached = reached | 1
            reached = self.skip(reached)
        return reached & final != 0

    def end_of(self, data: Bytes, start: u64) -> i64:
        """Where the longest part that begins there ends; -1 if there is none."""
        final = u64(1) << self.count
        reached = self.skip(1)
        end = -1
        place = start
        while True:
            if reached & final != 0 and (not self.at_end or place == len(data)):
                end = i64(place)
            if place == len(data) or reached == 0:
                return end
            reached = self.skip(self.step(reached, data[place]))
            place += 1

    def step(self, reached: u64, byte: u8) -> u64:
        """What can be reached with one more byte."""
        result: u64 = 0
        for index in range(self.count):
            if reached >> index & 1 == 1 and self.elements[index].has(byte):
                result = result | (u64(1) << index if self.elements[index].repeats else u64(1) << (index + 1))
        return result

    def skip(self, reached: u64) -> u64:
        """What can be reached besides by leaving optional elements out."""
        result = reached
        for index in range(self.count):
            if result >> index & 1 == 1 and self.elements[index].optional:
                result = result | u64(1) << (index + 1)
        return result
