"""The page that a program finds its arguments in (layout: abi/address_space.py)."""

from atoll.abi.address_space import ARGUMENTS_COUNT, ARGUMENTS_FIRST
from atoll.abi.types import Bytes, Slice, low8, u8, u64
from atoll.servers.root.elf import BadImage
from atoll.servers.root.initrd import end_of_field


def pack_arguments(line: Bytes, page: Slice[u8]) -> None:
    """Fill the page, which is zero, from a program's line in the manifest."""
    place: u64 = ARGUMENTS_FIRST
    count: u64 = 0
    start = end_of_field(line, 0) + 1
    while start <= len(line):
        end = end_of_field(line, start)
        size = end - start
        if place + 8 + size > len(page):
            raise BadImage("more arguments than fit in a page")
        put_number(page, place, size)
        for i in range(size):
            page[place + 8 + i] = line[start + i]
        place += 8 + (size + 7) // 8 * 8
        count += 1
        start = end + 1
    put_number(page, ARGUMENTS_COUNT, count)


def put_number(page: Slice[u8], place: u64, number: u64) -> None:
    """64 bits, little-endian."""
    for i in range(8):
        page[place + i] = low8(number >> (8 * i))
