"""Memory for objects: slots of a few sizes, cut from pages. A page without a used slot goes back to the others.

Every slot is charged to a process's account, in bytes; an account that is used up refuses its own process only.
"""

from atoll.abi.address_space import PAGE_SIZE
from atoll.abi.calls import Status
from atoll.abi.raw import address_of, at, load64, store64
from atoll.abi.types import Array, u64
from atoll.kernel import memory, processes
from atoll.kernel.objects import Header, Process
from atoll.kernel.refusal import Refused
from atoll.userland.runtime.memory import memset

SMALLEST = 64  # bytes of a slot of the first size; each next size is twice that
SIZES = 5
FIRST_SLOT = 64  # bytes of a page that its own structure takes, at least


class Slab:
    """How a page of slots begins."""

    next: "Slab | None"  # with a free slot, of the same size
    previous: "Slab | None"
    free: u64  # first free slot, an address; 0: none
    used: u64  # slots


class Slabs:
    """All state of this module."""

    partial: Array["Sizes", SIZES]
    pages: u64
    serials: u64  # given out


class Sizes:
    """Pages of one size that have free slots."""

    first: Slab | None


slabs: Slabs = Slabs()


# ---- accounts ----


def charge(process: Process, size: u64) -> None:
    """Add bytes to what a process uses; refused if it has not so many."""
    if process.used > process.limit or size > process.limit - process.used:
        raise Refused(Status.NO_MEMORY)
    process.used += size


def refund(process: Process, size: u64) -> None:
    """Take bytes off what a process uses; what a dead one gives back was its parent's."""
    account: Process | None = process
    while account is not None:
        account.used -= size
        if not account.head.dead:
            return
        account.limit -= size
        parent = account.parent
        processes.release(account)
        account = parent


def charged_page(process: Process) -> u64:
    """A page of zeros for something of that process; physical address."""
    charge(process, PAGE_SIZE)
    try:
        return memory.take_page()
    except memory.OutOfMemory:
        refund(process, PAGE_SIZE)
        raise Refused(Status.NO_MEMORY) from None


def refund_page(process: Process, page: u64) -> None:
    """Give it back."""
    memory.give_page(page)
    refund(process, PAGE_SIZE)


# ---- slots ----


def size_number(size: u64) -> u64:
    """Which of the sizes holds so many bytes."""
    number: u64 = 0
    slot: u64 = SMALLEST
    while slot < size:
        slot *= 2
        number += 1
    return number


def new_object(owner: Process, size: u64) -> u64:
    """A slot of zeros, charged, with its header begun."""
    slot = new_slot(owner, size)
    start_header(at(Header, slot), owner)
    return slot


def start_header(head: Header, owner: Process) -> None:
    """Give an object its owner and its number."""
    slabs.serials += 1
    head.owner = owner
    head.serial = slabs.serials


def new_slot(owner: Process, size: u64) -> u64:
    """A slot of zeros, charged."""
    number = size_number(size)
    slot_size = u64(SMALLEST) << number
    charge(owner, slot_size)
    slab = slabs.partial[number].first
    if slab is None:
        slab = new_slab(owner, number)
    slot = slab.free
    slab.free = load64(slot)
    slab.used += 1
    if slab.free == 0:
        unlink(slab, number)
    memset(slot, 0, slot_size)
    return slot


def new_slab(owner: Process, number: u64) -> Slab:
    """A page of free slots. (The page itself is nobody's: its slots are charged.)"""
    try:
        page = memory.reach(memory.take_page())
    except memory.OutOfMemory:
        refund(owner, u64(SMALLEST) << number)
        raise Refused(Status.NO_MEMORY) from None
    slabs.pages += 1
    slab = at(Slab, page)
    size = u64(SMALLEST) << number
    slot = page + max(size, FIRST_SLOT)
    while slot + size <= page + PAGE_SIZE:
        store64(slot, slab.free)
        slab.free = slot
        slot += size
    link(slab, number)
    return slab


def free_slot(owner: Process, slot: u64, size: u64) -> None:
    """Give a slot back."""
    number = size_number(size)
    slab = at(Slab, slot // PAGE_SIZE * PAGE_SIZE)
    if slab.free == 0:
        link(slab, number)
    store64(slot, slab.free)
    slab.free = slot
    slab.used -= 1
    if slab.used == 0:
        unlink(slab, number)
        slabs.pages -= 1
        memory.give_page(memory.physical(address_of(slab)))
    refund(owner, u64(SMALLEST) << number)


def link(slab: Slab, number: u64) -> None:
    """The page has a free slot."""
    first = slabs.partial[number].first
    slab.next = first
    slab.previous = None
    if first is not None:
        first.previous = slab
    slabs.partial[number].first = slab


def unlink(slab: Slab, number: u64) -> None:
    """The page has none, or is given back."""
    if slab.previous is None:
        slabs.partial[number].first = slab.next
    else:
        slab.previous.next = slab.next
    if slab.next is not None:
        slab.next.previous = slab.previous
