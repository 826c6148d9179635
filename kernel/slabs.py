"""Memory for objects: slots of a few sizes, cut from pages. A page without a used slot goes back to the others.

Every slot is charged to a process's account, in bytes; an account that is used up refuses its own process only.
"""

from atoll.abi.address_space import PAGE_SIZE
from atoll.abi.calls import Status
from atoll.abi.raw import address_of, at, load64, store64
from atoll.abi.types import Array, u64
from atoll.kernel import lists, memory, processes
from atoll.kernel.figures import figures
from atoll.kernel.lists import Link
from atoll.kernel.objects import Header, Process
from atoll.kernel.refusal import Refused
from atoll.userland.runtime.memory import memset

GRAIN = 64  # bytes: slots are multiples of that; a page's own structure takes one
SIZES = 17  # up to 1 KiB
AT_ONCE = 2  # pages: of a new process


class Slab:
    """How a page of slots begins."""

    link: "Link[Slab]"  # with others of the same size that have a free slot
    free: u64  # first free slot, an address; 0: none
    used: u64  # slots


class Slabs:
    """All state of this module."""

    partial: Array[Link[Slab], SIZES]  # by size: pages that have free slots
    serials: u64  # given out


slabs: Slabs = Slabs()


def start() -> None:
    """There is no object yet."""
    lists.start_all(address_of(slabs.partial), SIZES, 0)


# ---- accounts ----


def charge(process: Process, size: u64) -> None:
    """Add bytes to what a process uses; refused if it has not so many, or the machine is out of pages: who was not
    refused can take as many pages at once as anything needs.
    """
    left = process.limit - process.used if process.used <= process.limit else 0
    if size > left or memory.free_pages() < AT_ONCE:
        raise Refused(Status.NO_MEMORY)
    process.used += size


def refund(process: Process, size: u64) -> None:
    """Take bytes off what a process uses; what a dead one gives back was its parent's."""
    account = process
    while account.head.dead:
        account.used -= size
        account.limit -= size
        parent = account.head.owner
        processes.release(account)
        account = parent
    account.used -= size


def charged_page(process: Process) -> u64:
    """A page of zeros for something of that process; physical address."""
    charge(process, PAGE_SIZE)
    return memory.take_page()


def refund_page(process: Process, page: u64) -> None:
    """Give it back."""
    memory.give_page(page)
    refund(process, PAGE_SIZE)


# ---- slots ----


def rounded(size: u64) -> u64:
    """Bytes of the slot for an object of that size."""
    return (size + GRAIN - 1) // GRAIN * GRAIN


def new(owner: Process, size: u64, besides: u64 = 0) -> u64:
    """An object of zeros with its header begun, charged with what it needs besides; its address."""
    slot_size = rounded(size)
    charge(owner, slot_size + besides)
    slab = lists.first(slabs.partial[slot_size // GRAIN])
    if slab is None:
        slab = new_slab(memory.take_page(), slot_size)
    slot = slab.free
    slab.free = load64(slot)
    slab.used += 1
    if slab.free == 0:
        lists.remove(slab.link)
    memset(slot, 0, slot_size)
    start_header(at(Header, slot), owner)
    return slot


def start_header(head: Header, owner: Process) -> None:
    """Give an object its owner and its number."""
    slabs.serials += 1
    head.owner = owner
    head.serial = slabs.serials


def new_slab(page: u64, size: u64) -> Slab:
    """A page of free slots. (The page itself is nobody's: its slots are charged.)"""
    figures.slab_pages += 1
    slab = at(Slab, memory.reach(page))
    lists.start_all(address_of(slab.link), 1, address_of(slab))
    slot = memory.reach(page) + GRAIN
    while slot + size <= memory.reach(page) + PAGE_SIZE:
        store64(slot, slab.free)
        slab.free = slot
        slot += size
    lists.append(slabs.partial[size // GRAIN], slab.link)
    return slab


def free(head: Header, size: u64) -> None:
    """Give an object's slot back."""
    slot, owner = address_of(head), head.owner
    slab = at(Slab, slot // PAGE_SIZE * PAGE_SIZE)
    if slab.free == 0:
        lists.append(slabs.partial[rounded(size) // GRAIN], slab.link)
    store64(slot, slab.free)
    slab.free = slot
    slab.used -= 1
    if slab.used == 0:
        lists.remove(slab.link)
        figures.slab_pages -= 1
        memory.give_page(memory.physical(address_of(slab)))
    refund(owner, rounded(size))
