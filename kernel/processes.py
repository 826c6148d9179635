"""Processes: how one begins, and how it ends: its threads at once, then its memory bit by bit (reaper.py), then the
heir is given its ports and told.
"""

from atoll.abi.address_space import PAGE_SIZE
from atoll.abi.calls import Death, Message, Status
from atoll.abi.objects import Kind
from atoll.abi.raw import address_of, at
from atoll.abi.types import u64
from atoll.kernel import handles, memory, paging, panic, ports, reaper, slabs, threads
from atoll.kernel.objects import Gate, Port, Process, Thread
from atoll.kernel.refusal import Refused


class Processes:
    """All state of this module."""

    root: Process | None
    count: u64


processes: Processes = Processes()


def create(parent: Process, limit: u64, pager: Gate | None, heir: Gate | None) -> Process:
    """A process with an empty address space; `limit` bytes of its parent's account are its own."""
    slabs.charge(parent, limit)
    try:
        process = at(Process, memory.reach(slabs.charged_page(parent)))
    except Refused:
        slabs.refund(parent, limit)
        raise
    slabs.start_header(process.head, parent)
    adopt(process, parent)
    process.limit = limit
    try:
        begin(process)
    except Refused:
        process.head.dead = True
        process.told = True
        finish_account(process)
        release(process)
        raise
    process.pager = referred(pager)
    process.heir = referred(heir)
    return process


def adopt(process: Process, parent: Process) -> None:
    """The process is a child of that one."""
    process.parent = parent
    process.head.owner = parent
    parent.head.references += 1
    process.previous_child = None
    process.next_child = parent.children
    if process.next_child is not None:
        process.next_child.previous_child = process
    parent.children = process


def leave(process: Process, parent: Process) -> None:
    """It is no child of that one any more."""
    if process.previous_child is None:
        parent.children = process.next_child
    else:
        process.previous_child.next_child = process.next_child
    if process.next_child is not None:
        process.next_child.previous_child = process.previous_child
    drop(parent)


def begin(process: Process) -> None:
    """What even an empty process has: an address space, and itself as long as it lives."""
    if process.limit < PAGE_SIZE:
        raise Refused(Status.NO_MEMORY)
    process.root = slabs.charged_page(process)
    try:
        process.satp = paging.start_space(process.root)
    except Refused:
        slabs.refund_page(process, process.root)
        raise
    process.head.references = 1
    processes.count += 1


def referred(gate: Gate | None) -> Gate | None:
    """The gate, with one more reference."""
    if gate is not None:
        gate.head.references += 1
    return gate


def kill(process: Process, status: u64, death: u64) -> None:
    """Its threads are gone at once; the rest goes bit by bit."""
    if process.dying:
        return
    if process is processes.root:
        panic.root_ended(status, death)
    process.dying = True
    process.status = status
    process.death = death
    thread = process.threads
    while thread is not None:
        threads.destroy(thread)
        thread = process.threads
    reaper.add_process(process)


def keep_port(process: Process, port: Port) -> None:
    """A dying process received on that port: its heir will."""
    heir = process.heir
    if heir is None or not has_heir(process) or heir.port.holder is process:
        ports.destroy(port, process.head.serial)
        return
    ports.dismiss(port.receivers, Status.DEAD)
    ports.leave_set(port)
    port.holder = None
    port.next_in_set = process.ports
    process.ports = port


def has_heir(process: Process) -> bool:
    """Whether somebody is to be told of its death."""
    heir = process.heir
    return heir is not None and not heir.revoked and not heir.port.head.dead


def kill_child(process: Process) -> bool:
    """Without an heir, a process's children end with it, one at a time; False if none is left."""
    child = living_child(process)
    if child is None:
        return False
    kill(child, process.status, Death.DESTROYED)
    return True


def finish(process: Process) -> None:
    """All is given back: tell the heir."""
    process.head.dead = True
    processes.count -= 1
    pager = process.pager
    if pager is not None:
        process.pager = None
        ports.drop_gate(pager)
    finish_account(process)
    heir = process.heir
    if heir is not None and has_heir(process):
        process.notice.process = process
        ports.add_notice(heir.port, process.notice)
    else:
        forget_death(process)


def finish_account(process: Process) -> None:
    """The parent has back what the process does not use (what still lives of it is counted until it is gone)."""
    parent = process.parent
    if parent is None:
        return
    if process.used <= process.limit:
        slabs.refund(parent, process.limit - process.used)
    else:
        parent.used += process.used - process.limit  # an heir bears what it inherits even if that is more than it has
    process.limit = process.used


def tell_death(process: Process, port: Port, receiver: Thread) -> None:
    """Give an heir the next of the ports and children, or, behind them all, the news."""
    heir = process.heir
    badge = heir.badge if heir is not None else 0
    inherited = process.ports
    child = living_child(process)
    if inherited is None and child is not None:
        tell_child(process, child, port, receiver, badge)
        return
    if inherited is None:
        ports.write_message(port, receiver, Message.DEATH, process.head.serial, badge)
        receiver.frame.a2 = process.status
        receiver.frame.a3 = process.death
        ports.remove_first_notice(port)
        forget_death(process)
        return
    entry = handles.add(receiver.process, Kind.PORT, handles.PORT_RIGHTS, address_of(inherited))
    process.ports = inherited.next_in_set
    inherited.next_in_set = None
    handles.change_holder(inherited, receiver.process)
    ports.write_message(port, receiver, Message.INHERITED, process.head.serial, badge)
    receiver.frame.a2 = inherited.label
    receiver.frame.a3 = Kind.PORT
    receiver.frame.a5 = handles.handle_of(entry)


def living_child(process: Process) -> Process | None:
    """A child that has not ended."""
    child = process.children
    while child is not None and child.dying:
        child = child.next_child
    return child


def tell_child(process: Process, child: Process, port: Port, receiver: Thread, badge: u64) -> None:
    """The heir's process has a child more, and bears what that may use."""
    entry = handles.add(receiver.process, Kind.PROCESS, handles.PROCESS_RIGHTS, address_of(child))
    child.head.references += 1
    receiver.process.used += child.limit + PAGE_SIZE
    process.head.references += 1
    leave(child, process)
    adopt(child, receiver.process)
    slabs.refund(process, child.limit + PAGE_SIZE)
    ports.write_message(port, receiver, Message.INHERITED, process.head.serial, badge)
    receiver.frame.a2 = child.head.serial
    receiver.frame.a3 = Kind.PROCESS
    receiver.frame.a5 = handles.handle_of(entry)
    drop(process)


def forget_death(process: Process) -> None:
    """The heir knows, or there is none: ports and children that nobody took are destroyed."""
    process.told = True
    while kill_child(process):
        pass
    port = process.ports
    while port is not None:
        process.ports = port.next_in_set
        port.next_in_set = None
        ports.destroy(port, process.head.serial)
        port = process.ports
    heir = process.heir
    if heir is not None:
        process.heir = None
        ports.drop_gate(heir)
    drop(process)


def drop(process: Process) -> None:
    """A reference is gone."""
    process.head.references -= 1
    release(process)


def release(process: Process) -> None:
    """If nobody refers to it and nothing of it lives, its structure is given back (later: chains may be long)."""
    if process.head.references == 0 and process.head.dead and process.used == 0:
        reaper.add_process(process)


def end(process: Process) -> None:
    """What is left to do for a dead process: what it left is nobody's, or its structure is given back."""
    if not process.told:
        forget_death(process)
        return
    parent = process.parent
    assert parent is not None
    leave(process, parent)
    memory.give_page(memory.physical(address_of(process)))
    slabs.refund(parent, PAGE_SIZE)
