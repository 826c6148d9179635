"""The cluster's key, in the kernel's command line (abi/bootargs.py)."""

from atoll.abi.bootargs import KEY
from atoll.abi.types import Bytes, Text, i64, u64
from atoll.abi.wire import KEY_SIZE

BLANK = 0x20
EQUALS = 0x3D


class NoKey(Exception):
    """The command line has no sound key."""


def find_key(line: Text) -> tuple[u64, u64]:
    """The key in a command line as two words, the first byte lowest. Raises NoKey."""
    data = line.encode()
    start = find_word(data)
    if len(data) - start < 2 * KEY_SIZE:
        raise NoKey("the key has 32 digits")
    return half_key(data[start : start + KEY_SIZE]), half_key(data[start + KEY_SIZE : start + 2 * KEY_SIZE])


def find_word(data: Bytes) -> i64:
    """Where the key's digits begin. Raises NoKey."""
    place = 0
    size = len(KEY)
    while place + size < len(data):
        begins_word = place == 0 or data[place - 1] == BLANK
        if begins_word and data[place : place + size] == KEY.encode() and data[place + size] == EQUALS:
            return place + size + 1
        place += 1
    raise NoKey(f"no {KEY}= in the command line")


def half_key(digits: Bytes) -> u64:
    """Eight bytes as a word."""
    value: u64 = 0
    for index in range(8):
        byte = digit(digits[2 * index]) << 4 | digit(digits[2 * index + 1])
        value = value | byte << (8 * u64(index))
    return value


def digit(character: u64) -> u64:
    """The value of a hexadecimal digit. Raises NoKey."""
    if ord("0") <= character <= ord("9"):
        return character - ord("0")
    if ord("a") <= character <= ord("f"):
        return character - ord("a") + 10
    raise NoKey("a key is made of digits 0-9 and a-f")
