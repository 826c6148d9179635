"""Keys from bytes: a terminal sends most keys as their character, arrows and the like as escape sequences.

Source: ECMA-48, control sequences; the numbers before `~` are those of the VT220 and of xterm.
"""

from atoll.abi.types import u8, u64

# ---- control characters ----
CTRL_A = 1
CTRL_B = 2
CTRL_C = 3
CTRL_D = 4
CTRL_E = 5
CTRL_F = 6
BELL = 7
BACKSPACE = 8
LINE_FEED = 10
CTRL_K = 11
CTRL_L = 12
ENTER = 13
CTRL_N = 14
CTRL_P = 16
CTRL_U = 21
CTRL_W = 23
ESCAPE = 27
BLANK = 32
RUBOUT = 127

# ---- keys that are no character ----
NO_KEY = 0x100  # the bytes so far are no key yet, or one that means nothing here
UP = 0x101
DOWN = 0x102
LEFT = 0x103
RIGHT = 0x104
HOME = 0x105
END = 0x106
DELETE = 0x107

# ---- what the decoder is in the middle of ----
NOTHING = 0
AFTER_ESCAPE = 1
IN_SEQUENCE = 2

FIRST_FINAL = 0x40  # a byte from here to RUBOUT ends a sequence


class KeyDecoder:
    """Bytes in, keys out."""

    state: u64
    number: u64  # the sequence's first
    numbers: u64  # how many are behind us

    def feed(self, byte: u8) -> u64:
        """The key that is complete with this byte: a byte as it is, or one of the names above."""
        if byte < BLANK and byte != ESCAPE:
            self.state = NOTHING
            return u64(byte)
        if byte == ESCAPE:
            self.state = AFTER_ESCAPE
            return NO_KEY
        if self.state == AFTER_ESCAPE:
            self.state = IN_SEQUENCE if byte == 0x5B or byte == 0x4F else NOTHING  # [ or O; others: Alt and a key
            self.number = 0
            self.numbers = 0
            return NO_KEY
        if self.state == IN_SEQUENCE:
            return self.continue_sequence(byte)
        return u64(byte)

    def continue_sequence(self, byte: u8) -> u64:
        """A number, a separator, or the end."""
        if 0x30 <= byte <= 0x39 and self.numbers == 0 and self.number < 1000:
            self.number = self.number * 10 + (byte - 0x30)
        elif byte == 0x3B:  # ;
            self.numbers += 1
        elif FIRST_FINAL <= byte < RUBOUT:
            self.state = NOTHING
            return self.number_key() if byte == 0x7E else letter_key(byte)
        return NO_KEY

    def number_key(self) -> u64:
        """The key of a sequence that ends in `~`."""
        match self.number:
            case 1 | 7:
                return HOME
            case 3:
                return DELETE
            case 4 | 8:
                return END
        return NO_KEY


def letter_key(byte: u8) -> u64:
    """The key of a sequence that ends in a letter."""
    match byte:
        case 0x41:
            return UP
        case 0x42:
            return DOWN
        case 0x43:
            return RIGHT
        case 0x44:
            return LEFT
        case 0x46:
            return END
        case 0x48:
            return HOME
    return NO_KEY
