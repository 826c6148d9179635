"""Threads: made, stopped, looked at, and ended."""

from atoll.abi.objects import STOPPED, Registers, ThreadState
from atoll.abi.raw import address_of, at, size_of
from atoll.abi.types import u64
from atoll.kernel import layout, lists, reaper, scheduler, slabs, timer, waiting
from atoll.kernel.figures import figures
from atoll.kernel.objects import Process, Thread
from atoll.userland.runtime.memory import memcpy

INTEGERS_SIZE = 32 * 8  # bytes of the registers x0 to x31, pc in the place of x0
FLOATS_SIZE = 33 * 8  # of f0 to f31, fcsr behind them


def create(process: Process, pc: u64, sp: u64, priority: u64) -> Thread:
    """A stopped thread with zeros in all other registers."""
    thread = at(Thread, slabs.new(process, size_of(Thread)))
    thread.process = process
    lists.start_all(address_of(thread.of_process), 4, address_of(thread))
    thread.frame.pc = pc
    thread.frame.sp = sp
    thread.frame.kernel_stack = layout.kernel_end()
    thread.priority = priority
    thread.effective = priority
    thread.state = ThreadState.READY
    thread.stopped = True
    thread.plain = True
    lists.append(process.threads, thread.of_process)
    process.thread_count += 1
    figures.threads += 1
    return thread


def stop(thread: Thread) -> None:
    """It does not run any more. Waiting to send or receive it starts again later; for a reply it waits on."""
    if thread.stopped:
        return
    thread.stopped = True
    if thread.state == ThreadState.READY:
        if not lists.is_empty(thread.link):
            scheduler.dequeue(thread)
    elif thread.state in (ThreadState.SENDING, ThreadState.RECEIVING, ThreadState.SLEEPING):
        waiting.withdraw(thread)
        thread.state = ThreadState.READY


def resume(thread: Thread) -> None:
    """It may run again."""
    if not thread.stopped:
        return
    thread.stopped = False
    if thread.state == ThreadState.READY:
        scheduler.enqueue(thread)


def destroy(thread: Thread) -> None:
    """It never runs again; its structure stays while handles know it."""
    stop(thread)  # so that it is not gone on with
    waiting.withdraw(thread)
    thread.state = ThreadState.DEAD
    thread.head.dead = True
    scheduler.release_floats()
    lists.remove(thread.of_process)
    thread.process.thread_count -= 1
    figures.threads -= 1
    if scheduler.scheduler.current is thread:
        scheduler.rest()
    bury(thread)


def drop(thread: Thread) -> None:
    """A handle of it is gone."""
    thread.head.references -= 1
    bury(thread)


def bury(thread: Thread) -> None:
    """If it has ended and nobody knows it, its structure is given back (later: its last trap may not be over)."""
    if thread.head.references == 0 and thread.head.dead:
        reaper.add(reaper.reaper.threads, thread.link)


def free(thread: Thread) -> None:
    """Give its structure back."""
    lists.remove(thread.link)
    slabs.free(thread.head, size_of(Thread))


def find(process: Process, serial: u64, or_next: bool) -> Thread | None:
    """A thread of a process by its number, or the first with a larger one: they are in that order."""
    link = process.threads.next
    while link is not process.threads:
        number = link.object.head.serial
        if number == serial or (or_next and number > serial):
            return link.object
        link = link.next
    return None


# ---- registers ----


def read_registers(thread: Thread, registers: Registers) -> None:
    """All that a thread has in the CPU when it runs."""
    scheduler.release_floats()
    memcpy(address_of(registers.x), address_of(thread.frame), INTEGERS_SIZE)
    memcpy(address_of(registers.f), address_of(thread.floats), FLOATS_SIZE)
    registers.state = thread.state + (u64(STOPPED) if thread.stopped else 0)
    registers.deadline = timer.in_nanoseconds(thread.deadline)


def write_registers(thread: Thread, registers: Registers) -> None:
    """The thread goes on with these."""
    scheduler.release_floats()
    registers.fcsr = registers.fcsr & 0xFF
    memcpy(address_of(thread.frame), address_of(registers.x), INTEGERS_SIZE)
    memcpy(address_of(thread.floats), address_of(registers.f), FLOATS_SIZE)
