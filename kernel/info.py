"""Looking at things: INFO, STATISTICS, HANDLE_LIST."""

from atoll.abi.calls import Status
from atoll.abi.objects import INDEX_BITS, STOPPED, HandleInfo, Info, Kind, Statistics
from atoll.abi.raw import address_of, at, size_of
from atoll.abi.types import Array, u64
from atoll.kernel import handles, history, memory, paging, reaper, scheduler, timer, user_memory
from atoll.kernel.figures import figures
from atoll.kernel.lists import Link
from atoll.kernel.objects import PLACES, Entry, Gate, Header, Interrupt, Memory, Port, Process, Thread
from atoll.kernel.waiting import finish

MOST_PLACES = 256  # of a table, looked at in one HANDLE_LIST
MOST_COUNTED = 1000  # threads of a queue


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
            pages = at(Memory, entry.object)
            made.words = Array((pages.pages, pages.device, pages.mapping_count, pages.in_use, 0, 0, 0, 0))
        case Kind.INTERRUPT:
            taken = at(Interrupt, entry.object)
            made.words = Array((taken.source, taken.times, u64(taken.masked), 0, 0, 0, 0, 0))
        case _:
            pass  # of a reply: whether its caller still waits; of a set, the machine: what the handle allows
    user_memory.copy_record(user.process, user.frame.a1, address_of(made), size_of(Info), paging.WRITE)
    return finish(user, Status.OK)


def fill_process(made: Info, process: Process) -> None:
    """A process."""
    parent = process.head.owner
    made.words = Array((
        process.head.serial, process.limit, process.used, process.thread_count, process.handle_count,
        timer.in_nanoseconds(process.cpu_time), u64(process.dying), parent.head.serial if parent is not process else 0,
    ))  # fmt: skip


def fill_thread(made: Info, thread: Thread) -> None:
    """A thread."""
    made.words = Array((
        thread.head.serial, thread.state + (u64(STOPPED) if thread.stopped else 0), thread.priority, thread.effective,
        timer.in_nanoseconds(thread.cpu_time), thread.messages, thread.bytes, thread.process.head.serial,
    ))  # fmt: skip


def fill_port(made: Info, port: Port) -> None:
    """A port."""
    made.words = Array((
        port.head.serial, port.label, port.messages, port.bytes,
        length(port.senders), length(port.receivers), port.bits, port.gate_count,
    ))  # fmt: skip


def length(queue: Link[Thread]) -> u64:
    """How many threads wait."""
    count: u64 = 0
    link = queue.next
    while link is not queue and count < MOST_COUNTED:
        count += 1
        link = link.next
    return count


def fill_gate(made: Info, gate: Gate) -> None:
    """A gate."""
    port, receiver = gate.port, gate.port.head.owner
    made.words[0] = gate.badge
    made.words[1], made.words[4] = gate.head.references - gate.keepers, u64(gate.wants_notice)
    if not port.head.dead:
        made.words[2] = port.head.serial
        made.words[3] = 0 if receiver.dying else receiver.head.serial


def list_handles(user: Thread) -> Thread:
    """HANDLE_LIST: look at a process's table, a part at a time."""
    frame = user.frame
    process = handles.find_process(user.process, frame.a0)
    most = min(frame.a3, MOST_PLACES)
    record: u64 = size_of(HandleInfo)
    user_memory.check_range(frame.a2, most * record)
    places = process.table_count * PLACES
    index, count, highest = min(frame.a1, places), u64(0), u64(0)
    end = min(places, index + MOST_PLACES)
    while index < end and count < most:
        entry = handles.place_at(process, index)
        index += 1
        highest = max(highest, handles.handle_of(entry) >> INDEX_BITS)
        if handles.kind_of(entry) != Kind.NONE:
            made = handle_info(entry)
            user_memory.copy_record(user.process, frame.a2 + count * record, address_of(made), record, paging.WRITE)
            count += 1
    frame.a1 = count
    frame.a2 = index if index < places else 0
    frame.a3 = highest
    return finish(user, Status.OK)


def handle_info(entry: Entry) -> HandleInfo:
    """What there is to say of a handle."""
    made = HandleInfo()
    made.handle = handles.handle_of(entry)
    made.kind = handles.kind_of(entry)
    made.rights = handles.rights_of(entry)
    match made.kind:
        case Kind.GATE:
            made.badge, made.messages = at(Gate, entry.object).badge, at(Gate, entry.object).messages
        case Kind.PORT:
            group = at(Port, entry.object).set
            made.badge, made.messages = at(Port, entry.object).label, at(Port, entry.object).messages
            made.set = group.head.serial if group is not None else 0
        case Kind.CALLER_GONE:
            made.badge = 0
        case _:
            made.badge = at(Header, entry.object).serial
    return made


def statistics(user: Thread) -> Thread:
    """STATISTICS: the whole machine's figures; what is being taken apart is finished first."""
    if reaper.work():
        return user
    figures.free_pages = memory.free_pages()
    figures.used_pages = memory.pages.in_use
    figures.messages = history.history.count + history.history.replies
    figures.idle = timer.in_nanoseconds(scheduler.idle.cpu_time)
    user_memory.copy_record(user.process, user.frame.a0, address_of(figures), size_of(Statistics), paging.WRITE)
    return finish(user, Status.OK)
