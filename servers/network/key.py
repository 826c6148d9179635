"""The cluster's key, as the kernel's command line says it (abi/bootargs.py)."""

from atoll.abi.types import Bytes, Text, u64
from atoll.abi.wire import KEY_SIZE


class BadKey(Exception):
    """That is no key; the text says why."""


def parse_key(digits: Text) -> tuple[u64, u64]:
    """The key's 16 bytes, two hexadecimal digits each, as two words, the first byte lowest. Raises BadKey."""
    if len(digits) != 2 * KEY_SIZE:
        raise BadKey(f"a key has {2 * KEY_SIZE} digits, not {len(digits)}")
    data = digits.encode()
    return half_key(data[0:KEY_SIZE]), half_key(data[KEY_SIZE : 2 * KEY_SIZE])


def half_key(digits: Bytes) -> u64:
    """Eight bytes as a word."""
    value: u64 = 0
    for index in range(u64(8)):
        byte = digit(digits[2 * index]) << 4 | digit(digits[2 * index + 1])
        value = value | byte << (8 * index)
    return value


def digit(character: u64) -> u64:
    """The value of a hexadecimal digit. Raises BadKey."""
    if 0x30 <= character <= 0x39:  # 0 to 9
        return character - 0x30
    if 0x61 <= character <= 0x66:  # a to f
        return character - 0x61 + 10
    raise BadKey("a key is made of the digits 0-9 and a-f")
