"""Memory objects: pages that are taken when first touched, though all are charged from the start, so that no later
use can fail for lack of quota.
"""

from atoll.abi.address_space import PAGE_SIZE
from atoll.abi.calls import Status
from atoll.abi.raw import address_of, at, load64, size_of, store64
from atoll.abi.types import u64
from atoll.kernel import lists, mappings, memory, reaper, slabs
from atoll.kernel.figures import figures
from atoll.kernel.objects import Memory, Process
from atoll.kernel.refusal import Refused

INDEX_BITS = 9
ENTRIES = 1 << INDEX_BITS  # addresses in a table
MAX_PAGES = ENTRIES * ENTRIES


def create(owner: Process, pages: u64) -> Memory:
    """Pages of zeros."""
    if pages == 0 or pages > MAX_PAGES:
        raise Refused(Status.BAD_ARGUMENT if pages == 0 else Status.NO_MEMORY)
    depth: u64 = 0 if pages == 1 else 1 if pages <= ENTRIES else 2
    tables: u64 = depth if depth < 2 else 1 + (pages + ENTRIES - 1) // ENTRIES
    made = new_object(owner, pages, (pages + tables) * PAGE_SIZE)
    made.depth = depth
    return made


def create_device(owner: Process, physical: u64, pages: u64) -> Memory:
    """A range of physical addresses that are no memory of ours."""
    made = new_object(owner, pages, 0)
    made.device = physical
    return made


def new_object(owner: Process, pages: u64, charged: u64) -> Memory:
    """The structure alone; what its pages cost is charged with it."""
    made = at(Memory, slabs.new(owner, size_of(Memory), charged))
    made.charged = charged
    lists.start_all(address_of(made.mappings), 2, address_of(made))
    made.pages = pages
    figures.memories += 1
    return made


def page_of(pages: Memory, index: u64) -> u64:
    """The physical address of a page of it, which is taken if it was not there."""
    if pages.device != 0:
        return pages.device + index * PAGE_SIZE
    if pages.top == 0:
        pages.top = take_page()
        pages.in_use = 1 if pages.depth == 0 else 0
    page, level = pages.top, pages.depth
    while level > 0:
        level -= 1
        place = place_in(page, index, level)
        if load64(place) == 0:
            store64(place, take_page())
            if level == 0:
                pages.in_use += 1
        page = load64(place)
    return page


def take_page() -> u64:
    """A page for a memory object."""
    page = memory.take_page()
    figures.memory_pages += 1
    return page


def place_in(table: u64, index: u64, level: u64) -> u64:
    """Where in a table is what leads to a page, with so many levels of tables below."""
    return memory.reach(table) + (index >> INDEX_BITS * level) % ENTRIES * 8


def drop(pages: Memory) -> None:
    """A handle is gone."""
    pages.head.references -= 1
    let_go(pages)


def unmap_some(pages: Memory, most: u64) -> bool:
    """Take back some of the pages of a memory object that is destroyed; True if none is mapped any more."""
    mapping = lists.first(pages.mappings)
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
        reaper.add(reaper.reaper.memories, pages.link)


def free_some(pages: Memory, most: u64) -> bool:
    """Give back some pages, the last first; True if none is left."""
    if pages.device != 0 or pages.top == 0:
        return True
    for _ in range(most):
        pages.pages -= 1
        free_last(pages.pages, pages.top, pages.depth)
        if pages.pages == 0:
            pages.top = 0
            return True
    return False


def free_last(index: u64, page: u64, level: u64) -> None:
    """Give back the last page that a table leads to; and the table if that was its first."""
    if level > 0:
        below = load64(place_in(page, index, level - 1))
        if below != 0:
            free_last(index, below, level - 1)
    if index % (u64(1) << INDEX_BITS * level) == 0:
        memory.give_page(page)
        figures.memory_pages -= 1


def free(pages: Memory) -> None:
    """Nothing of it is left."""
    lists.remove(pages.link)
    end_account(pages)
    figures.memories -= 1
    slabs.free(pages.head, size_of(Memory))
