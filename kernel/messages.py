"""Messages: call, send, receive, reply. Nothing is ever kept for later: a sender waits until a receiver takes what it
has, and a direct switch goes from one to the other.
"""

from atoll.abi.calls import MAX_SEGMENT, NO_TIMEOUT, Call, Message, Status
from atoll.abi.objects import NO_HANDLE, Kind, Right, ThreadState
from atoll.abi.raw import address_of, at
from atoll.abi.types import noinline, u64, wrapping_add
from atoll.kernel import direct, faults, handles, held, lists, ports, scheduler, timer, user_memory, waiting
from atoll.kernel.delivery import REPLY_ENTRY, deliver, deliver_reply, offer, read_transfer, timeout_of
from atoll.kernel.lists import Link
from atoll.kernel.objects import Entry, Gate, Port, Process, Set, Thread
from atoll.kernel.refusal import Refused

# ---- sending ----


def call(caller: Thread) -> Thread:
    """Send to a port and wait for the reply."""
    gate = handles.find_gate(caller.process, caller.frame.a0)
    check_open(gate, caller)
    gate.messages = wrapping_add(gate.messages, 1)
    first = ports.first_receiver(gate.port)
    if caller.frame.a5 == 0 and first is not None and first.process.free != 0:
        return direct.call(caller, first, gate)
    return send_through(caller, gate, Message.CALL)


def send(sender: Thread) -> Thread:
    """Send to a port; go on as soon as a receiver has the message."""
    gate = handles.find_gate(sender.process, sender.frame.a0)
    check_open(gate, sender)
    gate.messages = wrapping_add(gate.messages, 1)
    return send_through(sender, gate, Message.SEND)


@noinline
def send_through(sender: Thread, gate: Gate, kind: u64) -> Thread:
    """Either, when the receiver has to be waited for, or there is more than words."""
    read_transfer(sender)
    sender.message = kind
    sender.badge = gate.badge
    receiver = offer(sender, gate.port)
    if receiver is None:
        return wait_to_send(sender, gate)
    if kind == Message.CALL:
        wait_for_reply(sender, receiver)
        return scheduler.hand_over(receiver)
    scheduler.make_ready(receiver)
    return scheduler.reschedule(waiting.finish(sender, Status.OK))


def check_open(gate: Gate, sender: Thread) -> None:
    """Refuse to send where nobody receives."""
    if gate.revoked or gate.port.head.dead:
        refuse_closed(gate, sender)


@noinline
def refuse_closed(gate: Gate, sender: Thread) -> None:
    """Say why."""
    if gate.revoked:
        raise Refused(Status.REVOKED)
    sender.frame.a1 = gate.port.died
    raise Refused(Status.PEER_DIED if gate.port.died != 0 else Status.DEAD)


def wait_for_reply(caller: Thread, receiver: Thread) -> None:
    """The message is with the receiver, which works with the caller's priority if that is higher."""
    receiver.effective = min(receiver.effective, caller.effective)
    await_reply(caller)


def await_reply(caller: Thread) -> None:
    """The same without a word on who receives."""
    caller.state = ThreadState.REPLY
    if caller.deadline == 0 and timeout_of(caller) not in (0, NO_TIMEOUT):  # 0 is only for the receiver
        timer.set_deadline(caller, timeout_of(caller))


def wait_to_send(sender: Thread, gate: Gate) -> Thread:
    """Nobody receives just now."""
    wait_in(sender, gate.port.senders, ThreadState.SENDING)
    ports.wait_at(gate, sender)
    return scheduler.choose()


def wait_in(thread: Thread, queue: Link[Thread], state: u64) -> None:
    """The running thread waits in a queue, by priority, if it wants to."""
    timeout = timeout_of(thread)
    if timeout == 0:
        raise Refused(Status.WOULD_BLOCK)
    thread.state = state
    if timeout != NO_TIMEOUT:
        timer.set_deadline(thread, timeout)
    waiting.stand_in(queue, thread)


# ---- receiving ----


def receive(receiver: Thread) -> Thread:
    """Take a message from a port or a set of ports, or wait for one."""
    source = handles.find_source(receiver.process, receiver.frame.a0)
    read_transfer(receiver)
    return receive_from(receiver, source)


def receive_from(receiver: Thread, source: Entry) -> Thread:
    """The same, with the handle's place found."""
    receiver.effective = receiver.priority
    if take_from(receiver, source):
        return scheduler.reschedule(receiver)
    wait_in(receiver, queue_of(source), ThreadState.RECEIVING)
    return scheduler.choose()


def queue_of(source: Entry) -> Link[Thread]:
    """Where receivers wait: a port has its own queue even in a set."""
    if handles.kind_of(source) == Kind.PORT:
        return at(Port, source.object).receivers
    return at(Set, source.object).receivers


def take_from(receiver: Thread, source: Entry) -> bool:
    """Give the running thread a message that waits; False if none does."""
    if handles.kind_of(source) == Kind.PORT:
        return take_message(receiver, at(Port, source.object))
    group = at(Set, source.object)
    port = ports.take_ready(group)
    while port is not None:
        ports.announce(port)
        if take_message(receiver, port):
            return True
        port = ports.take_ready(group)
    return False


def take_message(receiver: Thread, port: Port) -> bool:
    """Give the running thread what waits at a port: what the kernel tells first, then messages."""
    if ports.take_word(port, receiver):
        return True
    sender = lists.first(port.senders)
    while sender is not None:
        if deliver(sender, receiver, port):
            take_sender(sender, receiver)
            return True
        sender = lists.first(port.senders)
    return False


def take_sender(sender: Thread, receiver: Thread) -> None:
    """A message was taken from a sender that waited. (The time-out of a call is for its reply too.)"""
    waiting.leave_queue(sender)
    if sender.message == Message.CALL:
        wait_for_reply(sender, receiver)
    elif sender.message == Message.SEND:
        waiting.end(sender, Status.OK)


# ---- replying ----


def reply(replier: Thread) -> Thread:
    """Answer a caller, which goes on."""
    if answer(replier, replier.frame.a0):
        return waiting.finish(replier, Status.OK)
    return replier


def reply_receive(server: Thread) -> Thread:
    """Answer a caller and receive the next message."""
    entry = handles.look(server.process, server.frame.a6, Kind.REPLY, Right.SEND)
    queue = idle_queue(server.process, server.frame.a0)
    if entry is not None and queue is not None and server.frame.a5 == 0:
        caller = at(Thread, entry.object)
        if caller.reply is entry and caller.held is None:
            return direct.reply_receive(server, caller, entry, queue)
    return reply_then_receive(server)


def idle_queue(process: Process, handle: u64) -> Link[Thread] | None:
    """Where a receiver would wait; None if it would not have to, or if that is a mistake."""
    source = handles.look(process, handle, Kind.PORT, Right.RECEIVE)
    if source is not None:
        port = at(Port, source.object)
        return None if ports.has_message(port) else port.receivers
    source = handles.look(process, handle, Kind.SET, Right.RECEIVE)
    if source is None:
        return None
    group = at(Set, source.object)
    return group.receivers if lists.is_empty(group.ready) else None


@noinline
def reply_then_receive(server: Thread) -> Thread:
    """One after the other, when the next message waits already, or there is more than words."""
    source = handles.find_source(server.process, server.frame.a0)
    if not answer(server, server.frame.a6):
        return scheduler.reschedule(server)
    server.frame.a7 = Call.RECEIVE
    return receive_from(server, source)


def find_reply(process: Process, handle: u64) -> Entry:
    """The place of a reply handle; one whose caller is gone is used up now."""
    entry = handles.find_any(process, handle, 0)
    if handles.kind_of(entry) == Kind.CALLER_GONE:
        handles.give_place(process, entry)
        raise Refused(Status.CALLER_GONE)
    return handles.find(process, handle, Kind.REPLY, Right.SEND)


def answer(replier: Thread, handle: u64) -> bool:
    """Give a reply, or a pager's word on a fault; False: the reply is long, its call is to be executed again."""
    entry = find_reply(replier.process, handle)
    read_transfer(replier)
    caller = at(Thread, entry.object)
    if not replier.plain and replier.transfer.handle == handles.handle_of(entry):
        raise Refused(Status.BAD_ARGUMENT)
    if caller.reply is not entry:
        handles.give_place(replier.process, entry)
        faults.resolve(caller, replier.frame.a1, replier.frame.a2)
        return True
    if not deliver_reply(replier, caller):
        return False
    handles.give_place(replier.process, entry)
    replier.effective = replier.priority
    return True


# ---- and besides ----


def notify(sender: Thread) -> Thread:
    """Add notification bits to a port."""
    gate = handles.find_gate(sender.process, sender.frame.a0)
    check_open(gate, sender)
    ports.signal(gate.port, sender.frame.a1)
    return waiting.finish(sender, Status.OK)


def cancel(user: Thread) -> Thread:
    """End another thread's waiting."""
    thread = handles.find_thread(user.process, user.frame.a0)
    if thread.state == ThreadState.READY or thread.state == ThreadState.FAULTED:
        raise Refused(Status.NOT_WAITING)
    waiting.end(thread, Status.CANCELLED)
    return waiting.finish(user, Status.OK)


# ---- calls that move to another thread, with a process that moves to another machine ----


def take_call(user: Thread) -> Thread:
    """CALL_TAKE: become the caller in the place of a stopped thread: what it waits for comes here."""
    thread = handles.find_thread(user.process, user.frame.a0)
    entry = thread.reply
    if not thread.stopped:
        raise Refused(Status.NOT_STOPPED)
    if entry is None or thread.state != ThreadState.REPLY:
        raise Refused(Status.NOT_WAITING)
    read_transfer(user)
    entry.object = address_of(user)
    user.reply = entry
    user.message = Message.CALL
    thread.reply = None
    held.release(thread)
    thread.state = ThreadState.READY
    waiting.stop_waiting(thread)
    await_reply(user)
    return scheduler.choose()


def give_call(user: Thread) -> Thread:
    """CALL_AWAIT: let a stopped thread wait for a reply, as if its call had just been received here."""
    thread = handles.find_thread(user.process, user.frame.a0)
    if not thread.stopped:
        raise Refused(Status.NOT_STOPPED)
    if thread.state != ThreadState.READY:
        raise Refused(Status.IN_USE)
    user_memory.check_range(user.frame.a1, user.frame.a2)
    handles.reserve(user.process)
    transfer = thread.transfer
    transfer.buffer_address, transfer.buffer_size = user.frame.a1, min(user.frame.a2, MAX_SEGMENT)
    transfer.send_size, transfer.handle, transfer.timeout = 0, NO_HANDLE, user.frame.a3
    thread.plain = False
    thread.message = Message.CALL
    entry = handles.take_reply_place(user.process, REPLY_ENTRY, address_of(thread))
    thread.reply = entry
    await_reply(thread)
    return waiting.answer(user, handles.handle_of(entry))
