"""Ports, gates and sets: what messages go through, and what waits there."""

from atoll.abi.calls import KIND_SHIFT, Message, Status
from atoll.abi.objects import NO_HANDLE, ThreadState
from atoll.abi.raw import address_of, at, size_of
from atoll.abi.types import u64
from atoll.kernel import faults, lists, processes, reaper, scheduler, slabs, waiting
from atoll.kernel.figures import figures
from atoll.kernel.objects import Gate, Port, Process, Set, Thread
from atoll.kernel.refusal import Refused

# ---- what waits ----


def create(owner: Process, label: u64) -> Port:
    """A port to which nobody can send."""
    port = at(Port, slabs.new(owner, size_of(Port)))
    port.label = label
    lists.start_all(address_of(port.senders), 7, address_of(port))
    figures.ports += 1
    return port


def first_receiver(port: Port) -> Thread | None:
    """A thread that waits for a message of this port, or of its set."""
    group = port.set
    if group is not None and lists.is_empty(port.receivers):
        return lists.first(group.receivers)
    return lists.first(port.receivers)


def wait_at(gate: Gate, sender: Thread) -> None:
    """A thread is in the queue of senders: that keeps the gate, and its revocation finds the thread."""
    sender.gate = gate
    gate.head.references += 1
    lists.append(gate.senders, sender.of_gate)
    announce(gate.port)


def announce(port: Port) -> None:
    """Something waits at the port: its set shall know."""
    group = port.set
    if group is not None and lists.is_empty(port.ready):
        lists.append(group.ready, port.ready)


def has_message(port: Port) -> bool:
    """Whether something waits at the port."""
    told = port.bits != 0 or not lists.is_empty(port.unused) or not lists.is_empty(port.deaths)
    return told or not lists.is_empty(port.senders)


def take_ready(group: Set) -> Port | None:
    """The next port of a set at which something waits, in turn."""
    port = lists.first(group.ready)
    while port is not None:
        lists.remove(port.ready)
        if has_message(port):
            return port
        port = lists.first(group.ready)
    return None


# ---- what the kernel itself tells ----


def signal(port: Port, bits: u64) -> None:
    """Add notification bits."""
    if not port.head.dead:
        port.bits = port.bits | bits
        tell(port)


def tell(port: Port) -> None:
    """The kernel has something to tell: if a thread waits, it hears it now."""
    receiver = first_receiver(port)
    try:
        if receiver is not None and take_word(port, receiver):
            scheduler.make_ready(receiver)
    except Exception:  # Refused: there is no room for a port's handle; receiving says so
        pass
    if has_message(port):
        announce(port)  # a death has more than one thing to tell


def take_word(port: Port, receiver: Thread) -> bool:
    """Tell a receiver notification bits, an unused badge or a death; False if there is none. Refused without room."""
    gate, process = lists.first(port.unused), lists.first(port.deaths)
    if port.bits != 0:
        write_message(port, receiver, Message.NOTIFICATION, 0, port.bits)
        port.bits = 0
    elif gate is not None:
        write_message(port, receiver, Message.LAST_HANDLE, gate.badge, 0)
        settle(gate)
    elif process is not None:
        processes.tell_death(process, port, receiver)
    else:
        return False
    return True


def write_message(
    port: Port, receiver: Thread, kind: u64, badge: u64, a: u64, b: u64 = 0, c: u64 = 0, handle: u64 = NO_HANDLE
) -> None:
    """A message without a sender."""
    frame = receiver.frame
    frame.a1, frame.a2, frame.a3, frame.a4 = a, b, c, 0
    frame.a5 = handle
    frame.a6 = kind << KIND_SHIFT
    frame.t0, frame.t1, frame.t2 = badge, NO_HANDLE, port.label
    port.messages += 1
    waiting.stop_waiting(receiver)
    waiting.finish(receiver, Status.OK)


# ---- gates ----


def mint(port: Port, badge: u64, wants_notice: bool) -> Gate:
    """A new gate, to which nothing refers yet."""
    gate = at(Gate, slabs.new(port.head.owner, size_of(Gate)))
    gate.port = port
    gate.badge = badge
    gate.wants_notice = wants_notice
    lists.start_all(address_of(gate.of_port), 2, address_of(gate))
    lists.insert(gate.of_port, port.gates.next)  # first: a revocation that is under way does not come by it
    port.gate_count += 1
    figures.gates += 1
    return gate


def drop_gate(gate: Gate | None, is_keeper: bool = False) -> None:
    """A handle of it is gone, a sender that waited, or what else referred to it. Keepers cannot send, nor count."""
    if gate is None:
        return
    gate.head.references -= 1
    gate.keepers -= u64(is_keeper)
    is_last = gate.head.references == gate.keepers and not is_keeper
    if is_last and gate.wants_notice and not gate.port.head.dead:
        unlist(gate)
        lists.append(gate.port.unused, gate.of_port)
        gate.is_unused = True
        tell(gate.port)
    elif gate.head.references == 0 and not gate.is_unused:
        free_gate(gate)


def settle(gate: Gate) -> None:
    """Its port has been told that it is unused."""
    gate.is_unused = False
    if gate.head.references == 0:
        free_gate(gate)
    else:
        unlist(gate)
        lists.insert(gate.of_port, gate.port.gates.next)


def unlist(gate: Gate) -> None:
    """Take it out of its port's list."""
    if gate.port.revoking is gate:
        gate.port.revoking = behind(gate)
    lists.remove(gate.of_port)


def behind(gate: Gate) -> Gate | None:
    """The next gate of its port."""
    link = gate.of_port.next
    return link.object if link is not gate.port.gates else None


def free_gate(gate: Gate) -> None:
    """Nobody knows it any more."""
    port = gate.port
    unlist(gate)
    gate.head.owner = port.head.owner  # who is charged for it
    slabs.free(gate.head, size_of(Gate))
    port.gate_count -= 1
    figures.gates -= 1
    free_unused(port)


def revoke_some(port: Port, most: u64) -> bool:
    """Go on with a revocation: nobody sends through those gates, who waits to send is told; True if it is done."""
    for _ in range(most):
        gate = port.revoking
        if gate is None:
            return True
        sender = lists.first(gate.senders)
        if gate.badge == port.revoked_badge:
            gate.revoked = True
            if sender is not None:
                refuse_sender(sender, Status.REVOKED)
                continue
        port.revoking = behind(gate)
    return port.revoking is None


def refuse_sender(sender: Thread, status: u64) -> None:
    """A thread waits to send in vain."""
    if sender.state == ThreadState.FAULTED:
        waiting.stop_waiting(sender)
        faults.give_up(sender)
    else:
        waiting.end(sender, status)


# ---- the end of a port ----


def destroy(port: Port, died: u64) -> None:
    """Nobody receives any more (died: with which process, or 0): the reaper tells who waits."""
    port.head.dead = True
    port.died = died
    figures.ports -= 1
    reaper.dismiss(port.receivers, Status.DEAD)
    leave_set(port)
    reaper.add(reaper.reaper.ports, port.ready)


def end_some(port: Port) -> None:
    """Tell one of those who wait at a dead port, or forget one thing that it was to be told; in the end let it go."""
    sender, gate, process = lists.first(port.senders), lists.first(port.unused), lists.first(port.deaths)
    if sender is not None:
        if sender.state != ThreadState.FAULTED:
            sender.frame.a1 = port.died
        refuse_sender(sender, Status.PEER_DIED if port.died != 0 else Status.DEAD)
    elif gate is not None:
        settle(gate)
    elif process is not None:
        lists.remove(process.link)
        reaper.add(reaper.reaper.processes, process.link)
    else:
        lists.remove(port.ready)
        free_unused(port)


def free_unused(port: Port) -> None:
    """A port that is dead, has no gate and nobody to tell is given back."""
    if port.head.dead and port.gate_count == 0 and lists.is_empty(port.ready):
        slabs.free(port.head, size_of(Port))


# ---- sets ----


def create_set(owner: Process) -> Set:
    """A set without ports."""
    group = at(Set, slabs.new(owner, size_of(Set)))
    lists.start_all(address_of(group.receivers), 4, address_of(group))
    figures.sets += 1
    return group


def join_set(group: Set, port: Port) -> None:
    """From now on receiving on the set receives from the port as well."""
    other = port.set
    if (other is not None and not other.head.dead) or not lists.is_empty(port.receivers):
        raise Refused(Status.IN_USE)
    leave_set(port)
    port.set = group
    lists.append(group.members, port.of_set)
    if has_message(port):
        announce(port)


def leave_set(port: Port) -> None:
    """The port is by itself again."""
    port.set = None
    lists.remove(port.of_set)
    lists.remove(port.ready)


def destroy_set(group: Set) -> None:
    """Nobody receives from it any more; the reaper lets its ports go."""
    group.head.dead = True
    reaper.dismiss(group.receivers, Status.DEAD)
    reaper.add(reaper.reaper.sets, group.link)
    figures.sets -= 1


def end_set(group: Set, most: u64) -> None:
    """Let some ports of a dead set be by themselves; without any the set is given back."""
    for _ in range(most):
        port = lists.first(group.members)
        if port is None:
            lists.remove(group.link)
            slabs.free(group.head, size_of(Set))
            return
        leave_set(port)
