"""Who runs: 32 fixed priorities, round robin within each. Ready threads are in a queue, the one that runs is in none.

Each function that a trap goes through returns the thread to go on with; `reschedule` is asked whenever a thread with
a higher priority may have become ready, `choose` when the one that ran cannot go on.
"""

from atoll.abi.calls import PRIORITIES
from atoll.abi.objects import ThreadState
from atoll.abi.raw import address_of
from atoll.abi.riscv import CSR, csr_clear, csr_read, csr_set, wfi
from atoll.abi.types import Array, Ref, noinline, u64, wrapping_add, wrapping_shl, wrapping_sub
from atoll.kernel import devices, lists, paging, reaper, timer
from atoll.kernel.entry import load_floats, save_floats
from atoll.kernel.figures import figures
from atoll.kernel.lists import Link
from atoll.kernel.objects import Process, Thread

FLOATS_ON = 3 << 13  # in sstatus


class Scheduler:
    """All state of the scheduler."""

    current: Ref[Thread]
    ready: u64  # bit p: a thread of priority p waits for the CPU
    queues: Array[Link[Thread], PRIORITIES]
    satp: u64  # what the CPU has
    since: u64  # when the current thread got the CPU, ticks of the time base
    floats_on: bool
    float_owner: Thread | None  # whose floating-point registers are in the CPU


scheduler: Scheduler = Scheduler()
idle: Thread = Thread()  # stands for nobody; its CPU time is the time without work
nobody: Process = Process()


def start() -> None:
    """Nobody runs yet."""
    lists.start_all(address_of(scheduler.queues), PRIORITIES, 0)
    idle.process = nobody
    scheduler.current = idle
    scheduler.satp = csr_read(CSR.SATP)
    scheduler.since = csr_read(CSR.TIME)


# ---- becoming ready ----


def make_ready(thread: Thread) -> None:
    """The thread could run, unless it is stopped."""
    thread.state = ThreadState.READY
    if not thread.stopped:
        enqueue(thread)


def enqueue(thread: Thread) -> None:
    """Wait for the CPU behind others of the same priority."""
    lists.append(scheduler.queues[thread.effective], thread.link)
    scheduler.ready = scheduler.ready | u64(1) << thread.effective
    timer.need_slice()


def dequeue(thread: Thread) -> None:
    """Leave the queue for the CPU."""
    lists.remove(thread.link)
    if lists.is_empty(scheduler.queues[thread.effective]):
        scheduler.ready = scheduler.ready & ~(u64(1) << thread.effective)


def set_effective(thread: Thread, priority: u64) -> None:
    """Another priority, in the right queue."""
    is_queued = thread.state == ThreadState.READY and not lists.is_empty(thread.link)
    if is_queued:
        dequeue(thread)
    thread.effective = priority
    if is_queued:
        enqueue(thread)


# ---- who is next ----


def outranked(thread: Thread) -> bool:
    """Whether a thread of a higher priority is ready."""
    return scheduler.ready & wrapping_sub(wrapping_shl(u64(1), thread.effective), 1) != 0


def reschedule(thread: Thread) -> Thread:
    """Go on with the current thread, unless one of a higher priority is ready, or it has stopped or ended itself."""
    if thread.stopped or outranked(thread):
        return give_way(thread)
    return thread


@noinline
def give_way(thread: Thread) -> Thread:
    """The current thread goes on later, before others of its priority (unless it has stopped or ended itself)."""
    if thread.stopped:
        return choose()
    lists.insert(thread.link, scheduler.queues[thread.effective].next)
    scheduler.ready = scheduler.ready | u64(1) << thread.effective
    return choose()


def hand_over(thread: Thread) -> Thread:
    """The current thread waits; go on with this one, which is in no queue, unless a higher priority is ready."""
    if thread.stopped or outranked(thread):
        return hand_over_later(thread)
    return switch_to(thread)


@noinline
def hand_over_later(thread: Thread) -> Thread:
    """Others come first."""
    make_ready(thread)
    return choose()


def turn(thread: Thread) -> Thread:
    """The current thread lets others of its priority go first."""
    if scheduler.ready & ((u64(2) << thread.effective) - 1) == 0 and not reaper.work():
        timer.need_slice()
        return thread
    enqueue(thread)
    return choose()


def choose() -> Thread:
    """The first thread of the highest priority; until there is one, the CPU waits."""
    reaper.work()
    while scheduler.ready == 0:
        wait()
    priority: u64 = 0
    while scheduler.ready >> priority & 1 == 0:
        priority += 1
    thread = scheduler.queues[priority].next.object
    dequeue(thread)
    timer.need_slice()
    return switch_to(thread)


def rest() -> None:
    """The CPU is nobody's; it keeps the address space that it has."""
    account()
    scheduler.current = idle
    set_floats(False)


def account() -> None:
    """Bring the current thread's CPU time up to now, and its process's."""
    now = csr_read(CSR.TIME)
    passed = wrapping_sub(now, scheduler.since)
    current = scheduler.current
    current.cpu_time = wrapping_add(current.cpu_time, passed)
    current.process.cpu_time = wrapping_add(current.process.cpu_time, passed)
    scheduler.since = now


def wait() -> None:
    """Nothing to run: finish what was begun, else wait for an interrupt."""
    rest()
    if reaper.work():
        return
    timer.before_idle()
    wfi()
    pending = csr_read(CSR.SIP)
    if pending & timer.TIMER_BIT != 0:
        timer.interrupt()
    if pending & devices.EXTERNAL_BIT != 0:
        devices.interrupt()


# ---- switching ----


def switch_to(thread: Thread) -> Thread:
    """The CPU is that thread's: its address space, its floating-point registers, its account of time."""
    account()
    scheduler.current = thread
    figures.switches = wrapping_add(figures.switches, 1)
    satp = thread.process.satp
    if satp != scheduler.satp:
        scheduler.satp = satp
        paging.use_space(satp)
    if scheduler.floats_on or scheduler.float_owner is thread:
        set_floats(scheduler.float_owner is thread)
    return thread


@noinline
def set_floats(on: bool) -> None:
    """On for the thread whose values are in the registers, off for all others, so that they trap at first use."""
    scheduler.floats_on = on
    if on:
        csr_set(CSR.SSTATUS, FLOATS_ON)
    else:
        csr_clear(CSR.SSTATUS, FLOATS_ON)


def give_floats(thread: Thread) -> bool:
    """The current thread uses floating point, and maybe its registers hold another's; False if it had them."""
    if scheduler.floats_on:
        return False
    release_floats()
    set_floats(True)
    load_floats(thread.floats)
    scheduler.float_owner = thread
    return True


def release_floats() -> None:
    """The floating-point registers are nobody's: their owner's structure has the truth from now on."""
    owner = scheduler.float_owner
    if owner is not None:
        set_floats(True)
        save_floats(owner.floats)
        scheduler.float_owner = None
    set_floats(False)


def leave_space(satp: u64) -> None:
    """An address space goes away: if the CPU still has it, take the kernel's own."""
    if scheduler.satp == satp:
        scheduler.satp = paging.kernel_satp()
        paging.use_space(scheduler.satp)
