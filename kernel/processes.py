"""Processes: how one begins, and how it ends: its threads at once, then its memory bit by bit (reaper.py), then the
heir is given its ports and told.
"""

from atoll.abi.address_space import PAGE_SIZE
from atoll.abi.calls import Death, Message, Status
from atoll.abi.objects import Kind
from atoll.abi.raw import address_of, at
from atoll.abi.types import u64
from atoll.kernel import handles, lists, memory, paging, panic, ports, reaper, scheduler, slabs, threads
from atoll.kernel.figures import figures
from atoll.kernel.objects import Gate, Port, Process, Thread
from atoll.kernel.refusal import Refused


def create(parent: Process, limit: u64, pager: Gate | None, heir: Gate | None) -> Process:
    """A process with an empty address space; `limit` bytes of its parent's account are its own."""
    if limit < PAGE_SIZE:
        raise Refused(Status.NO_MEMORY)
    slabs.charge(parent, limit + PAGE_SIZE)
    process = at(Process, memory.reach(memory.take_page()))
    begin(process, parent, limit)
    adopt(process, parent)
    process.pager = referred(pager)
    process.heir = referred(heir)
    return process


def adopt(process: Process, parent: Process) -> None:
    """The process is a child of that one."""
    process.head.owner = parent
    parent.head.references += 1
    lists.append(parent.children, process.of_parent)


def begin(process: Process, owner: Process, limit: u64) -> None:
    """What even an empty process has: an address space, and itself as long as it lives."""
    lists.start_all(address_of(process.threads), 6, address_of(process))
    slabs.start_header(process.head, owner)
    process.limit = limit
    process.used = PAGE_SIZE
    process.root = memory.take_page()
    paging.start_space(process.root)
    process.satp = paging.satp_of(process.root)
    process.head.references = 1
    figures.processes += 1


def referred(gate: Gate | None) -> Gate | None:
    """The gate, with one more reference."""
    if gate is not None:
        gate.head.references += 1
    return gate


# ---- its end ----


def kill(process: Process, status: u64, death: u64) -> None:
    """It has no memory any more, so that each of its threads ends when it would run next; the reaper does the rest."""
    if process.dying:
        return
    if process.head.owner is process:
        panic.root_ended(status, death)
    process.dying = True
    process.status = status
    process.death = death
    scheduler.leave_space(process.satp)
    process.satp = paging.kernel_satp()
    lists.remove(process.of_parent)  # where the living are
    reaper.add(reaper.reaper.processes, process.link)


def end_thread(process: Process) -> bool:
    """End one of a dying process's threads; False if none is left."""
    thread = lists.first(process.threads)
    if thread is not None:
        threads.destroy(thread)
    return thread is not None


def end_child(process: Process) -> bool:
    """Without an heir, a process's children end with it, one at a time; False if none is left."""
    child = lists.first(process.children)
    if child is None or has_heir(process):
        return False
    kill(child, process.status, Death.DESTROYED)
    return True


def drop_port(process: Process, port: Port) -> None:
    """The right to receive is gone: with its process it goes to the heir, if there is one."""
    heir = process.heir
    if not process.dying:
        ports.destroy(port, 0)
    elif heir is None or not has_heir(process) or heir.port.head.owner is process:
        ports.destroy(port, process.head.serial)
    else:
        ports.leave_set(port)
        lists.append(process.ports, port.of_set)


def has_heir(process: Process) -> bool:
    """Whether somebody is to be told of its death."""
    heir = process.heir
    return heir is not None and not heir.revoked and not heir.port.head.dead


def finish(process: Process) -> None:
    """All is given back: tell the heir."""
    process.head.dead = True
    figures.processes -= 1
    pager = process.pager
    process.pager = None
    ports.drop_gate(pager)
    finish_account(process)
    heir = process.heir
    if heir is not None and has_heir(process):
        lists.remove(process.link)
        lists.append(heir.port.deaths, process.link)
        ports.tell(heir.port)


def finish_account(process: Process) -> None:
    """The parent has back what the process does not use (what still lives of it is counted until it is gone)."""
    parent = process.head.owner
    if process.used <= process.limit:
        slabs.refund(parent, process.limit - process.used)
    else:
        parent.used += process.used - process.limit  # an heir bears what it inherits even if that is more than it has
    process.limit = process.used


def tell_death(process: Process, port: Port, receiver: Thread) -> None:
    """Give an heir the next of the ports and children, or, behind them all, the news."""
    heir = process.heir
    badge = heir.badge if heir is not None else 0
    serial = process.head.serial
    inherited = lists.first(process.ports)
    child = lists.first(process.children)
    if inherited is not None:
        handle = handles.add(receiver.process, Kind.PORT, handles.PORT_RIGHTS, address_of(inherited))
        handles.change_receiver(inherited, receiver.process)
        label = inherited.label
        ports.write_message(port, receiver, Message.INHERITED, badge, serial, label, Kind.PORT, handle)
    elif child is not None:
        handle = handles.add(receiver.process, Kind.PROCESS, handles.PROCESS_RIGHTS, address_of(child))
        change_parent(child, process, receiver.process)
        ports.write_message(port, receiver, Message.INHERITED, badge, serial, child.head.serial, Kind.PROCESS, handle)
    else:
        ports.write_message(port, receiver, Message.DEATH, badge, serial, process.status, process.death)
        forget(process)


def change_parent(child: Process, old: Process, new: Process) -> None:
    """Another process has a child more, and bears what that may use, even if that is more than its limit."""
    new.used += child.limit + PAGE_SIZE
    lists.remove(child.of_parent)
    adopt(child, new)
    slabs.refund(old, child.limit + PAGE_SIZE)
    drop(old)


def end(process: Process) -> None:
    """A step for a dead process: ports and children that nobody took end, then its structure is given back."""
    child, port = lists.first(process.children), lists.first(process.ports)
    if child is not None:
        kill(child, process.status, Death.DESTROYED)
    elif port is not None:
        ports.destroy(port, process.head.serial)
    elif not process.told:
        forget(process)
    else:
        free(process)


def forget(process: Process) -> None:
    """The heir knows, or there is none."""
    process.told = True
    lists.remove(process.link)
    heir = process.heir
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
        reaper.add(reaper.reaper.processes, process.link)


def free(process: Process) -> None:
    """Give its structure back."""
    parent = process.head.owner
    lists.remove(process.link)
    drop(parent)
    memory.give_page(memory.physical(address_of(process)))
    slabs.refund(parent, PAGE_SIZE)
