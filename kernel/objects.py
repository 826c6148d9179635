"""The kernel's objects: all structures that handles stand for, and what links them.

Every object begins with a Header, and lives as long as handles (or the kernel) refer to it. One that was destroyed is
only a mark, `dead`, for who still holds a handle, and its memory is given back with the last.
"""

from atoll.abi.address_space import PAGE_SIZE
from atoll.abi.objects import GENERATION_BITS, INDEX_BITS, Transfer
from atoll.abi.types import Array, Ref, u64
from atoll.kernel.entry import TrapFrame
from atoll.kernel.lists import Link

TABLES = 256  # pages of handles that a process can have
MAX_SOURCES = 128  # of interrupts

# ---- a place of a table of handles: what its word holds, from above: kind, rights, generation, index ----
ENTRY_SIZE = 16  # bytes
PLACES = PAGE_SIZE // ENTRY_SIZE  # in one page
HANDLE_BITS = INDEX_BITS + GENERATION_BITS
HANDLE = (1 << HANDLE_BITS) - 1
ONE_GENERATION = 1 << INDEX_BITS
RIGHTS_SHIFT = HANDLE_BITS
KIND_SHIFT = 56
NOT_HANDLE = 0xFFFF_FFFF_FFFF_FFFF ^ HANDLE


class Header:
    """What all objects have (entry.py knows its size)."""

    owner: "Ref[Process]"  # who is charged for it
    references: u64  # handles, and structures of the kernel that point here
    serial: u64  # no other object ever has the same
    dead: bool


class Entry:
    """A handle: one place of a process's table."""

    word: u64  # kind << 56 | rights << 48 | handle
    object: u64  # address; in a free place the next free one


class Thread:
    """A thread: of its owner, a process."""

    head: Header
    frame: TrapFrame  # here entry.py finds it
    process: "Ref[Process]"

    # links (lists.start_all)
    of_process: "Link[Thread]"
    link: "Link[Thread]"  # in the one queue in which it waits, for the CPU or at a port
    of_deadlines: "Link[Thread]"
    of_gate: "Link[Thread]"

    # scheduling
    state: u64  # abi.objects.ThreadState
    stopped: bool
    priority: u64
    effective: u64  # priority, or that of whom it works for
    cpu_time: u64  # ticks of the time base

    # waiting: until when, and what is to be sent or received
    deadline: u64  # ticks of the time base; 0: none
    message: u64  # abi.calls.Message: what it sends
    badge: u64
    gate: "Gate | None"  # through which it waits to send
    plain: bool  # nothing but words: `transfer` holds nothing
    transfer: Transfer
    reply: Entry | None  # the reply handle of its call

    # a reply that is held: bytes of its segment, of which there are transfer.buffer_size
    held: "Memory | None"
    held_for: u64  # serial number of the replier
    held_first: u64
    held_next: u64  # to be given to the thread
    held_end: u64  # to come from the replier

    # a fault on its way to the pager
    fault_reply: Entry | None
    fault_cause: u64
    fault_address: u64

    # accounting
    messages: u64
    bytes: u64

    # floating point, while another thread's values are in the CPU
    floats: Array[u64, 33]  # f0 to f31, fcsr


class Process:
    """A process: an address space, a table of handles, an account. It fills a page."""

    head: Header
    satp: u64  # what the CPU's register has for it; that of the kernel alone when it is dying
    root: u64  # page table, physical
    limit: u64  # bytes that it may use, those lent to its children included
    used: u64
    thread_count: u64
    free: u64  # first free place in the table, an address; 0: none
    table_count: u64
    handle_count: u64
    generation: u64  # of places that come into the table
    pager: "Gate | None"
    heir: "Gate | None"
    cpu_time: u64  # of all its threads, those that are gone included

    # its end
    dying: bool
    closed: u64  # places of the table that are closed already
    told: bool  # whoever is to know of its death does
    status: u64
    death: u64  # abi.calls.Death

    # links (lists.start_all)
    threads: Link[Thread]
    mappings: "Link[Mapping]"  # by address
    children: "Link[Process]"  # that live; their owner's quota includes theirs
    of_parent: "Link[Process]"
    link: "Link[Process]"  # with the reaper, or in the list of deaths of its heir's port
    ports: "Link[Port]"  # for the heir

    tables: Array[u64, TABLES]  # addresses of pages of entries


class Port:
    """What messages are sent to. One process, its owner, receives; gates lead here."""

    head: Header
    label: u64
    bits: u64  # notification
    died: u64  # serial number of the process with which it died
    gate_count: u64
    revoking: "Gate | None"  # the next to be looked at, while GATE_REVOKE goes through all
    revoked_badge: u64

    set: "Set | None"

    # links (lists.start_all)
    senders: Link[Thread]  # by priority, then arrival
    receivers: Link[Thread]
    unused: "Link[Gate]"  # whose last handle is gone, which the receiver is to be told
    deaths: Link[Process]  # likewise
    gates: "Link[Gate]"
    of_set: "Link[Port]"  # or in the list for an heir, when it is nobody's
    ready: "Link[Port]"  # in the set's list of ports at which something waits; with the reaper when dead

    messages: u64
    bytes: u64


class Set:
    """Ports that are received on at once."""

    head: Header

    # links (lists.start_all)
    receivers: Link[Thread]
    members: Link[Port]
    ready: Link[Port]
    link: "Link[Set]"  # with the reaper


class Gate:
    """What a send handle stands for: a port and a badge. Its port's owner is charged for it."""

    head: Header
    port: Ref[Port]
    badge: u64
    revoked: bool
    wants_notice: bool
    is_unused: bool  # in its port's list of those
    keepers: u64  # of its references: handles without SEND
    messages: u64  # that somebody began to send through it

    # links (lists.start_all)
    of_port: "Link[Gate]"
    senders: Link[Thread]  # who wait to send through it


class Memory:
    """Pages: an array of their physical addresses (0: not touched yet, zeros), or a device's range."""

    head: Header
    pages: u64
    device: u64  # physical address; 0: memory
    in_use: u64  # pages taken
    depth: u64  # levels of tables above the pages: 0 to 2
    top: u64  # physical address of the only page, or of the table that leads to all; 0: not there yet
    charged: u64  # bytes, for all its pages and tables, from the start
    mapping_count: u64

    # links (lists.start_all)
    mappings: "Link[Mapping]"
    link: "Link[Memory]"  # with the reaper


class Mapping:
    """Pages of a memory object in the address space of its owner."""

    head: Header
    memory: Ref[Memory]
    address: u64
    pages: u64
    offset: u64  # first page in the memory object
    rights: u64  # that the handle had

    # links (lists.start_all)
    of_process: "Link[Mapping]"
    of_memory: "Link[Mapping]"


class Interrupt:
    """An interrupt source of the PLIC."""

    head: Header
    source: u64
    gate: Gate | None
    bits: u64
    masked: bool  # until it is acknowledged
    times: u64


class Machine:
    """All devices. There is one."""

    head: Header
