"""A command line cut into words and operators. Words keep their quotes: what they mean is found when they are used."""

from enum import IntEnum

from atoll.abi.types import Array, Bytes, Text, u8, u64
from atoll.userland.library.text import SPACE, TAB

MAX_LINE = 1024  # bytes
MAX_TOKENS = 160

SINGLE_QUOTE = 0x27
DOUBLE_QUOTE = 0x22
BACKSLASH = 0x5C
BACKQUOTE = 0x60
DOLLAR = 0x24
HASH = 0x23
BAR = 0x7C
AMPERSAND = 0x26
SEMICOLON = 0x3B
LESS = 0x3C
GREATER = 0x3E
OPEN = 0x28
CLOSE = 0x29
ONE = 0x31
TWO = 0x32


class BadLine(Exception):
    """A line that is no command; the text says where and why."""


class Kind(IntEnum):
    """What a token is."""

    WORD = 0
    # between commands
    PIPE = 1
    AND = 2
    OR = 3
    NEXT = 4  # ;
    BACKGROUND = 5  # &
    # before a file name
    INPUT = 6  # <
    OUTPUT = 7  # >
    APPEND = 8  # >>
    ERROR = 9  # 2>
    ERROR_APPEND = 10  # 2>>
    # without one
    ERROR_TO_OUTPUT = 11  # 2>&1
    OUTPUT_TO_ERROR = 12  # >&2
    END = 13


class Token:
    """A part of the line, from byte `start` to before byte `end`."""

    kind: Kind
    start: u64
    end: u64

    @property
    def is_joint(self) -> bool:
        """Whether a command ends here."""
        return self.kind == Kind.END or Kind.PIPE <= self.kind <= Kind.BACKGROUND

    @property
    def takes_file(self) -> bool:
        """Whether a file name must follow."""
        return Kind.INPUT <= self.kind <= Kind.ERROR_APPEND


class Tokens:
    """The tokens of one line; the last is an END."""

    line: Text
    items: Array[Token, MAX_TOKENS]
    count: u64

    def text_of(self, index: u64) -> Text:
        """What stands in the line."""
        return self.line[self.items[index].start : self.items[index].end]

    def add(self, kind: Kind, start: u64, end: u64) -> None:
        """One more token. Raises BadLine."""
        if self.count == MAX_TOKENS:
            raise BadLine(f"column {start + 1}: more than {MAX_TOKENS} words and operators")
        token = self.items[self.count]
        token.kind, token.start, token.end = kind, start, end
        self.count += 1

    def read(self, line: Text) -> None:
        """Cut a line. Raises BadLine."""
        self.line = line
        self.count = 0
        if len(line) > MAX_LINE:
            raise BadLine(f"the line has more than {MAX_LINE} bytes")
        data = line.encode()
        place: u64 = 0
        while place < len(data) and data[place] != HASH:
            if data[place] == SPACE or data[place] == TAB:
                place += 1
            else:
                place = self.read_token(data, place)
        self.add(Kind.END, place, place)

    def read_token(self, data: Bytes, start: u64) -> u64:
        """The token that begins there; where it ends."""
        kind, size = operator_at(data, start)
        if kind != Kind.WORD:
            self.add(kind, start, start + size)
            return start + size
        end = end_of_word(data, start)
        self.add(Kind.WORD, start, end)
        return end


def byte_at(data: Bytes, place: u64) -> u8:
    """A byte of the line; 0 behind its end."""
    return data[place] if place < len(data) else 0


def operator_at(data: Bytes, start: u64) -> tuple[Kind, u64]:
    """The operator there, and how many bytes it has; WORD if there is none."""
    first, second = byte_at(data, start), byte_at(data, start + 1)
    match first:
        case 0x7C:
            return (Kind.OR, 2) if second == BAR else (Kind.PIPE, 1)
        case 0x26:
            return (Kind.AND, 2) if second == AMPERSAND else (Kind.BACKGROUND, 1)
        case 0x3B:
            return (Kind.NEXT, 1)
        case 0x3C:
            return (Kind.INPUT, 1)
        case 0x3E:
            return output_at(data, start)
        case 0x31 if second == GREATER:
            kind, size = output_at(data, start + 1)
            return kind, size + 1
        case 0x32 if second == GREATER:
            return error_at(data, start)
    return (Kind.WORD, 0)


def output_at(data: Bytes, start: u64) -> tuple[Kind, u64]:
    """`>`, `>>` or `>&2`."""
    second = byte_at(data, start + 1)
    if second == AMPERSAND:
        if byte_at(data, start + 2) == TWO:
            return (Kind.OUTPUT_TO_ERROR, 3)
        raise BadLine(f"column {start + 1}: after >& only 2 can stand, the standard error")
    return (Kind.APPEND, 2) if second == GREATER else (Kind.OUTPUT, 1)


def error_at(data: Bytes, start: u64) -> tuple[Kind, u64]:
    """`2>`, `2>>` or `2>&1`."""
    third = byte_at(data, start + 2)
    if third == AMPERSAND:
        if byte_at(data, start + 3) == ONE:
            return (Kind.ERROR_TO_OUTPUT, 4)
        raise BadLine(f"column {start + 1}: after 2>& only 1 can stand, the standard output")
    return (Kind.ERROR_APPEND, 3) if third == GREATER else (Kind.ERROR, 2)


def end_of_word(data: Bytes, start: u64) -> u64:
    """Where the word that begins there ends. Raises BadLine."""
    place = start
    while place < len(data) and not ends_word(data[place]):
        byte = data[place]
        if byte == BACKSLASH:
            if place + 1 == len(data):
                raise BadLine(f"column {place + 1}: nothing stands after the \\ for it to quote")
            place += 2
        elif byte == SINGLE_QUOTE or byte == DOUBLE_QUOTE:
            place = end_of_quote(data, place)
        else:
            check_supported(data, place)
            place += 1
    return place


def ends_word(byte: u8) -> bool:
    """Blanks and operators."""
    return (
        byte == SPACE
        or byte == TAB
        or byte == BAR
        or byte == AMPERSAND
        or byte == SEMICOLON
        or byte == LESS
        or byte == GREATER
    )


def check_supported(data: Bytes, place: u64) -> None:
    """What other shells have and this one does not is refused, not taken for text."""
    byte = data[place]
    if byte == BACKQUOTE or (byte == DOLLAR and byte_at(data, place + 1) == OPEN):
        raise BadLine(f"column {place + 1}: a command's output as part of a line is not supported: use a pipe")
    if byte == OPEN or byte == CLOSE:
        raise BadLine(f"column {place + 1}: groups in ( ) are not supported: write a script, or quote it")


def end_of_quote(data: Bytes, start: u64) -> u64:
    """The place behind the quote that closes the one at `start`."""
    quote = data[start]
    place = start + 1
    while place < len(data) and data[place] != quote:
        if quote == DOUBLE_QUOTE:
            if data[place] == BACKSLASH:
                place += 1
            elif data[place] != OPEN and data[place] != CLOSE:
                check_supported(data, place)
        place += 1
    if place >= len(data):
        raise BadLine(f"column {start + 1}: this quote is not closed")
    return place + 1
