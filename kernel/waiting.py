"""Threads that wait: how their waiting ends, whatever it was for."""

from atoll.abi.calls import CALL_SIZE, Status
from atoll.abi.objects import Kind, ThreadState
from atoll.abi.types import u64, wrapping_add
from atoll.kernel import queues, scheduler, timer
from atoll.kernel.objects import KIND_SHIFT, Entry, Thread


def finish(thread: Thread, status: u64) -> Thread:
    """The running thread's call ends; it goes on behind the call."""
    thread.frame.a0 = status
    thread.frame.pc = wrapping_add(thread.frame.pc, CALL_SIZE)
    return thread


def answer(thread: Thread, value: u64) -> Thread:
    """The running thread's call ends with one result."""
    thread.frame.a1 = value
    return finish(thread, Status.OK)


def complete(thread: Thread, status: u64) -> None:
    """The call in which a thread waits ends (the thread is in no queue any more)."""
    if thread.deadline != 0:
        timer.clear_deadline(thread)
    finish(thread, status)
    scheduler.make_ready(thread)


def withdraw(thread: Thread) -> None:
    """The thread waits no more, and nobody it waited for knows it; its call is as if it had not begun."""
    if thread.state == ThreadState.READY:
        return
    queues.remove(thread)
    if thread.deadline != 0:
        timer.clear_deadline(thread)
    orphan(thread.reply)
    orphan(thread.fault_reply)
    thread.reply = None
    thread.fault_reply = None
    release_helper(thread)
    helped = thread.helping
    if helped is not None:
        helped.helper = None
        thread.helping = None


def orphan(reply: Entry | None) -> None:
    """A reply handle whose thread does not wait any more."""
    if reply is not None:
        reply.word = reply.word ^ (Kind.REPLY ^ Kind.CALLER_GONE) << KIND_SHIFT  # which can be moved as before
        reply.object = 0


def release_helper(thread: Thread) -> None:
    """Who waits to reply to this thread tries again: its page has come, or it is gone."""
    helper = thread.helper
    if helper is not None:
        thread.helper = None
        helper.helping = None
        if helper.deadline != 0:
            timer.clear_deadline(helper)
        scheduler.make_ready(helper)


def abort(thread: Thread, status: u64) -> None:
    """The call in which a thread waits ends without what it waited for."""
    withdraw(thread)
    finish(thread, status)
    scheduler.make_ready(thread)


def time_out(thread: Thread) -> None:
    """The thread's deadline has come."""
    abort(thread, Status.OK if thread.state == ThreadState.SLEEPING else Status.TIMED_OUT)
