"""The initial RAM disk: finds files in a tar, and lines in the manifest (formats: abi/initrd.py)."""

from atoll.abi import initrd
from atoll.abi.types import Bytes, Text, u64

LINE_END = 10
ZERO = 0x30  # "0"
SEVEN = 0x37


def find_file(archive: Bytes, name: Text) -> Bytes:
    """The contents of a file; empty if there is none of that name."""
    position: u64 = 0
    while position + initrd.BLOCK <= len(archive):
        header = archive[position : position + initrd.BLOCK]
        size = octal(header[initrd.FILE_SIZE : initrd.FILE_SIZE + initrd.FILE_SIZE_SIZE])
        start = position + initrd.BLOCK
        if not is_header(header) or size > u64(len(archive)) - start:
            break
        if header[initrd.KIND] == initrd.KIND_FILE and name_in(header) == name:
            return archive[start : start + size]
        position = start + (size + initrd.BLOCK - 1) // initrd.BLOCK * initrd.BLOCK
    return archive[0:0]


def is_header(block: Bytes) -> bool:
    """Whether a file's header is there: zeros end the tar."""
    return block[initrd.MAGIC : initrd.MAGIC + len(initrd.MAGIC_TEXT)] == initrd.MAGIC_TEXT.encode()


def name_in(header: Bytes) -> Text:
    """The file's name, which a zero byte ends unless it fills its field."""
    end: u64 = 0
    while end < initrd.NAME_SIZE and header[initrd.NAME + end] != 0:
        end += 1
    return str(header[initrd.NAME : initrd.NAME + end], "utf-8")


def octal(digits: Bytes) -> u64:
    """A number of octal digits; anything else ends it."""
    value: u64 = 0
    for digit in digits:
        if digit < ZERO or digit > SEVEN:
            break
        value = value * 8 + u64(digit - ZERO)
    return value


# ---- lines and their fields ----


def end_of_line(text: Bytes, start: u64) -> u64:
    """Where the line that begins there ends."""
    return find_byte(text, start, LINE_END)


def end_of_field(line: Bytes, start: u64) -> u64:
    """Where the field that begins there ends."""
    return find_byte(line, start, initrd.SEPARATOR)


def find_byte(data: Bytes, start: u64, byte: u64) -> u64:
    """The first place of a byte from `start` on; the end if it does not come."""
    for i in range(start, u64(len(data))):
        if data[i] == byte:
            return i
    return u64(len(data))
