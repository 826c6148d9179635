"""The shortest way of a message, which most take: four words, from a caller to a server that waits, and back.

It does what delivery.py does, without all that there is not: no segment, no handle, nobody else in the way.
"""

from atoll.abi.calls import CALL_SIZE, KIND_SHIFT, Call, Message, Status
from atoll.abi.objects import NO_HANDLE, ThreadState
from atoll.abi.raw import address_of
from atoll.abi.types import wrapping_add
from atoll.kernel import handles, history, lists, scheduler, timer, waiting
from atoll.kernel.delivery import REPLY_ENTRY, write_words
from atoll.kernel.lists import Link
from atoll.kernel.objects import HANDLE, Entry, Gate, Thread


def call(caller: Thread, receiver: Thread, gate: Gate) -> Thread:
    """Four words to a thread that waits for them; it goes on at once."""
    entry = handles.take_reply_place(receiver.process, REPLY_ENTRY, address_of(caller))
    caller.reply = entry
    caller.plain = True
    caller.state = ThreadState.REPLY
    caller.message = Message.CALL
    write_words(caller, receiver, NO_HANDLE, Message.CALL << KIND_SHIFT)
    frame = receiver.frame
    frame.t0 = gate.badge
    frame.t1 = entry.word & HANDLE
    frame.t2 = gate.port.label
    gate.port.messages = wrapping_add(gate.port.messages, 1)
    history.note(caller, receiver)
    lists.remove(receiver.link)
    receiver.effective = min(receiver.effective, caller.effective)
    return wake(receiver, caller)


def reply_receive(server: Thread, caller: Thread, entry: Entry, queue: Link[Thread]) -> Thread:
    """Four words to the caller, which goes on at once; the server waits for the next."""
    handles.give_reply_place(server.process, entry)
    caller.reply = None
    write_words(server, caller, NO_HANDLE, 0)
    server.plain = True
    server.effective = server.priority
    server.frame.a7 = Call.RECEIVE
    server.state = ThreadState.RECEIVING
    waiting.stand_in(queue, server)
    history.history.replies = wrapping_add(history.history.replies, 1)
    return wake(caller, server)


def wake(thread: Thread, sender: Thread) -> Thread:
    """The thread's call is complete; the sender waits."""
    sender.messages = wrapping_add(sender.messages, 1)
    if thread.deadline != 0:
        timer.clear_deadline(thread)
    thread.state = ThreadState.READY
    thread.frame.a0 = Status.OK
    thread.frame.pc = wrapping_add(thread.frame.pc, CALL_SIZE)
    return scheduler.hand_over(thread)
