"""Mappings: which pages of which memory object an address space shows where. A process's mappings are in a list by
address; what lies side by side and belongs together is one mapping.

Each function does a bounded number of pages; the calls that need more are executed again (memory_calls.py).
"""

from atoll.abi.address_space import PAGE_SIZE
from atoll.abi.calls import Status
from atoll.abi.objects import Right
from atoll.abi.raw import address_of, at, load64, size_of, store64
from atoll.abi.riscv import fence_i, sfence_vma_address
from atoll.abi.types import u64
from atoll.kernel import lists, memories, paging, slabs
from atoll.kernel.figures import figures
from atoll.kernel.lists import Link
from atoll.kernel.objects import Mapping, Memory, Process
from atoll.kernel.refusal import Refused


def end_of(mapping: Mapping) -> u64:
    """The first address behind it."""
    return mapping.address + mapping.pages * PAGE_SIZE


def first_behind(process: Process, address: u64) -> Mapping | None:
    """The first mapping that ends behind an address."""
    link = link_behind(process, address)
    return None if link is process.mappings else link.object


def link_behind(process: Process, address: u64) -> Link[Mapping]:
    """The same as a link; the list itself if there is none."""
    link = process.mappings.next
    while link is not process.mappings and end_of(link.object) <= address:
        link = link.next
    return link


def add(process: Process, source: Memory, offset: u64, address: u64, pages: u64, rights: u64, most: u64) -> None:
    """Map pages where nothing is mapped; `most` are the rights that PROTECT may give."""
    mapping = room_for(process, source, offset, address, most)
    try:
        for number in range(pages):
            page = memories.page_of(source, offset + number)
            place = paging.make_place(process.root, address + number * PAGE_SIZE, 0, process)
            store64(place, paging.entry(page, paging.flags_of(rights)))
            mapping.pages += 1
    finally:
        if mapping.pages == 0:
            remove(mapping)
    if rights & Right.EXECUTE != 0:
        fence_i()


def room_for(process: Process, source: Memory, offset: u64, address: u64, most: u64) -> Mapping:
    """The mapping that ends there and can grow; else a new one, still empty."""
    behind = link_behind(process, address)
    if behind.previous is not process.mappings:
        before = behind.previous.object
        fits = end_of(before) == address and before.offset + before.pages == offset
        if fits and before.memory is source and before.rights == most:
            return before
    return insert(process, source, offset, address, most, behind)


def insert(process: Process, source: Memory, offset: u64, address: u64, rights: u64, behind: Link[Mapping]) -> Mapping:
    """A new mapping without pages, before another one."""
    made = at(Mapping, slabs.new(process, size_of(Mapping)))
    made.memory = source
    made.offset = offset
    made.address = address
    made.rights = rights
    lists.start_all(address_of(made.of_process), 2, address_of(made))
    lists.insert(made.of_process, behind)
    lists.append(source.mappings, made.of_memory)
    source.mapping_count += 1
    figures.mappings += 1
    figures.writable_mappings += u64(made.rights & Right.WRITE != 0)
    return made


def cut(mapping: Mapping, address: u64, pages: u64) -> None:
    """Unmap some pages of a mapping; in its middle that makes two of it."""
    end = address + pages * PAGE_SIZE
    if address > mapping.address and end < end_of(mapping):
        skipped = (end - mapping.address) // PAGE_SIZE
        behind = mapping.of_process.next
        rest = insert(mapping.head.owner, mapping.memory, mapping.offset + skipped, end, mapping.rights, behind)
        rest.pages = mapping.pages - skipped
        mapping.pages = skipped
    paging.clear_pages(mapping.head.owner.root, address, pages)
    mapping.pages -= pages
    if mapping.pages == 0:
        remove(mapping)
    elif address == mapping.address:
        mapping.address = end
        mapping.offset += pages


def remove(mapping: Mapping) -> None:
    """The mapping is gone (its pages' entries are the caller's to clear)."""
    source = mapping.memory
    lists.remove(mapping.of_process)
    lists.remove(mapping.of_memory)
    source.mapping_count -= 1
    figures.mappings -= 1
    figures.writable_mappings -= u64(mapping.rights & Right.WRITE != 0)
    slabs.free(mapping.head, size_of(Mapping))
    memories.let_go(source)


def drop_some(process: Process, most: u64) -> None:
    """Remove mappings of an address space that nobody uses any more."""
    for _ in range(most):
        mapping = lists.first(process.mappings)
        if mapping is None:
            return
        remove(mapping)


def protect(process: Process, address: u64, rights: u64) -> None:
    """Other rights to one page, if it is mapped."""
    mapping = first_behind(process, address)
    if mapping is None or mapping.address > address:
        return
    if rights & ~mapping.rights != 0:
        raise Refused(Status.NO_RIGHT)
    place = paging.make_place(process.root, address, 0, process)
    found = load64(place)
    flags = paging.flags_of(rights) | found & paging.TOUCHED
    store64(place, paging.entry(paging.target(found), flags))
    sfence_vma_address(address)
    if rights & Right.EXECUTE != 0:
        fence_i()


def touched(process: Process, address: u64, clear: bool) -> u64:
    """Whether a page was accessed (bit 0) and written (bit 1) since that was last cleared."""
    place = paging.find_place(process.root, address)
    if place == 0:
        return 0
    found = load64(place)
    if clear and found & paging.TOUCHED != 0:
        store64(place, found & paging.NOT_TOUCHED)
        sfence_vma_address(address)
    return (1 if found & paging.ACCESSED != 0 else 0) | (2 if found & paging.DIRTY != 0 else 0)
