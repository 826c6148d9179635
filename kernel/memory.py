"""Physical pages: given out from the end of the kernel upwards, returned pages first.

Until paging is on, the kernel reaches memory at its physical address; afterwards through the direct map. `reach`
knows which.
"""

from atoll.abi.address_space import PAGE_SIZE
from atoll.abi.calls import Status
from atoll.abi.raw import load64, store64
from atoll.abi.types import u64
from atoll.kernel.board import board
from atoll.kernel.layout import DIRECT_MAP, kernel_end, page_down, page_up
from atoll.kernel.refusal import Refused
from atoll.userland.runtime.memory import memset


class Pages:
    """All state of the allocator. Addresses are physical."""

    fresh: u64  # no page from here on has been given out yet
    end: u64  # of RAM
    returned: u64  # the page that was returned last; each holds the address of the one before; 0: none
    total: u64  # pages that there are to give out, now or later
    in_use: u64  # pages given out and not returned
    offset: u64  # what is added to a physical address to reach it


pages: Pages = Pages()


def start() -> None:
    """All of RAM behind the kernel is free, but for the initial RAM disk and the device tree."""
    pages.fresh = kernel_end()
    pages.end = board.ram_end // PAGE_SIZE * PAGE_SIZE
    pages.total = (pages.end - pages.fresh) // PAGE_SIZE
    pages.total -= (page_up(board.initrd_end) - page_down(board.initrd)) // PAGE_SIZE
    pages.total -= (page_up(board.device_tree_end) - page_down(board.device_tree)) // PAGE_SIZE


def free_pages() -> u64:
    """Pages that nobody has."""
    return pages.total - pages.in_use


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
    """A page full of zeros; its physical address. Refused if no free page is left."""
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
    page = behind(pages.fresh, board.initrd, board.initrd_end)
    page = behind(page, board.device_tree, board.device_tree_end)
    page = behind(page, board.initrd, board.initrd_end)  # which may begin where the tree ends
    if page + PAGE_SIZE > pages.end:
        raise Refused(Status.NO_MEMORY)
    pages.fresh = page + PAGE_SIZE
    return page


def behind(page: u64, first: u64, end: u64) -> u64:
    """The page itself, or the first one behind a range that it lies in."""
    return page_up(end) if page_down(first) <= page < end else page


def give_page(page: u64) -> None:
    """Return a page that take_page gave."""
    assert pages.in_use > 0 and page % PAGE_SIZE == 0
    store64(reach(page), pages.returned)
    pages.returned = page
    pages.in_use -= 1
