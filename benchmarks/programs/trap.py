"""trap: a kernel that does nothing but trap and return, for ever; the host counts how many it does in a second.

Address translation stays off: what is measured is the machine's entry into a trap and its way back, no kernel's work.
"""

from atoll.abi.riscv import CSR, addi, csrc, csrr, csrw, ecall, j, la, label, li, sret, t0
from atoll.abi.types import assembly, export, u64

INSTRUCTIONS_PER_TRAP = 6                       # ecall and j in user mode, four in the handler
SPP = 1 << 8                                    # in sstatus: where sret goes; 0 is user mode


@assembly
@export("_start")
def start() -> None:
    """From the firmware: set the handler, drop to user mode, trap for ever."""
    la(t0, "handle_trap")
    csrw(CSR.STVEC, t0)
    la(t0, "user")
    csrw(CSR.SEPC, t0)
    li(t0, SPP)
    csrc(CSR.SSTATUS, t0)
    sret()
    label("user")
    ecall()
    j("user")


@assembly
@export("handle_trap")
def handle_trap() -> None:
    """Go on behind the ecall. All traps are ecalls here."""
    csrr(t0, CSR.SEPC)
    addi(t0, t0, 4)
    csrw(CSR.SEPC, t0)
    sret()


@export("kernel_main")
def kernel_main(hart: u64, device_tree: u64) -> None:
    """What every kernel has; never called in this one."""
