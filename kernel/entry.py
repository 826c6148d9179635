"""Into the kernel and out of it: the first instructions after the firmware, trap entry, and the return to user mode.

`sscratch` says who was running: the address of a thread, which begins with its TrapFrame, while it runs in user mode,
0 while the kernel runs. The kernel has one stack, empty at each trap from user mode: a trap is handled to its end and
never waits.
"""

from typing import NoReturn

from atoll.abi.causes import CALL_FROM_USER
from atoll.abi.riscv import (
    CSR,
    FLOAT_REGISTERS,
    REGISTERS,
    add,
    bne,
    bnez,
    call,
    csrr,
    csrrw,
    csrw,
    fld,
    fp,
    frcsr,
    fscsr,
    fsd,
    la,
    label,
    ld,
    li,
    mv,
    ra,
    ret,
    sd,
    sp,
    sret,
    t0,
    t1,
    tail,
    tp,
    zero,
)
from atoll.abi.riscv import a0 as argument
from atoll.abi.types import Array, assembly, export, u64
from atoll.kernel.layout import STACKS_SIZE


class TrapFrame:
    """What a program's registers held when it trapped. The pc has x0's place, so register x_n is at offset 8 * n."""

    pc: u64
    ra: u64
    sp: u64
    gp: u64
    tp: u64
    t0: u64
    t1: u64
    t2: u64
    s0: u64
    s1: u64
    a0: u64
    a1: u64
    a2: u64
    a3: u64
    a4: u64
    a5: u64
    a6: u64
    a7: u64
    s2_to_s11: Array[u64, 10]
    t3_to_t6: Array[u64, 4]

    # set once by the kernel, read at each trap
    kernel_stack: u64


FRAME = 32  # offset of the TrapFrame in a Thread, bytes: behind the Header
KERNEL_STACK = FRAME + 256


@assembly
@export("_start")
def start() -> None:
    """From the firmware: a0 is the hart, a1 the device tree; memory is not translated, interrupts are off."""
    csrw(CSR.SSCRATCH, zero)
    la(sp, "__image_end")
    li(t0, STACKS_SIZE)
    add(sp, sp, t0)
    mv(fp, zero)
    mv(ra, zero)
    tail("kernel_start")


@assembly
@export("trap_entry")
def trap_entry() -> None:
    """Every trap: save all registers, go on in Python (trap.py) on the kernel's stack, resume the thread it says."""
    csrrw(tp, CSR.SSCRATCH, tp)
    bnez(tp, "save")
    la(tp, "__image_end")  # sscratch was 0: the kernel itself trapped; its registers go to the fault area
    label("save")
    for number, register in enumerate(REGISTERS):
        if register not in (zero, tp):
            sd(register, FRAME + 8 * number, tp)
    csrrw(t0, CSR.SSCRATCH, zero)
    sd(t0, FRAME + 8 * REGISTERS.index(tp), tp)
    csrr(t0, CSR.SEPC)
    sd(t0, FRAME, tp)
    ld(sp, KERNEL_STACK, tp)
    mv(argument, tp)
    mv(fp, zero)
    mv(ra, zero)
    csrr(t0, CSR.SCAUSE)
    li(t1, CALL_FROM_USER)
    bne(t0, t1, "other")
    call("handle_call")
    tail("resume")
    label("other")
    call("handle_trap")
    tail("resume")


@assembly
@export("resume")
def resume(thread: u64) -> NoReturn:
    """Run the thread at that address in user mode from where its frame says."""
    csrw(CSR.SSCRATCH, argument)
    ld(t0, FRAME, argument)
    csrw(CSR.SEPC, t0)
    for number, register in enumerate(REGISTERS):
        if register not in (zero, argument):
            ld(register, FRAME + 8 * number, argument)
    ld(argument, FRAME + 8 * REGISTERS.index(argument), argument)
    sret()


@assembly
@export("save_floats")
def save_floats(values: Array[u64, 33]) -> None:
    """Write the floating-point registers and then fcsr. (The kernel itself never touches these registers.)"""
    for number, register in enumerate(FLOAT_REGISTERS):
        fsd(register, 8 * number, argument)
    frcsr(t0)
    sd(t0, 8 * len(FLOAT_REGISTERS), argument)
    ret()


@assembly
@export("load_floats")
def load_floats(values: Array[u64, 33]) -> None:
    """Read the floating-point registers and then fcsr."""
    for number, register in enumerate(FLOAT_REGISTERS):
        fld(register, 8 * number, argument)
    ld(t0, 8 * len(FLOAT_REGISTERS), argument)
    fscsr(t0)
    ret()
