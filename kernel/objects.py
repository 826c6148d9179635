"""The kernel's objects: all structures that handles stand for, and what links them.

Every object has a Header, most at their beginning. An object lives as long as handles (or the kernel) refer to it;
one that was destroyed is only a mark, `dead`, for who still holds a handle, and its memory is given back with the last.
"""

from atoll.abi.address_space import PAGE_SIZE
from atoll.abi.objects import GENERATION_BITS, INDEX_BITS, Transfer
from atoll.abi.types import Array, Ref, u64
from atoll.kernel.entry import TrapFrame

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

# ---- bytes of a slot for each kind of object (slabs.py): a power of two that its structure fits ----
THREAD_SIZE = 1024
PORT_SIZE = 256
SET_SIZE = 128
GATE_SIZE = 128
MEMORY_SIZE = 128
MAPPING_SIZE = 128
INTERRUPT_SIZE = 128


class Header:
    """What all objects have."""

    owner: "Ref[Process]"  # who is charged for it
    references: u64  # handles, and structures of the kernel that point here
    serial: u64  # no other object ever has the same
    dead: bool


class Entry:
    """A handle: one place of a process's table."""

    word: u64  # kind << 56 | rights << 48 | handle
    object: u64  # address; in a free place the next free one


class Queue:
    """Threads that wait for the same thing. A thread is in one queue at most."""

    first: "Thread | None"
    last: "Thread | None"


class Notice:
    """Something that the kernel itself has to tell a port: the object it is about lends its memory for the queue."""

    next: "Notice | None"
    gate: "Gate | None"  # its last handle is gone
    process: "Process | None"  # it has died


class Thread:
    """A thread. Its registers come first: entry.py finds them at the thread's address."""

    frame: TrapFrame
    head: Header
    process: "Ref[Process]"

    # scheduling
    state: u64  # abi.objects.ThreadState
    stopped: bool
    priority: u64
    effective: u64  # priority, or that of whom it works for
    queue: Queue | None
    next: "Thread | None"
    previous: "Thread | None"
    cpu_time: u64  # ticks of the time base

    # waiting: until when, and what is to be sent or received
    deadline: u64  # ticks of the time base; 0: none
    sleep_next: "Thread | None"
    sleep_previous: "Thread | None"
    message: u64  # abi.calls.Message: what it sends
    badge: u64
    plain: bool  # nothing but words: `transfer` holds nothing
    transfer: Transfer
    reply: Entry | None  # the reply handle of its call
    helper: "Thread | None"  # who waits in REPLY until this thread's page is there
    helping: "Thread | None"

    # a fault on its way to the pager
    fault_reply: Entry | None
    fault_cause: u64
    fault_address: u64
    after_fault: u64  # state to go back to

    # accounting
    messages: u64
    bytes: u64

    next_of_process: "Thread | None"
    previous_of_process: "Thread | None"

    # floating point, while another thread's values are in the CPU
    floats: Array[u64, 33]  # f0 to f31, fcsr


class Process:
    """A process: an address space, a table of handles, an account. It fills a page."""

    head: Header
    satp: u64
    root: u64  # page table, physical
    limit: u64  # bytes that it may use, those lent to its children included
    used: u64
    threads: Thread | None
    thread_count: u64
    free: u64  # first free place in the table, an address; 0: none
    table_count: u64
    handle_count: u64
    mappings: "Mapping | None"  # by address
    pager: "Gate | None"
    heir: "Gate | None"
    parent: "Process | None"  # whose quota its own is part of
    children: "Process | None"
    next_child: "Process | None"  # of its parent
    previous_child: "Process | None"
    cpu_time: u64  # of threads that are gone

    # its end
    dying: bool
    next_dying: "Process | None"
    closed: u64  # places of the table that are closed already
    told: bool  # whoever is to know of its death does
    status: u64
    death: u64  # abi.calls.Death
    ports: "Port | None"  # for the heir
    notice: Notice

    tables: Array[u64, TABLES]  # addresses of pages of entries


class Port:
    """What messages are sent to. One process receives; gates lead here."""

    head: Header
    holder: "Process | None"  # who receives; None: on its way to an heir
    label: u64
    senders: Queue  # by priority, then arrival
    receivers: Queue
    bits: u64  # notification
    first_notice: Notice | None
    last_notice: Notice | None
    gates: "Gate | None"
    gate_count: u64
    died: u64  # serial number of the process with which it died

    # its set
    set: "Set | None"
    next_in_set: "Port | None"  # for an heir: the next port
    listed: bool  # in the set's list of ports at which something waits
    next_ready: "Port | None"

    messages: u64
    bytes: u64


class Set:
    """Ports that are received on at once."""

    head: Header
    receivers: Queue
    members: Port | None
    first_ready: Port | None
    last_ready: Port | None


class Gate:
    """What a send handle stands for: a port and a badge."""

    head: Header
    port: Ref[Port]
    badge: u64
    next: "Gate | None"  # of the port
    previous: "Gate | None"
    revoked: bool
    wants_notice: bool
    notice: Notice


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
    mappings: "Mapping | None"
    next_dying: "Memory | None"


class Mapping:
    """Pages of a memory object in an address space."""

    process: Ref[Process]
    memory: Ref[Memory]
    address: u64
    pages: u64
    offset: u64  # first page in the memory object
    rights: u64  # that the handle had
    next: "Mapping | None"  # of the process, by address
    previous: "Mapping | None"
    next_of_memory: "Mapping | None"
    previous_of_memory: "Mapping | None"


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
