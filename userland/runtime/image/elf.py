"""ELF files of programs: what of them goes where in memory.

Files are not trusted: every number is checked before it is used.
"""

from atoll.abi import elf
from atoll.abi.address_space import IMAGE, IMAGE_END
from atoll.abi.objects import Right
from atoll.abi.trace import TRACE_SEGMENT
from atoll.abi.types import Bytes, u64


class BadImage(Exception):
    """The file is not a program that can run here; the text says why."""


class Segment:
    """One segment to load. Offsets and sizes in bytes."""

    address: u64
    memory_size: u64
    offset: u64  # in the file
    file_size: u64
    can_write: bool
    can_execute: bool


def check_header(image: Bytes, file_size: u64) -> None:
    """Refuse what is not an executable for this CPU. Here and below, `image` is the file, or what it begins with."""
    if len(image) < elf.HEADER_SIZE or number(image, 0, 4) != elf.MAGIC:
        raise BadImage("not an ELF file")
    if image[elf.CLASS] != elf.CLASS_64 or image[elf.ENCODING] != elf.LITTLE_ENDIAN:
        raise BadImage("not a 64-bit little-endian ELF file")
    if number(image, elf.MACHINE, 2) != elf.RISCV:
        raise BadImage("an ELF file for another machine")
    if number(image, elf.TYPE, 2) != elf.EXECUTABLE:
        raise BadImage("an ELF file, but not an executable")
    headers = number(image, elf.SEGMENTS, 8)
    if headers > file_size or segment_count(image) * elf.SEGMENT_SIZE > file_size - headers:
        raise BadImage("its program headers are outside the file")
    if headers + segment_count(image) * elf.SEGMENT_SIZE > len(image):
        raise BadImage("its program headers are not at its beginning")


def entry_point(image: Bytes) -> u64:
    """Where the program begins."""
    return number(image, elf.ENTRY, 8)


def segment_count(image: Bytes) -> u64:
    """How many program headers there are."""
    return number(image, elf.SEGMENT_COUNT, 2)


def header_of(image: Bytes, index: u64) -> u64:
    """Offset of a program header (of a file that check_header accepted)."""
    return number(image, elf.SEGMENTS, 8) + index * elf.SEGMENT_SIZE


def read_segment(image: Bytes, index: u64, segment: Segment, file_size: u64) -> bool:
    """Read a program header; False if it is nothing to load."""
    header = header_of(image, index)
    segment.memory_size = number(image, header + elf.MEMORY_SIZE, 8)
    if number(image, header + elf.KIND, 4) != elf.LOAD or segment.memory_size == 0:
        return False
    flags = number(image, header + elf.FLAGS, 4)
    segment.address = number(image, header + elf.ADDRESS, 8)
    segment.offset = number(image, header + elf.OFFSET, 8)
    segment.file_size = number(image, header + elf.FILE_SIZE, 8)
    segment.can_write = flags & elf.WRITE != 0
    segment.can_execute = flags & elf.EXECUTE != 0
    check_segment(segment, file_size)
    return True


def check_segment(segment: Segment, file_size: u64) -> None:
    """Refuse a segment that lies about its bytes or wants memory that programs do not have."""
    if segment.file_size > segment.memory_size:
        raise BadImage("a segment with more bytes than memory")
    if segment.offset > file_size or segment.file_size > file_size - segment.offset:
        raise BadImage("a segment outside the file")
    if segment.address < IMAGE or segment.address > IMAGE_END or segment.memory_size > IMAGE_END - segment.address:
        raise BadImage("a segment outside the memory of programs")
    if segment.can_write and segment.can_execute:
        raise BadImage("a segment both writable and executable")


def rights_of(segment: Segment) -> u64:
    """What the program may do with it."""
    if segment.can_execute:
        return Right.READ | Right.EXECUTE
    return Right.READ | Right.WRITE if segment.can_write else Right.READ


def trace_table(image: Bytes) -> Bytes:
    """The trace table (abi/trace.py) of a file that is there as a whole; empty if it has none."""
    offset, size = find_trace(image)
    if offset <= len(image) and size <= u64(len(image)) - offset:
        return image[offset : offset + size]
    return image[0:0]


def find_trace(image: Bytes) -> tuple[u64, u64]:
    """Where in the file the trace table is, and its size; 0, 0 if there is none."""
    for index in range(segment_count(image)):
        header = header_of(image, index)
        if number(image, header + elf.KIND, 4) == TRACE_SEGMENT:
            return number(image, header + elf.OFFSET, 8), number(image, header + elf.FILE_SIZE, 8)
    return 0, 0


def number(data: Bytes, offset: u64, size: u64) -> u64:
    """A little-endian number of that many bytes."""
    value: u64 = 0
    for i in range(size):
        value = value | u64(data[offset + i]) << (8 * i)
    return value
