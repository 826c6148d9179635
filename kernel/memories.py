"""Memory objects: pages that are taken when first touched, though all are charged from the start, so that no later
use can fail for lack of quota.
"""

from atoll.abi.address_space import PAGE_SIZE
from atoll.abi.calls import Status
from atoll.abi.raw import address_of, at, load64, store64
from atoll.abi.types import u64
from atoll.kernel import mappings, memory, reaper, slabs
from atoll.kernel.objects import MEMORY_SIZE, Memory, Process
from atoll.kernel.refusal import Refused

ENTRIES = 512  # addresses in a table
MAX_PAGES = ENTRIES * ENTRIES


class Memories:
    """All state of this module."""

    count: u64


memories: Memories = Memories()


def create(owner: Process, pages: u64) -> Memory:
    """Pages of zeros."""
    if pages == 0 or pages > MAX_PAGES:
        raise Refused(Status.BAD_ARGUMENT if pages == 0 else Status.NO_MEMORY)
    depth: u64 = 0
    tables: u64 = 0
    if pages > 1:
        depth = 1 if pages <= ENTRIES else 2
        tables = 1 if pages <= ENTRIES else 1 + (pages + ENTRIES - 1) // ENTRIES
    charged = (pages + tables) * PAGE_SIZE
    slabs.charge(owner, charged)
    try:
        made = new_object(owner, pages)
    except Refused:
        slabs.refund(owner, charged)
        raise
    made.depth = depth
    made.charged = charged
    return made


def create_device(owner: Process, physical: u64, pages: u64) -> Memory:
    """A range of physical addresses that are no memory of ours."""
    made = new_object(owner, pages)
    made.device = physical
    return made


def new_object(owner: Process, pages: u64) -> Memory:
    """The structure alone."""
    made = at(Memory, slabs.new_object(owner, MEMORY_SIZE))
    made.pages = pages
    memories.count += 1
    return made


def page_of(pages: Memory, index: u64) -> u64:
    """The physical address of a page of it, which is taken if it was not there."""
    if pages.device != 0:
        return pages.device + index * PAGE_SIZE
    if pages.depth == 0:
        if pages.top == 0:
            pages.top = take_page()
            pages.in_use += 1
        return pages.top
    if pages.top == 0:
        pages.top = take_page()
    table = pages.top
    if pages.depth == 2:
        table = next_page(table, index // ENTRIES)
    place = memory.reach(table) + index % ENTRIES * 8
    if load64(place) == 0:
        store64(place, take_page())
        pages.in_use += 1
    return load64(place)


def next_page(table: u64, index: u64) -> u64:
    """A page that a table leads to, taken if it was not there."""
    place = memory.reach(table) + index * 8
    if load64(place) == 0:
        store64(place, take_page())
    return load64(place)


def take_page() -> u64:
    """A page of zeros, which is charged already."""
    try:
        return memory.take_page()
    except memory.OutOfMemory:
        raise Refused(Status.NO_MEMORY) from None


def drop(pages: Memory) -> None:
    """A handle is gone."""
    pages.head.references -= 1
    let_go(pages)


def unmap_some(pages: Memory, most: u64) -> bool:
    """Take back some of the pages of a memory object that is destroyed; True if none is mapped any more."""
    mapping = pages.mappings
    if mapping is None:
        return True
    count = min(mapping.pages, most)
    mappings.cut(mapping, mappings.end_of(mapping) - count * PAGE_SIZE, count)
    return False


def end_account(pages: Memory) -> None:
    """A memory object that is destroyed costs no more than its structure."""
    charged = pages.charged
    pages.charged = 0
    if charged > 0:
        slabs.refund(pages.head.owner, charged)


def let_go(pages: Memory) -> None:
    """If neither handle nor mapping is left, its pages are given back, bit by bit."""
    if pages.head.references == 0 and pages.mapping_count == 0:
        pages.head.dead = True
        reaper.add_memory(pages)


def free_some(pages: Memory, most: u64) -> bool:
    """Give back some pages, the last first; True if none is left."""
    if pages.device != 0 or pages.top == 0:
        return True
    if pages.depth == 0:
        give(pages)
        return True
    left = most
    while pages.pages > 0 and left > 0:
        pages.pages -= 1
        left -= 1
        free_last(pages, pages.pages)
    if pages.pages > 0:
        return False
    give(pages)
    return True


def give(pages: Memory) -> None:
    """Give back the only page, or the table above all."""
    memory.give_page(pages.top)
    pages.top = 0


def free_last(pages: Memory, index: u64) -> None:
    """Give back one page, and the table that led to it and the pages before if it was that table's first."""
    table = pages.top
    if pages.depth == 2:
        table = load64(memory.reach(pages.top) + index // ENTRIES * 8)
        if table == 0:
            return
    page = load64(memory.reach(table) + index % ENTRIES * 8)
    if page != 0:
        memory.give_page(page)
    if pages.depth == 2 and index % ENTRIES == 0:
        memory.give_page(table)


def free_object(pages: Memory) -> None:
    """Nothing of it is left."""
    end_account(pages)
    memories.count -= 1
    slabs.free_slot(pages.head.owner, address_of(pages), MEMORY_SIZE)
