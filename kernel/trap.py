"""Traps: why the CPU left the program, and who handles it. Each handler returns the frame to go on with."""

from atoll.abi import causes
from atoll.abi.raw import address_of, at
from atoll.abi.riscv import CSR, csr_read, csr_write
from atoll.abi.types import export
from atoll.kernel import calls, fault, layout, panic, timer
from atoll.kernel.entry import TrapFrame, trap_entry

FROM_SUPERVISOR = 1 << 8  # in sstatus: the mode before the trap


def start() -> None:
    """From now on traps are ours, those in the kernel itself included: the fault area gets its stack."""
    at(TrapFrame, layout.fault_area()).kernel_stack = layout.fault_area_end()
    csr_write(CSR.STVEC, address_of(trap_entry))


@export("handle_trap")
def handle_trap(frame: TrapFrame) -> TrapFrame:
    """Called by entry.py with a program's registers saved; it resumes what is returned."""
    cause = csr_read(CSR.SCAUSE)
    if csr_read(CSR.SSTATUS) & FROM_SUPERVISOR != 0:
        panic.kernel_fault(frame, cause, csr_read(CSR.STVAL))
    if cause == causes.CALL_FROM_USER:
        return calls.handle_call(frame)
    if cause == causes.TIMER_INTERRUPT:
        timer.tick()
        return frame
    if cause & causes.INTERRUPT != 0:
        panic.unexpected_interrupt(cause)
    return fault.stop_program(frame, cause, csr_read(CSR.STVAL))
