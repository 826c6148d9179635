"""Handles: a process's table of what it can reach. A place has a generation, so that a handle that was closed never
stands for what came into its place.

The word of a place holds all that a check needs: kind, rights, and the handle's own value; a kind of 0 is a free
place.
"""

from atoll.abi.calls import Status
from atoll.abi.objects import INDEX_BITS, Kind, Right
from atoll.abi.raw import address_of, at, size_of
from atoll.abi.types import noinline, u64, wrapping_add, wrapping_shl
from atoll.kernel import memory, ports, reaper, slabs
from atoll.kernel.figures import figures
from atoll.kernel.objects import (
    ENTRY_SIZE,
    HANDLE,
    HANDLE_BITS,
    KIND_SHIFT,
    NOT_HANDLE,
    ONE_GENERATION,
    PLACES,
    RIGHTS_SHIFT,
    TABLES,
    Entry,
    Gate,
    Header,
    Interrupt,
    Memory,
    Port,
    Process,
    Set,
    Thread,
)
from atoll.kernel.refusal import Refused

# ---- rights of the first handle of a new object ----
SHARED = Right.DUPLICATE | Right.MOVE
PROCESS_RIGHTS = SHARED | Right.MANAGE  # of a thread and an interrupt too, and of the machine
PORT_RIGHTS = Right.MOVE | Right.RECEIVE
SET_RIGHTS = Right.RECEIVE
GATE_RIGHTS = SHARED | Right.SEND
MEMORY_RIGHTS = SHARED | Right.MANAGE | Right.READ | Right.WRITE | Right.EXECUTE


# ---- looking up ----


def look(process: Process, handle: u64, kind: u64, right: u64) -> Entry | None:
    """The place of a handle, if it is of that kind and has that right. (The few instructions of it are counted.)"""
    table = process.tables[handle % ONE_GENERATION // PLACES]
    if table == 0:
        return None
    entry = at(Entry, wrapping_add(table, handle % PLACES * ENTRY_SIZE))
    difference = entry.word ^ handle
    if wrapping_shl(difference, 64 - HANDLE_BITS) != 0 or difference >> KIND_SHIFT != kind:
        return None
    return entry if entry.word >> RIGHTS_SHIFT & right != 0 else None


def find(process: Process, handle: u64, kind: u64, right: u64) -> Entry:
    """The place of a handle that must be of that kind and have that right."""
    entry = look(process, handle, kind, right)
    if entry is None:
        raise Refused(mistake(process, handle, kind))
    return entry


@noinline
def mistake(process: Process, handle: u64, kind: u64) -> u64:
    """What is wrong with a handle that `find` did not find."""
    return Status.NO_RIGHT if kind_of(find_any(process, handle, 0)) == kind else Status.WRONG_KIND


def place_of(process: Process, handle: u64) -> Entry | None:
    """Where a handle would be; None if the table has no such place."""
    if handle >> HANDLE_BITS != 0:
        return None
    table = process.tables[handle % ONE_GENERATION // PLACES]
    return at(Entry, table + handle % PLACES * ENTRY_SIZE) if table != 0 else None


def find_any(process: Process, handle: u64, right: u64) -> Entry:
    """The place of a handle of any kind, with that right (0: whatever it has)."""
    entry = place_of(process, handle)
    if entry is None or handle == 0:
        raise Refused(Status.BAD_HANDLE)
    if entry.word & HANDLE != handle or kind_of(entry) == Kind.NONE:
        raise Refused(Status.STALE_HANDLE if entry.word & HANDLE >= ONE_GENERATION else Status.BAD_HANDLE)
    if right != 0 and rights_of(entry) & right == 0:
        raise Refused(Status.NO_RIGHT)
    return entry


def kind_of(entry: Entry) -> u64:
    """The kind of object."""
    return entry.word >> KIND_SHIFT


def rights_of(entry: Entry) -> u64:
    """What the handle allows."""
    return entry.word >> RIGHTS_SHIFT & 0xFF


def handle_of(entry: Entry) -> u64:
    """The handle's value."""
    return entry.word & HANDLE


def alive(head: Header) -> None:
    """Refuse to work with what was destroyed."""
    if head.dead:
        raise Refused(Status.DEAD)


def find_process(user: Process, handle: u64) -> Process:
    """A process that the handle may manage."""
    process = at(Process, find(user, handle, Kind.PROCESS, Right.MANAGE).object)
    if process.dying:
        raise Refused(Status.DEAD)
    return process


def find_thread(user: Process, handle: u64) -> Thread:
    """A thread that the handle may manage."""
    thread = at(Thread, find(user, handle, Kind.THREAD, Right.MANAGE).object)
    alive(thread.head)
    return thread


def find_port(user: Process, handle: u64) -> Port:
    """A port that the handle may receive on."""
    return at(Port, find(user, handle, Kind.PORT, Right.RECEIVE).object)


def find_minting(user: Process, handle: u64) -> Port:
    """A port whose gates the handle may mint: one to receive on, or of a gate with MANAGE, whose port lives."""
    entry = look(user, handle, Kind.GATE, Right.MANAGE)
    if entry is None:
        return find_port(user, handle)
    port = at(Gate, entry.object).port
    alive(port.head)
    return port


def find_set(user: Process, handle: u64) -> Set:
    """A port set."""
    return at(Set, find(user, handle, Kind.SET, Right.RECEIVE).object)


def find_source(user: Process, handle: u64) -> Entry:
    """The place of a port or set that the handle may receive on."""
    entry = look(user, handle, Kind.PORT, Right.RECEIVE)
    if entry is None:
        entry = look(user, handle, Kind.SET, Right.RECEIVE)
    if entry is None:
        raise Refused(mistake(user, handle, Kind.PORT))
    return entry


def find_gate(user: Process, handle: u64) -> Gate:
    """A gate that the handle may send through."""
    return at(Gate, find(user, handle, Kind.GATE, Right.SEND).object)


def find_gate_of(user: Process, handle: u64, port: Port) -> Gate:
    """A gate of that port, whatever the handle allows."""
    entry = find_any(user, handle, 0)
    if kind_of(entry) != Kind.GATE or at(Gate, entry.object).port is not port:
        raise Refused(Status.BAD_ARGUMENT)
    return at(Gate, entry.object)


def find_memory(user: Process, handle: u64, right: u64) -> Memory:
    """A memory object with that right."""
    found = at(Memory, find(user, handle, Kind.MEMORY, right).object)
    alive(found.head)
    return found


def find_interrupt(user: Process, handle: u64) -> Interrupt:
    """An interrupt source."""
    return at(Interrupt, find(user, handle, Kind.INTERRUPT, Right.MANAGE).object)


# ---- adding, moving, dropping ----


def reserve(process: Process) -> None:
    """Make sure that the table has a free place."""
    if process.free == 0:
        grow(process)


def grow(process: Process) -> None:
    """Another page of places."""
    if process.table_count == TABLES:
        raise Refused(Status.NO_ROOM)
    table = memory.reach(slabs.charged_page(process))
    number = process.table_count
    process.tables[number] = table
    process.table_count += 1
    place: u64 = PLACES
    while place > 0:
        place -= 1
        if number == 0 and place == 0:
            break  # handle 0 is none
        entry = at(Entry, table + place * ENTRY_SIZE)
        entry.word = wrapping_shl(process.generation, INDEX_BITS) | number * PLACES + place
        entry.object = process.free
        process.free = address_of(entry)


def reserve_many(process: Process, count: u64) -> None:
    """Make sure that the table has so many free places, fewer than one page holds."""
    place = process.free
    for _ in range(count):
        if place == 0:
            grow(process)
            return
        place = at(Entry, place).object


def bring_forward(process: Process, value: u64) -> bool:
    """Let the next handle have that value: its place becomes the first free one. False: the table has grown by a page
    on the way there, try again.
    """
    index = value % ONE_GENERATION
    if index == 0 or value < ONE_GENERATION or value >> HANDLE_BITS != 0:
        raise Refused(Status.BAD_HANDLE)
    if index // PLACES >= process.table_count:
        grow(process)
        return False
    wanted = place_at(process, index)
    if kind_of(wanted) != Kind.NONE:
        raise Refused(Status.IN_USE)
    if process.free != address_of(wanted):
        before = free_place_before(process, wanted)
        before.object = wanted.object
        wanted.object = process.free
        process.free = address_of(wanted)
    wanted.word = value - ONE_GENERATION
    return True


def free_place_before(process: Process, wanted: Entry) -> Entry:
    """The one in front of a free place, not far from the first."""
    place = at(Entry, process.free)
    for _ in range(PLACES):
        if place.object == address_of(wanted):
            return place
        if place.object == 0:
            break
        place = at(Entry, place.object)
    raise Refused(Status.NO_ROOM)


def add(process: Process, kind: u64, rights: u64, target: u64) -> u64:
    """A new handle for an object, which is referred to once more; its value."""
    reserve(process)
    entry = take_place(process, kind << KIND_SHIFT | rights << RIGHTS_SHIFT, target)
    at(Header, target).references += 1
    return handle_of(entry)


def take_place(process: Process, kind_and_rights: u64, target: u64) -> Entry:
    """The first free place, which there is; kind and rights are where the word has them."""
    process.handle_count += 1
    figures.handles += 1
    return take_reply_place(process, kind_and_rights, target)


def take_reply_place(process: Process, kind_and_rights: u64, target: u64) -> Entry:
    """The same for a reply handle: these come and go with each call, and are not counted."""
    entry = at(Entry, process.free)
    process.free = entry.object
    entry.word = wrapping_add(entry.word, ONE_GENERATION) & HANDLE | kind_and_rights
    entry.object = target
    return entry


def give_place(process: Process, entry: Entry) -> None:
    """The place is free; its generation stays. (After 2^32 generations a value could come again.)"""
    if kind_of(entry) not in (Kind.REPLY, Kind.CALLER_GONE):
        process.handle_count -= 1
        figures.handles -= 1
    give_reply_place(process, entry)


def give_reply_place(process: Process, entry: Entry) -> None:
    """The same for a reply handle."""
    entry.word = entry.word & HANDLE
    entry.object = process.free
    process.free = address_of(entry)


def move(entry: Entry, user: Process, to: Process) -> u64:
    """Move a handle to another table, which has a free place; its value there."""
    kind = kind_of(entry)
    if kind in (Kind.REPLY, Kind.CALLER_GONE):
        moved = take_reply_place(to, entry.word & NOT_HANDLE, entry.object)
    else:
        moved = take_place(to, entry.word & NOT_HANDLE, entry.object)
    if kind == Kind.REPLY:
        thread = at(Thread, entry.object)
        if thread.reply is entry:
            thread.reply = moved
        else:
            thread.fault_reply = moved
    elif kind == Kind.PORT:
        change_receiver(at(Port, entry.object), to)
    give_place(user, entry)
    return handle_of(moved)


def change_receiver(port: Port, to: Process) -> None:
    """Another process receives, and is charged for the port and its gates, even if that is more than its limit."""
    if port.head.owner is to:
        return
    reaper.dismiss(port.receivers, Status.STALE_HANDLE)
    ports.leave_set(port)
    size = slabs.rounded(size_of(Port)) + port.gate_count * slabs.rounded(size_of(Gate))
    slabs.refund(port.head.owner, size)
    to.used += size
    port.head.owner = to


# ---- whole tables ----


def place_at(process: Process, index: u64) -> Entry:
    """The place of that number, which the table has."""
    return at(Entry, process.tables[index // PLACES] + index % PLACES * ENTRY_SIZE)
