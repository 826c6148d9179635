"""Delivery: what goes from a sender to a receiver, both known: words, a segment, a handle, a reply handle."""

from atoll.abi.calls import KIND_SHIFT as MESSAGE_SHIFT
from atoll.abi.calls import MAX_SEGMENT, NO_TIMEOUT, Message, Status
from atoll.abi.objects import NO_HANDLE, Kind, Right, ThreadState, Transfer
from atoll.abi.raw import address_of, size_of
from atoll.abi.types import noinline, u64, wrapping_add
from atoll.kernel import faults, handles, held, history, paging, ports, scheduler, user_memory, waiting
from atoll.kernel.figures import figures
from atoll.kernel.objects import HANDLE, RIGHTS_SHIFT, Port, Thread
from atoll.kernel.objects import KIND_SHIFT as ENTRY_SHIFT
from atoll.kernel.refusal import Refused

REPLY_RIGHTS = Right.SEND | Right.MOVE
REPLY_ENTRY = Kind.REPLY << ENTRY_SHIFT | REPLY_RIGHTS << RIGHTS_SHIFT

# ---- what the two sides say ----


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
    user_memory.copy_record(thread.process, address, address_of(transfer), size_of(Transfer), paging.READ)
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


def offer(sender: Thread, port: Port) -> Thread | None:
    """Give a message to who waits for one: whom it was; None if nobody does (or the sender is at fault)."""
    state = sender.state
    receiver = ports.first_receiver(port)
    while receiver is not None and sender.state == state:
        if deliver(sender, receiver, port):
            return receiver
        receiver = ports.first_receiver(port)
    return None


def deliver(sender: Thread, receiver: Thread, port: Port) -> bool:
    """A message: the receiver's call is complete, but it is not in the queue for the CPU; the sender is unchanged.

    False: one of them is at fault, or a page of its memory is being fetched, and it does not wait here any more.
    """
    process = receiver.process
    is_fault = sender.message == Message.FAULT
    if process.free == 0 and not make_room(sender, receiver):
        return False
    received: u64 = 0
    handle: u64 = NO_HANDLE
    if not sender.plain and not is_fault:
        if not copy_segment(sender, receiver):
            return False
        received = count_bytes(sender, receiver)
        port.bytes += received
        handle = move_handle(sender, receiver)
        if process.free == 0 and not make_room(sender, receiver):
            return False
    frame = receiver.frame
    frame.t1 = NO_HANDLE
    if sender.message != Message.SEND:
        entry = handles.take_reply_place(process, REPLY_ENTRY, address_of(sender))
        frame.t1 = entry.word & HANDLE
        if is_fault:
            sender.fault_reply = entry
        else:
            sender.reply = entry
    if is_fault:
        frame.a1, frame.a2 = sender.fault_cause, sender.fault_address
        frame.a3, frame.a4 = sender.frame.pc, sender.head.serial
        frame.a5, frame.a6 = handle, Message.FAULT << MESSAGE_SHIFT
    else:
        write_words(sender, receiver, handle, received | sender.message << MESSAGE_SHIFT)
    frame.t0, frame.t2 = sender.badge, port.label
    end_receiving(sender, receiver)
    port.messages = wrapping_add(port.messages, 1)
    history.note(sender, receiver)
    return True


def write_words(sender: Thread, receiver: Thread, handle: u64, arrival: u64) -> None:
    """The four words, the handle, and the bytes and the kind, which the receiver gets."""
    frame, source = receiver.frame, sender.frame
    frame.a1, frame.a2, frame.a3, frame.a4 = source.a1, source.a2, source.a3, source.a4
    frame.a5, frame.a6 = handle, arrival


def end_receiving(sender: Thread, receiver: Thread) -> None:
    """The receiver has got what it waited for."""
    waiting.stop_waiting(receiver)
    waiting.finish(receiver, Status.OK)
    receiver.state = ThreadState.READY
    sender.messages = wrapping_add(sender.messages, 1)


def copy_segment(sender: Thread, receiver: Thread) -> bool:
    """The segment, wholly or not at all; who is at fault does not wait any more."""
    transfer = sender.transfer
    if transfer.send_size == 0:
        return True
    if receiver.plain or transfer.send_size > receiver.transfer.buffer_size:
        fail(sender, Status.TOO_LONG)
        return False
    outcome, missing = user_memory.copy_between(
        sender.process, transfer.send_address, receiver.process, receiver.transfer.buffer_address, transfer.send_size
    )
    if outcome == user_memory.SOURCE_MISSING:
        fetch_page(sender, missing, paging.READ)
    elif outcome == user_memory.TARGET_MISSING:
        fetch_page(receiver, missing, paging.WRITE)
    return outcome == user_memory.COPIED


def fetch_page(thread: Thread, address: u64, access: u64) -> None:
    """A page is missing of the thread that runs, or of one that waits."""
    if thread.state == ThreadState.READY:
        user_memory.reach_own(thread.process, address, access)
    faults.fetch_page(thread, address, access)


def move_handle(sender: Thread, receiver: Thread) -> u64:
    """The handle that goes with a message (there is room); its value for the receiver."""
    if sender.transfer.handle == NO_HANDLE:
        return NO_HANDLE
    entry = handles.place_of(sender.process, sender.transfer.handle)
    if entry is None or handles.handle_of(entry) != sender.transfer.handle or handles.kind_of(entry) == Kind.NONE:
        return NO_HANDLE  # another thread has closed it meanwhile
    return handles.move(entry, sender.process, receiver.process)


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
    if sender.state == ThreadState.READY:
        raise Refused(status)
    ports.refuse_sender(sender, status)


def count_bytes(sender: Thread, receiver: Thread) -> u64:
    """How many bytes a segment has; both who had to do with it are charged for them."""
    size = sender.transfer.send_size
    sender.bytes += size
    receiver.bytes += size
    figures.bytes += size
    return size


# ---- a reply ----


def deliver_reply(replier: Thread, caller: Thread) -> bool:
    """The reply to a call: the caller goes on with it, at once or when all of its buffer is there.

    False: that takes longer than interrupts shall be off, and is to be tried again.
    """
    received: u64 = 0
    handle: u64 = NO_HANDLE
    if replier.plain:
        held.release(caller)
    else:
        if replier.transfer.handle != NO_HANDLE:
            make_room(replier, caller)
        if not copy_reply(replier, caller):
            return False
        handle = move_handle(replier, caller)
        received = count_bytes(replier, caller)
    write_words(replier, caller, handle, received)
    caller.reply = None
    replier.messages = wrapping_add(replier.messages, 1)
    history.history.replies = wrapping_add(history.history.replies, 1)
    waiting.stop_waiting(caller)
    kept = caller.held
    if kept is None:
        scheduler.make_ready(waiting.finish(caller, Status.OK))
    else:
        held.give(caller, kept)
    return True


def copy_reply(replier: Thread, caller: Thread) -> bool:
    """The segment, to the caller or to where it is held; False: not all of it yet. Refused if the buffer is shorter."""
    transfer = replier.transfer
    if transfer.send_size > 0 and (caller.plain or transfer.send_size > caller.transfer.buffer_size):
        raise Refused(Status.TOO_LONG)
    kept = caller.held
    if kept is not None and held.is_of(replier, caller):
        if caller.held_end == transfer.send_size:
            return True
        held.fill(replier, caller, kept)
        return False
    held.release(caller)
    outcome, missing = user_memory.copy_between(
        replier.process, transfer.send_address, caller.process, caller.transfer.buffer_address, transfer.send_size
    )
    if outcome == user_memory.SOURCE_MISSING:
        user_memory.reach_own(replier.process, missing, paging.READ)
    elif outcome == user_memory.TARGET_MISSING:
        held.begin(replier, caller, missing - caller.transfer.buffer_address)
    return outcome == user_memory.COPIED
