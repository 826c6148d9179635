"""Looking at things: INFO, STATISTICS, HANDLE_LIST."""

from atoll.abi.calls import Status
from atoll.abi.objects import STOPPED, HandleInfo, Info, Kind, Statistics
from atoll.abi.raw import address_of, at
from atoll.abi.types import u64
from atoll.kernel import (
    delivery,
    devices,
    handles,
    history,
    mappings,
    memories,
    memory,
    ports,
    processes,
    reaper,
    scheduler,
    slabs,
    threads,
    timer,
    user_memory,
)
from atoll.kernel.objects import PLACES, Entry, Gate, Header, Interrupt, Memory, Port, Process, Queue, Thread
from atoll.kernel.refusal import Refused
from atoll.kernel.waiting import finish

INFO_SIZE = 80  # bytes of an Info
HANDLE_INFO_SIZE = 32
STATISTICS_SIZE = 18 * 8
MOST_PLACES = 256  # of a table, looked at in one HANDLE_LIST


def info(user: Thread) -> Thread:
    """INFO: look at an object."""
    entry = handles.find_any(user.process, user.frame.a0, 0)
    made = Info()
    scheduler.account()
    made.kind = handles.kind_of(entry)
    made.rights = handles.rights_of(entry)
    match made.kind:
        case Kind.PROCESS:
            fill_process(made, at(Process, entry.object))
        case Kind.THREAD:
            fill_thread(made, at(Thread, entry.object))
        case Kind.PORT:
            fill_port(made, at(Port, entry.object))
        case Kind.GATE:
            fill_gate(made, at(Gate, entry.object))
        case Kind.MEMORY:
            fill_memory(made, at(Memory, entry.object))
        case Kind.INTERRUPT:
            fill_interrupt(made, at(Interrupt, entry.object))
        case _:
            raise Refused(Status.WRONG_KIND)
    user_memory.copy_record_out(user.process, user.frame.a1, address_of(made), INFO_SIZE)
    return finish(user, Status.OK)


def fill_process(made: Info, process: Process) -> None:
    """A process."""
    parent = process.parent
    made.words[0] = process.head.serial
    made.words[1] = process.limit
    made.words[2] = process.used
    made.words[3] = process.thread_count
    made.words[4] = process.handle_count
    made.words[5] = timer.in_nanoseconds(cpu_time(process))
    made.words[6] = 1 if process.dying else 0
    made.words[7] = parent.head.serial if parent is not None else 0


def cpu_time(process: Process) -> u64:
    """Of all its threads, those that are gone included."""
    total = process.cpu_time
    thread = process.threads
    while thread is not None:
        total += thread.cpu_time
        thread = thread.next_of_process
    return total


def fill_thread(made: Info, thread: Thread) -> None:
    """A thread."""
    made.words[0] = thread.head.serial
    made.words[1] = thread.state + (u64(STOPPED) if thread.stopped else 0)
    made.words[2] = thread.priority
    made.words[3] = thread.effective
    made.words[4] = timer.in_nanoseconds(thread.cpu_time)
    made.words[5] = thread.messages
    made.words[6] = thread.bytes
    made.words[7] = thread.process.head.serial


def fill_port(made: Info, port: Port) -> None:
    """A port."""
    made.words[0] = port.head.serial
    made.words[1] = port.label
    made.words[2] = port.messages
    made.words[3] = port.bytes
    made.words[4] = length(port.senders)
    made.words[5] = length(port.receivers)
    made.words[6] = port.bits
    made.words[7] = port.gate_count


def length(queue: Queue) -> u64:
    """How many threads wait."""
    count: u64 = 0
    thread = queue.first
    while thread is not None:
        count += 1
        thread = thread.next
    return count


def fill_gate(made: Info, gate: Gate) -> None:
    """A gate."""
    holder = gate.port.holder
    made.words[0] = gate.badge
    made.words[1] = gate.head.references
    made.words[2] = 0 if gate.port.head.dead else gate.port.head.serial
    made.words[3] = 0 if gate.port.head.dead or holder is None else holder.head.serial


def fill_memory(made: Info, pages: Memory) -> None:
    """A memory object."""
    made.words[0] = pages.pages
    made.words[1] = pages.device
    made.words[2] = pages.mapping_count
    made.words[3] = pages.in_use


def fill_interrupt(made: Info, taken: Interrupt) -> None:
    """An interrupt source."""
    made.words[0] = taken.source
    made.words[1] = taken.times
    made.words[2] = 1 if taken.masked else 0


def list_handles(user: Thread) -> Thread:
    """HANDLE_LIST: look at a process's table, a part at a time."""
    frame = user.frame
    process = handles.find_process(user.process, frame.a0)
    most = min(frame.a3, MOST_PLACES)
    user_memory.check_range(frame.a2, most * HANDLE_INFO_SIZE)
    index, count = min(frame.a1, process.table_count * PLACES), u64(0)
    end = min(process.table_count * PLACES, index + MOST_PLACES)
    while index < end and count < most:
        entry = handles.place_at(process, index)
        index += 1
        if handles.kind_of(entry) != Kind.NONE:
            made = handle_info(entry)
            user_memory.copy_record_out(
                user.process, frame.a2 + count * HANDLE_INFO_SIZE, address_of(made), HANDLE_INFO_SIZE
            )
            count += 1
    frame.a1 = count
    frame.a2 = index if index < process.table_count * PLACES else 0
    return finish(user, Status.OK)


def handle_info(entry: Entry) -> HandleInfo:
    """What there is to say of a handle."""
    made = HandleInfo()
    made.handle = handles.handle_of(entry)
    made.kind = handles.kind_of(entry)
    made.rights = handles.rights_of(entry)
    match made.kind:
        case Kind.GATE:
            made.badge = at(Gate, entry.object).badge
        case Kind.PORT:
            made.badge = at(Port, entry.object).label
        case Kind.THREAD | Kind.REPLY:
            made.badge = at(Thread, entry.object).head.serial
        case Kind.CALLER_GONE:
            made.badge = 0
        case _:
            made.badge = at(Header, entry.object).serial
    return made


def statistics(user: Thread) -> Thread:
    """STATISTICS: the whole machine's figures; what is being taken apart is finished first."""
    if reaper.work():
        return user
    made = Statistics()
    made.free_pages = memory.free_pages()
    made.used_pages = memory.pages.in_use
    made.slab_pages = slabs.slabs.pages
    made.processes = processes.processes.count
    made.threads = threads.threads.count
    made.ports = ports.counters.ports
    made.gates = ports.counters.gates
    made.sets = ports.counters.sets
    made.memories = memories.memories.count
    made.mappings = mappings.counters.count
    made.interrupts = devices.sources.count
    made.handles = handles.counters.handles
    made.messages = history.history.count + history.history.replies
    made.bytes = delivery.counters.bytes
    made.traps = timer.clock.traps
    made.switches = scheduler.scheduler.switches
    made.idle = timer.in_nanoseconds(scheduler.idle.cpu_time)
    made.ticks = timer.clock.interrupts
    user_memory.copy_record_out(user.process, user.frame.a0, address_of(made), STATISTICS_SIZE)
    return finish(user, Status.OK)
