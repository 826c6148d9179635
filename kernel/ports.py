"""Ports, gates and sets: what messages go through, and what waits there."""

from atoll.abi.calls import KIND_SHIFT, Message, Status
from atoll.abi.objects import NO_HANDLE, ThreadState
from atoll.abi.raw import address_of, at
from atoll.abi.types import u64
from atoll.kernel import faults, processes, queues, reaper, scheduler, slabs, timer, waiting
from atoll.kernel.objects import GATE_SIZE, PORT_SIZE, SET_SIZE, Gate, Notice, Port, Queue, Set, Thread
from atoll.kernel.refusal import Refused


class Counters:
    """How many there are."""

    ports: u64
    gates: u64
    sets: u64


counters: Counters = Counters()


# ---- waiting threads ----


def first_receiver(port: Port) -> Thread | None:
    """A thread that waits for a message of this port, or of its set."""
    receiver = port.receivers.first
    if receiver is None and port.set is not None:
        return port.set.receivers.first
    return receiver


def wake(receiver: Thread) -> None:
    """A waiting thread has got a message: it works for whom that is from, once it has the CPU."""
    queues.remove(receiver)
    if not receiver.stopped:
        scheduler.enqueue(receiver)


def announce(port: Port) -> None:
    """Something waits at the port: its set shall know."""
    group = port.set
    if group is None or port.listed:
        return
    port.listed = True
    port.next_ready = None
    if group.last_ready is None:
        group.first_ready = port
    else:
        group.last_ready.next_ready = port
    group.last_ready = port


def has_message(port: Port) -> bool:
    """Whether something waits at the port."""
    return port.senders.first is not None or port.bits != 0 or port.first_notice is not None


def take_ready(group: Set) -> Port | None:
    """The next port of a set at which something waits, in turn."""
    port = group.first_ready
    while port is not None:
        group.first_ready = port.next_ready
        if group.first_ready is None:
            group.last_ready = None
        port.listed = False
        if has_message(port):
            return port
        port = group.first_ready
    return None


# ---- what the kernel itself tells ----


def signal(port: Port, bits: u64) -> None:
    """Add notification bits."""
    if port.head.dead:
        return
    port.bits = port.bits | bits
    tell(port)


def tell(port: Port) -> None:
    """Bits or notices have come: if a thread waits, it gets them now."""
    receiver = first_receiver(port)
    if receiver is None:
        announce(port)
        return
    try:
        told = take_word(port, receiver)
    except Exception:  # Refused: there is no room for a port's handle; receiving says so
        told = False
    if told:
        if receiver.deadline != 0:
            timer.clear_deadline(receiver)
        receiver.state = ThreadState.READY
        wake(receiver)
    if has_message(port):
        announce(port)  # a death has more than one thing to tell


def take_word(port: Port, receiver: Thread) -> bool:
    """Give the receiver notification bits or a notice; False if there are none. Refused if it has no room."""
    if port.bits != 0:
        write_message(port, receiver, Message.NOTIFICATION, port.bits, 0)
        port.bits = 0
        return True
    notice = port.first_notice
    if notice is None:
        return False
    gate, process = notice.gate, notice.process
    if gate is not None:
        write_message(port, receiver, Message.LAST_HANDLE, 0, gate.badge)
        remove_first_notice(port)
        free_gate(gate)
    elif process is not None:
        processes.tell_death(process, port, receiver)
    return True


def write_message(port: Port, receiver: Thread, kind: u64, word: u64, badge: u64) -> None:
    """A message without a sender."""
    frame = receiver.frame
    frame.a1 = word
    frame.a2 = 0
    frame.a3 = 0
    frame.a4 = 0
    frame.a5 = NO_HANDLE
    frame.a6 = kind << KIND_SHIFT
    frame.t0 = badge
    frame.t1 = NO_HANDLE
    frame.t2 = port.label
    port.messages += 1
    waiting.finish(receiver, Status.OK)


def add_notice(port: Port, notice: Notice) -> None:
    """Something to tell, behind what there is."""
    notice.next = None
    if port.last_notice is None:
        port.first_notice = notice
    else:
        port.last_notice.next = notice
    port.last_notice = notice
    tell(port)


def remove_first_notice(port: Port) -> None:
    """The first one was told."""
    if port.first_notice is not None:
        port.first_notice = port.first_notice.next
    if port.first_notice is None:
        port.last_notice = None


# ---- gates ----


def mint(port: Port, badge: u64, wants_notice: bool) -> Gate:
    """A new gate, to which nothing refers yet. Whoever is charged for the port is charged for its gates."""
    gate = at(Gate, slabs.new_object(port.head.owner, GATE_SIZE))
    gate.port = port
    gate.badge = badge
    gate.wants_notice = wants_notice
    gate.next = port.gates
    if gate.next is not None:
        gate.next.previous = gate
    port.gates = gate
    port.gate_count += 1
    counters.gates += 1
    return gate


def drop_gate(gate: Gate) -> None:
    """A handle of it is gone."""
    gate.head.references -= 1
    if gate.head.references > 0:
        return
    if gate.wants_notice and not gate.port.head.dead:
        gate.notice.gate = gate
        add_notice(gate.port, gate.notice)
    else:
        free_gate(gate)


def free_gate(gate: Gate) -> None:
    """Nobody knows it any more."""
    port = gate.port
    if gate.previous is None:
        port.gates = gate.next
    else:
        gate.previous.next = gate.next
    if gate.next is not None:
        gate.next.previous = gate.previous
    port.gate_count -= 1
    counters.gates -= 1
    slabs.free_slot(port.head.owner, address_of(gate), GATE_SIZE)
    if port.head.dead and port.gates is None:
        slabs.free_slot(port.head.owner, address_of(port), PORT_SIZE)


def revoke(port: Port, badge: u64) -> None:
    """Nobody sends through the gates of that badge any more; who waits to send is told."""
    gate = port.gates
    while gate is not None:
        if gate.badge == badge:
            gate.revoked = True
        gate = gate.next
    sender = port.senders.first
    while sender is not None:
        behind = sender.next
        if sender.badge == badge:
            refuse_sender(sender, Status.REVOKED)
        sender = behind


def refuse_sender(sender: Thread, status: u64) -> None:
    """A thread that waits to send waits in vain."""
    if sender.state == ThreadState.FAULTED:
        queues.remove(sender)
        faults.give_up(sender)
    else:
        waiting.abort(sender, status)


# ---- the end of a port, and of a set ----


def destroy(port: Port, died: u64) -> None:
    """Nobody receives any more (died: with which process, or 0): who waits learns it."""
    port.head.dead = True
    port.died = died
    counters.ports -= 1
    sender = port.senders.first
    while sender is not None:
        if sender.state != ThreadState.FAULTED:
            sender.frame.a1 = died
        refuse_sender(sender, Status.PEER_DIED if died != 0 else Status.DEAD)
        sender = port.senders.first
    dismiss(port.receivers, Status.DEAD)
    leave_set(port)
    while port.first_notice is not None:
        notice = port.first_notice
        remove_first_notice(port)
        forget(notice)
    if port.gates is None:
        slabs.free_slot(port.head.owner, address_of(port), PORT_SIZE)


def forget(notice: Notice) -> None:
    """Nobody is there to be told."""
    gate, process = notice.gate, notice.process
    if gate is not None:
        gate.wants_notice = False
        free_gate_of_dead(gate)
    elif process is not None:
        reaper.add_process(process)


def free_gate_of_dead(gate: Gate) -> None:
    """Its port is being destroyed, and looks after itself."""
    gate.port.head.dead = False
    free_gate(gate)
    gate.port.head.dead = True


def dismiss(queue: Queue, status: u64) -> None:
    """Who waits to receive is told why that is over."""
    receiver = queue.first
    while receiver is not None:
        waiting.abort(receiver, status)
        receiver = queue.first


def join_set(group: Set, port: Port) -> None:
    """From now on receiving on the set receives from the port as well."""
    if port.set is not None or port.receivers.first is not None:
        raise Refused(Status.IN_USE)
    port.set = group
    port.next_in_set = group.members
    group.members = port
    if has_message(port):
        announce(port)


def leave_set(port: Port) -> None:
    """The port is by itself again."""
    group = port.set
    if group is None:
        return
    before = group.members
    if before is port:
        group.members = port.next_in_set
    while before is not None:
        if before.next_in_set is port:
            before.next_in_set = port.next_in_set
        before = before.next_in_set
    if port.listed:
        unlist(group, port)
    port.set = None
    port.next_in_set = None


def unlist(group: Set, port: Port) -> None:
    """The set need not know any more that something waits there."""
    others = group.first_ready
    group.first_ready = None
    group.last_ready = None
    while others is not None:
        behind = others.next_ready
        others.listed = False
        if others is not port:
            announce(others)
        others = behind


def destroy_set(group: Set) -> None:
    """Its ports are by themselves again."""
    dismiss(group.receivers, Status.DEAD)
    port = group.members
    while port is not None:
        leave_set(port)
        port = group.members
    counters.sets -= 1
    slabs.free_slot(group.head.owner, address_of(group), SET_SIZE)
