"""The timer, the one device that the kernel keeps: time slices while several threads want the CPU, and deadlines.
When neither is due the timer is off: no tick without a reason.
"""

from atoll.abi.calls import Status
from atoll.abi.objects import ThreadState
from atoll.abi.riscv import CSR, csr_read, csr_set
from atoll.abi.types import noinline, u64
from atoll.kernel import firmware, lists, scheduler, waiting
from atoll.kernel.board import board
from atoll.kernel.figures import figures
from atoll.kernel.lists import Link
from atoll.kernel.objects import Thread

SLICES_PER_SECOND = 1000
NANOSECONDS = 1_000_000_000  # in a second
TIMER_BIT = 1 << 5  # in sie and sip
NEVER = 0xFFFF_FFFF_FFFF_FFFF
MOST_WOKEN = 32  # threads by one interrupt; the next comes at once


class Clock:
    """All state of the timer; times in ticks of the time base."""

    slice: u64  # how long
    slice_end: u64  # of whoever runs then; 0: nobody waits
    armed: u64  # when the timer will interrupt
    waiting: Link[Thread]  # with a deadline, the earliest first


clock: Clock = Clock()


def start() -> None:
    """Interrupts reach the kernel from user mode, and end its waiting for work."""
    lists.start(clock.waiting)
    clock.slice = board.timebase_hz // SLICES_PER_SECOND
    clock.armed = NEVER
    firmware.set_timer(NEVER)
    csr_set(CSR.SIE, TIMER_BIT)


def arm(time: u64) -> None:
    """Interrupt then, or earlier."""
    if time < clock.armed:
        clock.armed = time
        firmware.set_timer(time)


def need_slice() -> None:
    """Threads wait for the CPU: whoever runs has it for a slice."""
    if scheduler.scheduler.ready != 0:
        begin_slice()


@noinline
def begin_slice() -> None:
    """The slice begins now, unless it has begun."""
    if clock.slice_end == 0:
        clock.slice_end = csr_read(CSR.TIME) + clock.slice
        arm(clock.slice_end)


def before_idle() -> None:
    """Nobody wants the CPU: no slice."""
    if clock.slice_end != 0:
        clock.slice_end = 0
        rearm()


def rearm() -> None:
    """Set the timer to what is due next."""
    first = lists.first(clock.waiting)
    due: u64 = clock.slice_end if clock.slice_end != 0 else NEVER
    if first is not None and first.deadline < due:
        due = first.deadline
    clock.armed = due
    firmware.set_timer(due)


def interrupt() -> None:
    """Wake whose deadline has come, and end the slice if it is over."""
    figures.ticks += 1
    now = csr_read(CSR.TIME)
    for _ in range(MOST_WOKEN):
        first = lists.first(clock.waiting)
        if first is None or first.deadline > now:
            break
        waiting.end(first, Status.OK if first.state == ThreadState.SLEEPING else Status.TIMED_OUT)
    if clock.slice_end != 0 and clock.slice_end <= now:
        clock.slice_end = 0
    rearm()


def preempt(thread: Thread) -> Thread:
    """A timer interrupt while a thread ran: others of its priority have their turn when its slice is over."""
    had_slice = clock.slice_end != 0
    interrupt()
    if had_slice and clock.slice_end == 0:
        return scheduler.turn(thread)
    return scheduler.reschedule(thread)


# ---- deadlines ----


def set_deadline(thread: Thread, nanoseconds: u64) -> None:
    """Wake the thread after that time at the latest."""
    thread.deadline = csr_read(CSR.TIME) + ticks(nanoseconds)
    before = clock.waiting.previous
    while before is not clock.waiting and before.object.deadline > thread.deadline:
        before = before.previous
    lists.insert(thread.of_deadlines, before.next)
    if clock.waiting.next is thread.of_deadlines:
        arm(thread.deadline)


def clear_deadline(thread: Thread) -> None:
    """What the thread waited for has come. (The timer stays as it is: one interrupt too many costs less.)"""
    lists.remove(thread.of_deadlines)
    thread.deadline = 0


def ticks(nanoseconds: u64) -> u64:
    """A time in ticks of the time base, rounded up, at least one; very long ones are cut to a century."""
    longest: u64 = NANOSECONDS * 3_000_000_000
    time = min(nanoseconds, longest)
    whole = time // NANOSECONDS * board.timebase_hz
    return whole + (time % NANOSECONDS * board.timebase_hz + NANOSECONDS - 1) // NANOSECONDS + 1


def in_nanoseconds(time: u64) -> u64:
    """A number of ticks of the time base as nanoseconds."""
    seconds = time // board.timebase_hz
    return seconds * NANOSECONDS + time % board.timebase_hz * NANOSECONDS // board.timebase_hz
