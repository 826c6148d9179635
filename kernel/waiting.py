"""Threads that wait: how that begins, and how it ends, whatever it was for."""

from atoll.abi.calls import CALL_SIZE, Status
from atoll.abi.objects import Kind, ThreadState
from atoll.abi.types import u64, wrapping_add
from atoll.kernel import held, lists, ports, scheduler, timer
from atoll.kernel.lists import Link
from atoll.kernel.objects import KIND_SHIFT, Entry, Thread


def finish(thread: Thread, status: u64) -> Thread:
    """The thread's call ends; it goes on behind the call."""
    thread.frame.a0 = status
    thread.frame.pc = wrapping_add(thread.frame.pc, CALL_SIZE)
    return thread


def answer(thread: Thread, value: u64) -> Thread:
    """The running thread's call ends with one result."""
    thread.frame.a1 = value
    return finish(thread, Status.OK)


def stand_in(queue: Link[Thread], thread: Thread) -> None:
    """Wait in a queue, behind those of the same priority or a higher one."""
    before = queue.previous
    while before is not queue and before.object.effective > thread.effective:
        before = before.previous
    lists.insert(thread.link, before.next)


def stop_waiting(thread: Thread) -> None:
    """What the thread waited for has come, or will not."""
    leave_queue(thread)
    if thread.deadline != 0:
        timer.clear_deadline(thread)


def leave_queue(thread: Thread) -> None:
    """The thread's message was taken, or it waits no more."""
    lists.remove(thread.link)
    gate = thread.gate
    if gate is not None:
        thread.gate = None
        lists.remove(thread.of_gate)
        ports.drop_gate(gate)


def withdraw(thread: Thread) -> None:
    """The thread waits no more, and nobody it waited for knows it; its call is as if it had not begun."""
    if thread.state == ThreadState.READY:
        return
    stop_waiting(thread)
    orphan(thread.reply)
    orphan(thread.fault_reply)
    thread.reply = None
    thread.fault_reply = None
    held.release(thread)


def orphan(reply: Entry | None) -> None:
    """A reply handle whose thread does not wait any more."""
    if reply is not None:
        reply.word = reply.word ^ (Kind.REPLY ^ Kind.CALLER_GONE) << KIND_SHIFT  # which can be moved as before
        reply.object = 0


def end(thread: Thread, status: u64) -> None:
    """The call in which a thread waits ends."""
    withdraw(thread)
    finish(thread, status)
    scheduler.make_ready(thread)
