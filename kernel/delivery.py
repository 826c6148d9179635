"""Delivery: what goes from a sender to a receiver, both known: words, a segment, a handle, a reply handle."""

from atoll.abi.calls import KIND_SHIFT as MESSAGE_SHIFT
from atoll.abi.calls import MAX_SEGMENT, NO_TIMEOUT, Message, Status
from atoll.abi.objects import NO_HANDLE, Kind, Right, ThreadState
from atoll.abi.raw import address_of
from atoll.abi.types import noinline, u64, wrapping_add
from atoll.kernel import faults, handles, history, paging, timer, user_memory, waiting
from atoll.kernel.objects import HANDLE, RIGHTS_SHIFT, Port, Thread
from atoll.kernel.objects import KIND_SHIFT as ENTRY_SHIFT
from atoll.kernel.refusal import Refused

TRANSFER_SIZE = 48  # bytes
REPLY_RIGHTS = Right.SEND | Right.MOVE
REPLY_ENTRY = Kind.REPLY << ENTRY_SHIFT | REPLY_RIGHTS << RIGHTS_SHIFT

# ---- how it ended ----
DELIVERED = 0
SENDER_FAILED = 1  # its call has ended, or its page is being fetched: it does not wait here any more
RECEIVER_FAILED = 2  # likewise


class Counters:
    """Of the whole machine."""

    bytes: u64


counters: Counters = Counters()


def read_transfer(thread: Thread) -> None:
    """Take note of what a call wants to transfer besides words."""
    address = thread.frame.a5
    thread.plain = address == 0
    if address != 0:
        read_segments(thread, address)


@noinline
def read_segments(thread: Thread, address: u64) -> None:
    """Copy a Transfer from the caller's memory and check its numbers."""
    transfer = thread.transfer
    user_memory.copy_record_in(thread.process, address, address_of(transfer), TRANSFER_SIZE)
    if transfer.send_size > MAX_SEGMENT:
        raise Refused(Status.TOO_LONG)
    transfer.buffer_size = min(transfer.buffer_size, MAX_SEGMENT)
    user_memory.check_range(transfer.send_address, transfer.send_size)
    user_memory.check_range(transfer.buffer_address, transfer.buffer_size)
    if transfer.handle != NO_HANDLE:
        handles.find_any(thread.process, transfer.handle, Right.MOVE)


def timeout_of(thread: Thread) -> u64:
    """How long the running thread wants to wait."""
    return NO_TIMEOUT if thread.plain else thread.transfer.timeout


# ---- a message ----


def deliver(sender: Thread, receiver: Thread, port: Port) -> u64:
    """A message: afterwards the receiver's call is complete, but it is not yet ready; the sender is unchanged."""
    process = receiver.process
    received: u64 = 0
    handle: u64 = NO_HANDLE
    if process.free == 0 and not make_room(sender, receiver):
        return SENDER_FAILED
    if not sender.plain and sender.message != Message.FAULT:
        outcome = copy_segment(sender, receiver)
        if outcome != DELIVERED:
            return outcome
        received = sender.transfer.send_size
        handle = move_handle(sender, receiver)
        if process.free == 0 and not make_room(sender, receiver):
            return SENDER_FAILED
        count_bytes(port, sender, receiver)
    frame = receiver.frame
    frame.t1 = NO_HANDLE
    if sender.message == Message.CALL:
        entry = handles.take_reply_place(process, REPLY_ENTRY, address_of(sender))
        sender.reply = entry
        frame.t1 = entry.word & HANDLE
    elif sender.message == Message.FAULT:
        frame.t1 = faults.reply_handle(sender, process)
    copy_words(sender, receiver)
    frame.a5 = handle
    frame.a6 = received | sender.message << MESSAGE_SHIFT
    frame.t0 = sender.badge
    frame.t2 = port.label
    if receiver.deadline != 0:
        timer.clear_deadline(receiver)
    waiting.finish(receiver, Status.OK)
    receiver.state = ThreadState.READY
    port.messages = wrapping_add(port.messages, 1)
    sender.messages = wrapping_add(sender.messages, 1)
    history.note(sender, receiver)
    return DELIVERED


def copy_words(sender: Thread, receiver: Thread) -> None:
    """The four words."""
    if sender.state != ThreadState.FAULTED:
        receiver.frame.a1 = sender.frame.a1
        receiver.frame.a2 = sender.frame.a2
        receiver.frame.a3 = sender.frame.a3
        receiver.frame.a4 = sender.frame.a4
    else:
        faults.write_words(sender, receiver.frame)


def copy_segment(sender: Thread, receiver: Thread) -> u64:
    """The segment, wholly or not at all; who is at fault does not wait any more."""
    size = sender.transfer.send_size
    if size == 0:
        return DELIVERED
    if receiver.plain or size > receiver.transfer.buffer_size:
        fail(sender, Status.TOO_LONG)
        return SENDER_FAILED
    to = receiver.transfer.buffer_address
    outcome = user_memory.copy_between(sender.process, sender.transfer.send_address, receiver.process, to, size)
    if outcome == user_memory.COPIED:
        return DELIVERED
    if outcome == user_memory.SOURCE_MISSING:
        fetch_page(sender, paging.READ)
        return SENDER_FAILED
    fetch_page(receiver, paging.WRITE)
    return RECEIVER_FAILED


def fetch_page(thread: Thread, access: u64) -> None:
    """A page is missing of the thread that runs, or of one that waits."""
    if thread.state == ThreadState.READY:
        user_memory.reach_own(thread.process, user_memory.missing.address, access)
    faults.fetch_page(thread, user_memory.missing.address, access)


def move_handle(sender: Thread, receiver: Thread) -> u64:
    """The handle that goes with a message (there is room); its value for the receiver."""
    if sender.transfer.handle == NO_HANDLE:
        return NO_HANDLE
    entry = handles.place_of(sender.process, sender.transfer.handle)
    if entry is None or handles.handle_of(entry) != sender.transfer.handle or handles.kind_of(entry) == Kind.NONE:
        return NO_HANDLE  # another thread has closed it meanwhile
    return handles.handle_of(handles.move(entry, sender.process, receiver.process))


def make_room(sender: Thread, receiver: Thread) -> bool:
    """Room for a handle in the receiver's table; if it cannot pay for that, the sender is told."""
    try:
        handles.reserve(receiver.process)
    except Refused:
        fail(sender, Status.NO_PEER_MEMORY)
        return False
    return True


def fail(sender: Thread, status: u64) -> None:
    """The sender's call ends so."""
    if sender.state == ThreadState.FAULTED:
        faults.give_up(sender)
    elif sender.state == ThreadState.READY:
        raise Refused(status)
    else:
        waiting.abort(sender, status)


def count_bytes(port: Port, sender: Thread, receiver: Thread) -> None:
    """Accounts of those who had to do with a segment."""
    size = sender.transfer.send_size
    port.bytes += size
    sender.bytes += size
    receiver.bytes += size
    counters.bytes += size


# ---- a reply ----


def deliver_reply(replier: Thread, caller: Thread) -> bool:
    """The reply to a call: afterwards the caller's call is complete, but it is not yet ready.

    False: the caller's page is fetched first, and the replier tries again then.
    """
    received: u64 = 0
    handle: u64 = NO_HANDLE
    if not replier.plain:
        if not copy_reply(replier, caller):
            return False
        received = replier.transfer.send_size
        if replier.transfer.handle != NO_HANDLE:
            handles.find_any(replier.process, replier.transfer.handle, Right.MOVE)
            make_room(replier, caller)
            handle = move_handle(replier, caller)
        counters.bytes += received
        replier.bytes += received
        caller.bytes += received
    frame = caller.frame
    frame.a1 = replier.frame.a1
    frame.a2 = replier.frame.a2
    frame.a3 = replier.frame.a3
    frame.a4 = replier.frame.a4
    frame.a5 = handle
    frame.a6 = received
    if caller.deadline != 0:
        timer.clear_deadline(caller)
    waiting.finish(caller, Status.OK)
    caller.state = ThreadState.READY
    caller.reply = None
    replier.messages = wrapping_add(replier.messages, 1)
    history.history.replies = wrapping_add(history.history.replies, 1)
    return True


def copy_reply(replier: Thread, caller: Thread) -> bool:
    """The reply's segment; False if the caller's page is not there."""
    transfer = replier.transfer
    if transfer.send_size == 0:
        return True
    if caller.plain or transfer.send_size > caller.transfer.buffer_size:
        raise Refused(Status.TOO_LONG)
    outcome = user_memory.copy_between(
        replier.process, transfer.send_address, caller.process, caller.transfer.buffer_address, transfer.send_size
    )
    if outcome == user_memory.COPIED:
        return True
    if outcome == user_memory.SOURCE_MISSING:
        fetch_page(replier, paging.READ)
    faults.fetch_page(caller, user_memory.missing.address, paging.WRITE)
    return False
