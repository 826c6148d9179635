"""Physical pages: given out from the end of the kernel upwards, returned pages first.

Until paging is on, the kernel reaches memory at its physical address, afterwards through the direct map: `reach`.
"""

from atoll.abi.address_space import PAGE_SIZE
from atoll.abi.raw import load64, store64
from atoll.abi.types import Array, u64
from atoll.kernel.layout import DIRECT_MAP, kernel_end, page_up
from atoll.userland.runtime.memory import memset

MAX_RESERVED = 4


class OutOfMemory(Exception):
    """No free page is left."""


class Range:
    """Pages that are not given out: the initial RAM disk, the device tree."""

    start: u64
    end: u64


class Pages:
    """All state of the allocator. Addresses are physical."""

    fresh: u64  # no page from here on has been given out yet
    end: u64  # of RAM
    returned: u64  # the page that was returned last; each holds the address of the one before; 0: none
    in_use: u64  # pages given out and not returned
    reserved: Array[Range, MAX_RESERVED]
    reserved_count: u64
    offset: u64  # what is added to a physical address to reach it


pages: Pages = Pages()


def start(ram_end: u64) -> None:
    """All of RAM behind the kernel is free."""
    pages.fresh = kernel_end()
    pages.end = ram_end // PAGE_SIZE * PAGE_SIZE


def reserve(first: u64, end: u64) -> None:
    """Never give out these pages (before any page has been given out)."""
    assert pages.in_use == 0
    pages.reserved[pages.reserved_count].start = first // PAGE_SIZE * PAGE_SIZE
    pages.reserved[pages.reserved_count].end = page_up(end)
    pages.reserved_count += 1


def use_direct_map() -> None:
    """Paging is on: from now on memory is reached through the direct map."""
    pages.offset = DIRECT_MAP


def reach(address: u64) -> u64:
    """Where the kernel can access that physical address (RAM behind the kernel, or a mapped device)."""
    return address + pages.offset


def physical(address: u64) -> u64:
    """The physical address of something that the kernel accesses: in its image, on its stack or in the direct map."""
    return address - DIRECT_MAP if address >= DIRECT_MAP else address


def take_page() -> u64:
    """A page full of zeros; its physical address."""
    page = pages.returned
    if page != 0:
        pages.returned = load64(reach(page))
    else:
        page = take_fresh_page()
    pages.in_use += 1
    memset(reach(page), 0, PAGE_SIZE)
    return page


def take_fresh_page() -> u64:
    """The next page that has never been given out."""
    page = after_reserved(pages.fresh)
    if page + PAGE_SIZE > pages.end:
        raise OutOfMemory
    pages.fresh = page + PAGE_SIZE
    return page


def after_reserved(page: u64) -> u64:
    """The page itself, or the first one behind the reserved ranges that it lies in."""
    free = page
    moved = True
    while moved:
        moved = False
        for i in range(pages.reserved_count):
            if pages.reserved[i].start <= free < pages.reserved[i].end:
                free = pages.reserved[i].end
                moved = True
    return free


def give_page(page: u64) -> None:
    """Return a page that take_page gave."""
    assert pages.in_use > 0 and page % PAGE_SIZE == 0
    store64(reach(page), pages.returned)
    pages.returned = page
    pages.in_use -= 1
