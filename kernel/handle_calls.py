"""Calls about handles, ports and sets. Each takes the thread that asks and returns the thread to go on with."""

from atoll.abi.calls import MAX_MOVE, Status
from atoll.abi.objects import NO_HANDLE, Kind, Right
from atoll.abi.raw import address_of, at
from atoll.abi.types import Array, u64
from atoll.kernel import dropping, handles, ports, scheduler, slabs, user_memory
from atoll.kernel.objects import PORT_SIZE, SET_SIZE, Port, Process, Set, Thread
from atoll.kernel.refusal import Refused
from atoll.kernel.waiting import answer, finish

# ---- handles ----


def close(user: Thread) -> Thread:
    """HANDLE_CLOSE: give a handle up; closing a port's destroys the port, closing a reply's fails the caller."""
    entry = handles.find_any(user.process, user.frame.a0, 0)
    finish(user, Status.OK)
    dropping.close(user.process, entry)
    return scheduler.reschedule(user)


def duplicate(user: Thread) -> Thread:
    """HANDLE_DUPLICATE: the same object, with fewer rights."""
    entry = handles.find_any(user.process, user.frame.a0, Right.DUPLICATE)
    rights = user.frame.a1
    if rights & ~handles.rights_of(entry) != 0:
        raise Refused(Status.NO_RIGHT)
    made = handles.add(user.process, handles.kind_of(entry), rights, entry.object)
    dropping.add_reference(made)
    return answer(user, handles.handle_of(made))


def install(user: Thread) -> Thread:
    """HANDLE_INSTALL: give another process a handle."""
    process = handles.find_process(user.process, user.frame.a0)
    return answer(user, move(user.process, process, user.frame.a1))


def take(user: Thread) -> Thread:
    """HANDLE_TAKE: take a handle of another process."""
    process = handles.find_process(user.process, user.frame.a0)
    return answer(user, move(process, user.process, user.frame.a1))


def move(source: Process, to: Process, handle: u64) -> u64:
    """Move a handle; its value in the other table."""
    entry = handles.find_any(source, handle, Right.MOVE)
    handles.reserve(to)
    return handles.handle_of(handles.move(entry, source, to))


def move_rights(user: Thread) -> Thread:
    """MOVE_RIGHTS: move several handles from one process to another, all or none."""
    source = user.process if user.frame.a0 == NO_HANDLE else handles.find_process(user.process, user.frame.a0)
    to = handles.find_process(user.process, user.frame.a1)
    address, count = user.frame.a2, user.frame.a3
    if count > MAX_MOVE or source is to:
        raise Refused(Status.BAD_ARGUMENT if count > MAX_MOVE else Status.IN_USE)
    wanted: Array[u64, MAX_MOVE] = Array()
    user_memory.copy_record_in(user.process, address, address_of(wanted), 8 * count)
    user_memory.reach_all(user.process, address, 8 * count)
    for number in range(count):
        handles.find_any(source, wanted[number], Right.MOVE)
        if wanted[number] in wanted[0:number]:
            raise Refused(Status.BAD_ARGUMENT)
    handles.reserve_many(to, count)
    for number in range(count):
        entry = handles.find_any(source, wanted[number], Right.MOVE)
        wanted[number] = handles.handle_of(handles.move(entry, source, to))
    user_memory.copy_out(user.process, address, address_of(wanted), 8 * count)
    return scheduler.reschedule(finish(user, Status.OK))


# ---- ports, gates, sets ----


def create_port(user: Thread) -> Thread:
    """PORT_CREATE: a new port, to which nobody can send yet."""
    handles.reserve(user.process)
    port = at(Port, slabs.new_object(user.process, PORT_SIZE))
    port.holder = user.process
    port.label = user.frame.a0
    ports.counters.ports += 1
    return answer_new(user, Kind.PORT, handles.PORT_RIGHTS, address_of(port))


def answer_new(user: Thread, kind: u64, rights: u64, made: u64) -> Thread:
    """The call ends with the first handle of a new object."""
    entry = handles.add(user.process, kind, rights, made)
    dropping.add_reference(entry)
    return answer(user, handles.handle_of(entry))


def mint(user: Thread) -> Thread:
    """GATE_MINT: a new send handle of a port, with a badge."""
    port = handles.find_port(user.process, user.frame.a0)
    handles.reserve(user.process)
    gate = ports.mint(port, user.frame.a1, user.frame.a2 != 0)
    return answer_new(user, Kind.GATE, handles.GATE_RIGHTS, address_of(gate))


def revoke(user: Thread) -> Thread:
    """GATE_REVOKE: end all send handles of a badge, whoever has them."""
    ports.revoke(handles.find_port(user.process, user.frame.a0), user.frame.a1)
    return finish(user, Status.OK)


def label(user: Thread) -> Thread:
    """PORT_LABEL: the number that tells a port's messages from others'."""
    handles.find_port(user.process, user.frame.a0).label = user.frame.a1
    return finish(user, Status.OK)


def create_set(user: Thread) -> Thread:
    """SET_CREATE: a new set, to receive on several ports at once."""
    handles.reserve(user.process)
    group = at(Set, slabs.new_object(user.process, SET_SIZE))
    ports.counters.sets += 1
    return answer_new(user, Kind.SET, handles.SET_RIGHTS, address_of(group))


def add_to_set(user: Thread) -> Thread:
    """SET_ADD: from now on a port's messages come to the set."""
    group = handles.find_set(user.process, user.frame.a0)
    port = handles.find_port(user.process, user.frame.a1)
    if group.receivers.first is not None and ports.has_message(port):
        raise Refused(Status.IN_USE)
    ports.join_set(group, port)
    return finish(user, Status.OK)


def remove_from_set(user: Thread) -> Thread:
    """SET_REMOVE: the port stands for itself again."""
    group = handles.find_set(user.process, user.frame.a0)
    port = handles.find_port(user.process, user.frame.a1)
    if port.set is not group:
        raise Refused(Status.BAD_ARGUMENT)
    ports.leave_set(port)
    return finish(user, Status.OK)
