"""Programs that move to other nodes and come from there: what a mover is given of them, and what stays behind."""

from atoll.abi.objects import NO_HANDLE, Right
from atoll.abi.types import u64
from atoll.servers.memory.interface import MemoryManager
from atoll.servers.programs import ending
from atoll.servers.programs.interface import Migrant, NoSuchProgram, NotMovable, OutOfMemory, Passage, ProgramState
from atoll.servers.programs.table import FATE, MOST_SETTLED, UNUSED, Entry, programs
from atoll.userland.runtime.interface import ServiceError
from atoll.userland.runtime.kernel_calls import clock
from atoll.userland.runtime.kernel_errors import KernelError
from atoll.userland.runtime.messages import Gate
from atoll.userland.runtime.objects import Process, Thread, close, create_process, duplicate
from atoll.userland.runtime.service import loop

QUOTA = 192  # pages of a program's own: page tables, threads, handles, memory objects
OWN_RIGHTS = Right.MANAGE | Right.DUPLICATE | Right.MOVE
FOR_OTHERS = Right.SEND | Right.DUPLICATE | Right.MOVE
NODE_SHIFT = 48  # of pids
HOME_SHIFT = 32  # of pids: above is the node with its incarnation
NOWHERE = 0xFFFF


class Mover:
    """Who is notified of orders."""

    gate: Gate
    bits: u64


mover: Mover = Mover()


# ---- from here ----


def describe(entry: Entry, migrant: Migrant) -> None:
    """What another node has to know. Raises NotMovable."""
    if entry.state != ProgramState.RUNNING:
        raise NotMovable("it does not run here")
    migrant.pid, migrant.parent, migrant.home = entry.pid, entry.parent, entry.home
    migrant.priority, migrant.space = entry.priority, entry.space
    migrant.cpu_time, migrant.sent_on_by = entry.cpu_time, entry.sent_on_by
    migrant.generation = entry.process.newest_generation()
    migrant.path_length = entry.file_length
    migrant.path[0 : entry.file_length] = entry.path()


def process_of(entry: Entry) -> u64:
    """A handle of its process."""
    if entry.process.handle == NO_HANDLE:
        raise NotMovable("it has no process here")
    return duplicate(entry.process.handle, OWN_RIGHTS)


def error_of(entry: Entry) -> u64:
    """A gate to its error stream."""
    if entry.error.handle == NO_HANDLE:
        raise NotMovable("it has no error stream")
    return duplicate(entry.error.handle, FOR_OTHERS)


def depart(entry: Entry, keeps_space: bool, memory: MemoryManager, node: u64) -> None:
    """Its process ends; where it was born a stand-in stays."""
    if entry.state == ProgramState.MOVED:
        return
    entry.state, entry.is_in_doubt, entry.has_come = ProgramState.MOVED, False, False
    entry.order, entry.passage.id = 0, 0
    keep_trace(entry, memory)  # (with the process the memory manager may let its space go)
    ending.destroy_surely(entry.process, 0)
    if keeps_space:
        entry.space = 0
    if entry.pid >> NODE_SHIFT == node:
        ending.give_back_process(entry, memory)
    else:
        ending.forget_waiting(entry)
        ending.give_back(entry, memory)
        entry.state = UNUSED


def keep_trace(entry: Entry, memory: MemoryManager) -> None:
    """Where in its image the table for tracebacks is, which its space has known so far."""
    try:
        info = memory.describe(entry.space)
        if info.trace_size > 0:
            entry.trace_offset, entry.trace_size = info.trace_offset, info.trace_size
    except ServiceError:
        return  # there will be no tracebacks


def place_of_absent(pid: u64) -> u64:
    """Where the stand-in of a program is; NOWHERE if there is none."""
    for place in range(u64(len(programs.entries))):
        if programs.entries[place].state == ProgramState.MOVED and programs.entries[place].pid == pid:
            return place
    return NOWHERE


# ---- to here ----


def immigrate(migrant: Migrant, space: u64, pager: Gate, memory: MemoryManager, node: u64) -> u64:
    """A process for it; another handle of that."""
    place = place_of_absent(migrant.pid)
    was_here = place != NOWHERE
    try:
        if not was_here:
            place = programs.add()
        entry = programs.entries[place]
        make_process(entry, pager, migrant.generation)
        memory.adopt(space, Process(duplicate(entry.process.handle, OWN_RIGHTS)))
    except (ServiceError, KernelError) as error:
        pager.close()
        if place != NOWHERE:
            ending.destroy_surely(programs.entries[place].process, 0)
            ending.give_back_process(programs.entries[place], memory)
        if place != NOWHERE and not was_here:
            programs.entries[place].state = UNUSED
        raise OutOfMemory(f"{error}") from None
    pager.close()
    entry.state = ProgramState.FROZEN
    entry.pid, entry.parent, entry.priority = migrant.pid, migrant.parent, migrant.priority
    home = migrant.home if migrant.home != 0 else migrant.pid >> HOME_SHIFT
    entry.home = home if home >> 16 != node else 0
    entry.set_path(migrant.path[0 : migrant.path_length])
    entry.space = space
    entry.has_come, entry.cpu_time, entry.sent_on_by = True, 0, 0
    entry.started = clock()
    return duplicate(entry.process.handle, OWN_RIGHTS)


def make_process(entry: Entry, pager: Gate, generation: u64) -> None:
    """Its end is told as that of any other program. Raises KernelError."""
    fate = loop.port.mint(entry.badge(FATE))
    try:
        entry.process = create_process(QUOTA, pager, fate, generation)
        entry.process_serial = ending.serial_of(entry.process)
    finally:
        fate.close()


def settle(entry: Entry, cpu_time: u64, sent_on_by: u64, thread: Thread) -> None:
    """It runs here."""
    entry.cpu_time, entry.sent_on_by = cpu_time, sent_on_by
    if entry.thread.handle != NO_HANDLE:
        close(entry.thread.handle)
    entry.thread = thread
    entry.state, entry.is_in_doubt = ProgramState.RUNNING, False
    programs.settled[programs.settled_count % MOST_SETTLED] = entry.passage.id
    programs.settled_count += 1


def set_error(pid: u64, error: Gate) -> None:
    """Its error stream. Raises NoSuchProgram."""
    try:
        entry = programs.find(pid)
    except NoSuchProgram:
        error.close()
        raise
    if entry.error.handle != NO_HANDLE:
        close(entry.error.handle)
    entry.error = error


def discard(pid: u64, memory: MemoryManager, node: u64) -> None:
    """What was made for it goes; a stand-in that was here before stays."""
    for entry in programs.entries:
        if entry.state == ProgramState.FROZEN and entry.pid == pid:
            entry.state, entry.is_in_doubt, entry.has_come = ProgramState.MOVED, False, False
            entry.passage.id = 0
            ending.destroy_surely(entry.process, 0)
            if pid >> NODE_SHIFT == node:
                ending.give_back_process(entry, memory)
            else:
                ending.give_back(entry, memory)
                entry.state = UNUSED


# ---- what a mover has noted ----


def note_place(pid: u64, node: u64, incarnation: u64) -> None:
    """Where a program is that is not here."""
    place = place_of_absent(pid)
    if place != NOWHERE:
        passage = programs.entries[place].passage
        passage.node, passage.incarnation = node, incarnation


def next_passage(place: u64, node: u64) -> Passage:
    """The first from that place on. Raises NoSuchProgram."""
    while place < u64(len(programs.entries)):
        entry = programs.entries[place]
        place += 1
        if is_noted(entry, node):
            passage = entry.passage
            passage.pid, passage.state, passage.status, passage.next = entry.pid, entry.state, entry.status, place
            return passage
    raise NoSuchProgram("no more have moved")


def is_noted(entry: Entry, node: u64) -> bool:
    """Whether a mover has to do with it."""
    match entry.state:
        case ProgramState.RUNNING:
            return entry.passage.id != 0 or is_foreign(entry, node)
        case ProgramState.FROZEN | ProgramState.MOVED:
            return True
        case ProgramState.ENDED:
            return is_foreign(entry, node)
    return False


def is_foreign(entry: Entry, node: u64) -> bool:
    """Whether it was born on another node, which is to be told of its end."""
    return entry.pid >> NODE_SHIFT != node


def doubt(pid: u64, is_in_doubt: bool) -> None:
    """Whether it waits for another node."""
    for entry in programs.entries:
        if entry.pid == pid and entry.state in (ProgramState.RUNNING, ProgramState.FROZEN):
            entry.is_in_doubt = is_in_doubt


def release(pid: u64) -> None:
    """Its end is known where it was born."""
    for entry in programs.entries:
        if entry.pid == pid and entry.state == ProgramState.ENDED:
            entry.is_told = True
            if not entry.is_held:
                entry.state = UNUSED


def is_over(entry: Entry, node: u64) -> bool:
    """Whether nobody cares any more for a program that has ended."""
    return not entry.is_held and (entry.is_told or not is_foreign(entry, node))


# ---- orders for those who are elsewhere ----


def set_mover(gate: Gate, bits: u64) -> None:
    """Whom to notify."""
    if mover.gate.handle != NO_HANDLE:
        mover.gate.close()
    mover.gate, mover.bits = gate, bits
    tell_mover()


def tell_mover() -> None:
    """There may be an order."""
    if mover.gate.handle == NO_HANDLE:
        return
    try:
        mover.gate.notify(mover.bits)
    except KernelError:
        return  # it will have a successor, which sets itself


def next_order() -> tuple[u64, u64]:
    """A program and its status."""
    for entry in programs.entries:
        if entry.state == ProgramState.MOVED and entry.order != 0:
            status = entry.order - 1
            entry.order = 0
            return entry.pid, status
    raise NoSuchProgram("there are no orders")
