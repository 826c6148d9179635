"""Traps: why the CPU left a thread, and who handles it. The thread to go on with is returned."""

from atoll.abi import causes
from atoll.abi.raw import address_of, at
from atoll.abi.riscv import CSR, csr_read, csr_write
from atoll.abi.types import export, wrapping_add
from atoll.kernel import calls, devices, faults, layout, panic, scheduler, timer
from atoll.kernel.entry import trap_entry
from atoll.kernel.figures import figures
from atoll.kernel.objects import Thread

FROM_SUPERVISOR = 1 << 8  # in sstatus: the mode before the trap


def start() -> None:
    """From now on traps are ours, those in the kernel itself included: the fault area gets its stack."""
    at(Thread, layout.fault_area()).frame.kernel_stack = layout.fault_area_end()
    csr_write(CSR.STVEC, address_of(trap_entry))


@export("handle_call")
def handle_call(thread: Thread) -> Thread:
    """Called by entry.py with the registers of a thread saved that made a system call."""
    figures.traps = wrapping_add(figures.traps, 1)
    return calls.handle(thread)


@export("handle_trap")
def handle_trap(thread: Thread) -> Thread:
    """Called by entry.py with a thread's registers saved (or, after a mistake of the kernel, its own)."""
    cause = csr_read(CSR.SCAUSE)
    if csr_read(CSR.SSTATUS) & FROM_SUPERVISOR != 0:
        panic.kernel_fault(thread.frame, cause, csr_read(CSR.STVAL))
    figures.traps = wrapping_add(figures.traps, 1)
    if cause == causes.TIMER_INTERRUPT:
        return timer.preempt(thread)
    if cause == causes.EXTERNAL_INTERRUPT:
        devices.interrupt()
        return scheduler.reschedule(thread)
    if cause & causes.INTERRUPT != 0:
        panic.stop("PANIC: an interrupt that nobody asked for")
    return faults.begin(thread, cause, csr_read(CSR.STVAL))
