"""Calls about handles, ports and sets. Each takes the thread that asks and returns the thread to go on with."""

from atoll.abi.calls import MAX_MOVE, MintFlag, Status
from atoll.abi.objects import NO_HANDLE, Kind, Right
from atoll.abi.raw import address_of, at
from atoll.abi.types import Array, u64
from atoll.kernel import dropping, handles, lists, paging, ports, reaper, user_memory
from atoll.kernel.objects import Gate, Process, Thread
from atoll.kernel.refusal import Refused
from atoll.kernel.waiting import answer, finish

ALL_FLAGS = MintFlag.TELL_LAST | MintFlag.MANAGE | MintFlag.SHARED

# ---- handles ----


def close(user: Thread) -> Thread:
    """HANDLE_CLOSE: give a handle up; closing a port's destroys the port, closing a reply's fails the caller."""
    entry = handles.find_any(user.process, user.frame.a0, 0)
    dropping.close(user.process, entry)
    return finish(user, Status.OK)


def duplicate(user: Thread) -> Thread:
    """HANDLE_DUPLICATE: the same object, with fewer rights."""
    entry = handles.find_any(user.process, user.frame.a0, Right.DUPLICATE)
    rights = user.frame.a1
    if rights & ~handles.rights_of(entry) != 0:
        raise Refused(Status.NO_RIGHT)
    made = handles.add(user.process, handles.kind_of(entry), rights, entry.object)
    if handles.kind_of(entry) == Kind.GATE and rights & Right.SEND == 0:
        at(Gate, entry.object).keepers += 1
    return answer(user, made)


def install(user: Thread) -> Thread:
    """HANDLE_INSTALL: give another process a handle."""
    process = handles.find_process(user.process, user.frame.a0)
    value = user.frame.a2
    if value != NO_HANDLE:
        handles.find_any(user.process, user.frame.a1, Right.MOVE)
        if not handles.bring_forward(process, value):
            return user
    return answer(user, move(user.process, process, user.frame.a1))


def take(user: Thread) -> Thread:
    """HANDLE_TAKE: take a handle of another process."""
    process = handles.find_process(user.process, user.frame.a0)
    return answer(user, move(process, user.process, user.frame.a1))


def move(source: Process, to: Process, handle: u64) -> u64:
    """Move a handle; its value in the other table."""
    entry = handles.find_any(source, handle, Right.MOVE)
    handles.reserve(to)
    return handles.move(entry, source, to)


def move_rights(user: Thread) -> Thread:
    """MOVE_RIGHTS: move several handles from one process to another, all or none."""
    source = process_meant(user, user.frame.a0)
    to = handles.find_process(user.process, user.frame.a1)
    address, count = user.frame.a2, user.frame.a3
    if count > MAX_MOVE or source is to:
        raise Refused(Status.BAD_ARGUMENT if count > MAX_MOVE else Status.IN_USE)
    wanted: Array[u64, MAX_MOVE] = Array()
    user_memory.copy_record(user.process, address, address_of(wanted), 8 * count, paging.READ)
    user_memory.copy(user.process, address, 0, 8 * count, paging.WRITE)
    for number in range(count):
        handles.find_any(source, wanted[number], Right.MOVE)
        if wanted[number] in wanted[0:number]:
            raise Refused(Status.BAD_ARGUMENT)
    handles.reserve_many(to, count)
    for number in range(count):
        entry = handles.find_any(source, wanted[number], Right.MOVE)
        wanted[number] = handles.move(entry, source, to)
    user_memory.copy(user.process, address, address_of(wanted), 8 * count, paging.WRITE)
    return finish(user, Status.OK)


# ---- ports, gates, sets ----


def create_port(user: Thread) -> Thread:
    """PORT_CREATE: a new port, to which nobody can send yet."""
    handles.reserve(user.process)
    port = ports.create(user.process, user.frame.a0)
    return answer(user, handles.add(user.process, Kind.PORT, handles.PORT_RIGHTS, address_of(port)))


def mint(user: Thread) -> Thread:
    """GATE_MINT: a new send handle of a port, with a badge."""
    port, flags = handles.find_minting(user.process, user.frame.a0), user.frame.a2
    if flags > ALL_FLAGS:
        raise Refused(Status.BAD_ARGUMENT)
    handles.reserve(user.process)
    if flags & MintFlag.SHARED != 0:
        gate = handles.find_gate_of(user.process, user.frame.a1, port)
        if gate.head.references == gate.keepers:
            raise Refused(Status.DEAD)
    else:
        gate = ports.mint(port, user.frame.a1, flags & MintFlag.TELL_LAST != 0)
    rights = handles.GATE_RIGHTS | (Right.MANAGE if flags & MintFlag.MANAGE != 0 else Right.NONE)
    return answer(user, handles.add(user.process, Kind.GATE, rights, address_of(gate)))


def next_gate(user: Thread) -> Thread:
    """GATE_NEXT: handles of a port's gates, one after another."""
    port = handles.find_port(user.process, user.frame.a0)
    gate = lists.first(port.gates)
    if user.frame.a1 != NO_HANDLE:
        before = handles.find_gate_of(user.process, user.frame.a1, port)
        if before.is_unused:
            raise Refused(Status.BAD_ARGUMENT)
        gate = ports.behind(before)
    if gate is None:
        return answer(user, NO_HANDLE)
    return answer(user, handles.add(user.process, Kind.GATE, handles.GATE_RIGHTS, address_of(gate)))


def revoke(user: Thread) -> Thread:
    """GATE_REVOKE: end all send handles of a badge, whoever has them; executed again until all are ended."""
    port = handles.find_port(user.process, user.frame.a0)
    if port.revoking is None:
        port.revoking = lists.first(port.gates)
        port.revoked_badge = user.frame.a1
    is_own = port.revoked_badge == user.frame.a1  # another thread's is finished first
    return finish(user, Status.OK) if ports.revoke_some(port, reaper.STEP) and is_own else user


def label(user: Thread) -> Thread:
    """PORT_LABEL: the number that tells a port's messages from others'."""
    handles.find_port(user.process, user.frame.a0).label = user.frame.a1
    return finish(user, Status.OK)


def create_set(user: Thread) -> Thread:
    """SET_CREATE: a new set, to receive on several ports at once."""
    owner = process_meant(user, user.frame.a0)
    if user.frame.a1 == NO_HANDLE:
        handles.reserve(owner)
    elif not handles.bring_forward(owner, user.frame.a1):
        return user
    group = ports.create_set(owner)
    return answer(user, handles.add(owner, Kind.SET, handles.SET_RIGHTS, address_of(group)))


def process_meant(user: Thread, handle: u64) -> Process:
    """The process of that handle; without one the caller's."""
    return user.process if handle == NO_HANDLE else handles.find_process(user.process, handle)


def add_to_set(user: Thread) -> Thread:
    """SET_ADD: from now on a port's messages come to the set."""
    owner = process_meant(user, user.frame.a2)
    group = handles.find_set(owner, user.frame.a0)
    port = handles.find_port(owner, user.frame.a1)
    if not lists.is_empty(group.receivers) and ports.has_message(port):
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
