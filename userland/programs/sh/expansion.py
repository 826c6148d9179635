"""From a word as it was typed to what it means: quotes taken off, `$` replaced by what it stands for.

The result is a *pattern*: `*` and `?` outside quotes keep their meaning there, everything special that was quoted has a
backslash before it. `plain` takes the backslashes off again, `matches` compares a name.
"""

from atoll.abi.types import Bytes, Text, u8, u64
from atoll.userland.library.text import StringBuilder
from atoll.userland.programs.sh.tokens import BACKSLASH, DOLLAR, DOUBLE_QUOTE, SINGLE_QUOTE, BadLine
from atoll.userland.programs.sh.variables import Scope, size_of_name

MAX_WORD = 1024  # bytes of a word, and of what it becomes
STAR = 0x2A
QUESTION = 0x3F
DOT = 0x2E
AT = 0x40
OPEN_BRACE = 0x7B
CLOSE_BRACE = 0x7D


class Word:
    """A word's meaning."""

    pattern: StringBuilder[MAX_WORD]
    has_wildcard: bool
    has_quote: bool  # then an empty word is an argument all the same

    def read(self, raw: Text, scope: Scope) -> None:
        """Find what a word means. Raises BadLine, Full."""
        self.pattern.clear()
        self.has_wildcard = False
        self.has_quote = False
        data = raw.encode()
        place: u64 = 0
        while place < len(data):
            place = self.read_part(data, place, scope)

    def read_part(self, data: Bytes, place: u64, scope: Scope) -> u64:
        """One quote, one `$`, or one byte; the place behind it."""
        match data[place]:
            case 0x27:
                return self.read_single(data, place + 1)
            case 0x22:
                return self.read_double(data, place + 1, scope)
            case 0x24:
                return self.read_dollar(data, place, scope)
            case 0x5C:
                self.has_quote = True
                self.add_literal(data[place + 1])
                return place + 2
            case 0x2A | 0x3F:
                self.has_wildcard = True
                self.pattern.add_byte(data[place])
            case _:
                self.pattern.add_byte(data[place])
        return place + 1

    def read_single(self, data: Bytes, start: u64) -> u64:
        """Up to the closing quote everything is itself."""
        self.has_quote = True
        place = start
        while data[place] != SINGLE_QUOTE:
            self.add_literal(data[place])
            place += 1
        return place + 1

    def read_double(self, data: Bytes, start: u64, scope: Scope) -> u64:
        """Up to the closing quote everything but `$`, and a backslash before what it can quote, is itself."""
        self.has_quote = True
        place = start
        while data[place] != DOUBLE_QUOTE:
            if data[place] == DOLLAR:
                place = self.read_dollar(data, place, scope)
            else:
                if data[place] == BACKSLASH and is_quotable(data[place + 1]):
                    place += 1
                self.add_literal(data[place])
                place += 1
        return place + 1

    def read_dollar(self, data: Bytes, place: u64, scope: Scope) -> u64:
        """`$NAME`, `${NAME}`, `$?` and the like; a lone `$` is itself."""
        rest = data[place + 1 : len(data)]
        if len(rest) > 0 and rest[0] == OPEN_BRACE:
            size = size_of_name(rest[1 : len(rest)])
            if size == 0 or size + 1 >= len(rest) or rest[size + 1] != CLOSE_BRACE:
                raise BadLine("between ${ and } only the name of a variable can stand")
            self.add_text(scope.get(str(rest[1 : size + 1], "utf-8")))
            return place + size + 3
        size = size_of_name(rest)
        if size > 0:
            self.add_text(scope.get(str(rest[0:size], "utf-8")))
            return place + size + 1
        if len(rest) > 0 and (rest[0] == AT or rest[0] == STAR):
            self.add_parameters(scope)
            return place + 2
        special = scope.special(rest[0]) if len(rest) > 0 else None
        if special is None:
            self.add_literal(DOLLAR)
            return place + 1
        self.add_text(special)
        return place + 2

    def add_parameters(self, scope: Scope) -> None:
        """All parameters of the script, with blanks between them."""
        for index in range(1, len(scope.parameters)):
            if index > 1:
                self.add_text(" ")
            self.add_text(scope.parameters[index].text)

    def add_text(self, text: Text) -> None:
        """Text that means itself."""
        for byte in text.encode():
            self.add_literal(byte)

    def add_literal(self, byte: u8) -> None:
        """A byte that means itself."""
        if byte == STAR or byte == QUESTION or byte == BACKSLASH:
            self.pattern.add_byte(BACKSLASH)
        self.pattern.add_byte(byte)


def is_quotable(byte: u8) -> bool:
    """Whether a backslash inside double quotes quotes that byte."""
    return byte == DOUBLE_QUOTE or byte == BACKSLASH or byte == DOLLAR


def plain(pattern: Text, into: StringBuilder[MAX_WORD]) -> None:
    """A pattern's text without the backslashes that quote. Raises Full."""
    into.clear()
    data = pattern.encode()
    place: u64 = 0
    while place < len(data):
        if data[place] == BACKSLASH:
            place += 1
        into.add_byte(data[place])
        place += 1


def matches(pattern: Text, name: Text) -> bool:
    """Whether a name is of that pattern. A dot at its beginning must stand in the pattern too."""
    wanted, data = pattern.encode(), name.encode()
    if len(data) > 0 and data[0] == DOT and (len(wanted) == 0 or wanted[0] != DOT):
        return False
    place: u64 = 0
    at: u64 = 0
    # where to go on when it does not fit: behind the last star, with one more byte given to that star
    star: u64 = 0
    taken: u64 = 0
    has_star = False
    while at < len(data):
        if place < len(wanted) and wanted[place] == STAR:
            place += 1
            star, taken, has_star = place, at, True
        elif fits(wanted, place, data[at]):
            if wanted[place] == BACKSLASH:
                place += 1
            place += 1
            at += 1
        elif has_star:
            taken += 1
            place, at = star, taken
        else:
            return False
    while place < len(wanted) and wanted[place] == STAR:
        place += 1
    return place == len(wanted)


def fits(pattern: Bytes, place: u64, byte: u8) -> bool:
    """Whether one place of a pattern, no star, stands for that byte."""
    if place >= len(pattern):
        return False
    if pattern[place] == BACKSLASH:
        return pattern[place + 1] == byte
    return pattern[place] == QUESTION or pattern[place] == byte
