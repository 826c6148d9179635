"""Threads: made, stopped, looked at, and ended."""

from atoll.abi.objects import STOPPED, Registers, ThreadState
from atoll.abi.raw import address_of, at
from atoll.abi.riscv import CSR, csr_set
from atoll.abi.types import u64
from atoll.kernel import layout, reaper, scheduler, slabs, waiting
from atoll.kernel.objects import THREAD_SIZE, Process, Thread


class Threads:
    """All state of this module."""

    count: u64


threads: Threads = Threads()


def create(process: Process, pc: u64, sp: u64, priority: u64) -> Thread:
    """A stopped thread with zeros in all other registers."""
    thread = at(Thread, slabs.new_slot(process, THREAD_SIZE))
    slabs.start_header(thread.head, process)
    thread.process = process
    thread.frame.pc = pc
    thread.frame.sp = sp
    thread.frame.kernel_stack = layout.kernel_end()
    thread.priority = priority
    thread.effective = priority
    thread.state = ThreadState.READY
    thread.stopped = True
    thread.plain = True
    thread.next_of_process = process.threads
    if thread.next_of_process is not None:
        thread.next_of_process.previous_of_process = thread
    process.threads = thread
    process.thread_count += 1
    threads.count += 1
    return thread


def stop(thread: Thread) -> None:
    """It does not run any more. Waiting to send or receive it starts again later; for a reply it waits on."""
    if thread.stopped:
        return
    thread.stopped = True
    if thread.state == ThreadState.READY:
        if thread.queue is not None:
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
    stop(thread)
    waiting.withdraw(thread)
    thread.state = ThreadState.DEAD
    thread.head.dead = True
    scheduler.forget_floats(thread)
    process = thread.process
    process.cpu_time += thread.cpu_time
    if thread.previous_of_process is None:
        process.threads = thread.next_of_process
    else:
        thread.previous_of_process.next_of_process = thread.next_of_process
    if thread.next_of_process is not None:
        thread.next_of_process.previous_of_process = thread.previous_of_process
    process.thread_count -= 1
    threads.count -= 1
    if scheduler.scheduler.current is thread:
        scheduler.rest()
        thread.head.references += 1  # its trap is not over
        reaper.add_thread(thread)
    elif thread.head.references == 0:
        free(thread)


def drop(thread: Thread) -> None:
    """A handle of it is gone."""
    thread.head.references -= 1
    if thread.head.references == 0 and thread.head.dead:
        free(thread)


def free(thread: Thread) -> None:
    """Give its structure back."""
    slabs.free_slot(thread.process, address_of(thread), THREAD_SIZE)


def find(process: Process, serial: u64) -> Thread | None:
    """A thread of a process by its number."""
    thread = process.threads
    while thread is not None and thread.head.serial != serial:
        thread = thread.next_of_process
    return thread


# ---- registers ----


def read_registers(thread: Thread, registers: Registers) -> None:
    """All that a thread has in the CPU when it runs."""
    keep_floats(thread)
    frame = at(Registers, address_of(thread.frame))
    for number in range(32):
        registers.x[number] = frame.x[number]
        registers.f[number] = thread.floats[number]
    registers.fcsr = thread.floats[32]
    registers.state = thread.state + (u64(STOPPED) if thread.stopped else 0)


def write_registers(thread: Thread, registers: Registers) -> None:
    """The thread goes on with these."""
    scheduler.forget_floats(thread)
    frame = at(Registers, address_of(thread.frame))
    for number in range(32):
        frame.x[number] = registers.x[number]
        thread.floats[number] = registers.f[number]
    thread.floats[32] = registers.fcsr & 0xFF


def keep_floats(thread: Thread) -> None:
    """Bring a thread's floating-point values into its structure."""
    if scheduler.scheduler.float_owner is thread:
        csr_set(CSR.SSTATUS, scheduler.FLOATS_ON)
        scheduler.scheduler.floats_on = True
        scheduler.keep_floats()
        scheduler.set_floats(scheduler.scheduler.current is thread)
