"""What is counted: calls in the tightest loops there are, and the same loops without the call.

What is below `in another process` is copied there by its bytes, so it names no address: registers only.
"""

from atoll.abi.calls import Call
from atoll.abi.riscv import (
    a0,
    a1,
    a2,
    a3,
    a4,
    a5,
    a6,
    a7,
    add,
    addi,
    bnez,
    j,
    label,
    ld,
    li,
    mv,
    or_,
    ret,
    s0,
    s1,
    sd,
    sp,
    srli,
    sub,
    t0,
    t1,
    t3,
    t4,
    t5,
    t6,
    zero,
)
from atoll.abi.riscv import ecall as trap
from atoll.abi.types import assembly, export, u64

RECEIVE = Call.RECEIVE
REPLY_RECEIVE = Call.REPLY_RECEIVE
MAP = Call.MAP
EXIT = Call.PROCESS_EXIT

FIRST_PAGE = 0x2000_0000  # where `touch` begins, in the pager's memory object page 0
READ_WRITE = 12  # Right.READ | Right.WRITE


@assembly
@export("mark")
def mark(number: u64) -> None:
    """The host stops here, and notes how many instructions have run."""
    ret()


@assembly
@export("repeat_call")
def repeat(count: u64, number: u64, target: u64, transfer: u64) -> u64:
    """That call, so often; all its statuses or-ed together."""
    mv(t3, a0)
    mv(a7, a1)
    mv(t4, a2)
    mv(t5, a3)
    mv(t6, zero)
    label("again")
    mv(a0, t4)
    mv(a5, t5)
    trap()
    or_(t6, t6, a0)
    addi(t3, t3, -1)
    bnez(t3, "again")
    mv(a0, t6)
    ret()


@assembly
@export("repeat_nothing")
def repeat_nothing(count: u64, number: u64, target: u64, transfer: u64) -> u64:
    """The same loop, empty."""
    mv(t3, a0)
    mv(a7, a1)
    mv(t4, a2)
    mv(t5, a3)
    mv(t6, zero)
    label("again")
    mv(a0, t4)
    mv(a5, t5)
    or_(t6, t6, a0)
    addi(t3, t3, -1)
    bnez(t3, "again")
    mv(a0, t6)
    ret()


@assembly
@export("answer_faults")
def answer_faults(count: u64, port: u64) -> u64:
    """A pager that only says: try again. It receives the first fault, then replies and receives the next, so often."""
    mv(t3, a0)
    mv(t4, a1)
    mv(t6, zero)
    mv(a0, t4)
    mv(a5, zero)
    li(a7, RECEIVE)
    trap()
    label("again")
    mv(a0, t4)
    mv(a1, zero)
    mv(a5, zero)
    mv(a6, t1)
    li(a7, REPLY_RECEIVE)
    trap()
    or_(t6, t6, a0)
    addi(t3, t3, -1)
    bnez(t3, "again")
    mv(a0, t6)
    ret()


@assembly
@export("map_pages")
def map_pages(count: u64, port: u64, process: u64, memory: u64) -> u64:
    """A pager that maps a page at each fault: the first fault is received, then so often mapped, replied, received."""
    mv(t3, a0)
    mv(t4, a1)
    addi(sp, sp, -16)
    sd(s0, 0, sp)
    sd(s1, 8, sp)
    mv(s0, a2)
    mv(s1, a3)
    mv(t6, zero)
    mv(a0, t4)
    mv(a5, zero)
    li(a7, RECEIVE)
    trap()
    label("again")
    mv(t5, t1)
    mv(a3, a2)
    mv(a0, s0)
    mv(a1, s1)
    li(a4, FIRST_PAGE)
    sub(a2, a3, a4)
    srli(a2, a2, 12)
    li(a4, 1)
    li(a5, READ_WRITE)
    li(a7, MAP)
    trap()
    or_(t6, t6, a0)
    mv(a0, t4)
    mv(a1, zero)
    mv(a5, zero)
    mv(a6, t5)
    li(a7, REPLY_RECEIVE)
    trap()
    or_(t6, t6, a0)
    addi(t3, t3, -1)
    bnez(t3, "again")
    ld(s0, 0, sp)
    ld(s1, 8, sp)
    addi(sp, sp, 16)
    mv(a0, t6)
    ret()


# ---- in another process ----


@assembly
@export("serve")
def serve(port: u64, transfer: u64) -> None:
    """A server that replies with the words that it got."""
    mv(s0, a0)
    mv(s1, a1)
    mv(a5, s1)
    li(a7, RECEIVE)
    trap()
    label("again")
    mv(a0, s0)
    mv(a5, s1)
    mv(a6, t1)
    li(a7, REPLY_RECEIVE)
    trap()
    j("again")


@assembly
@export("serve_zero")
def serve_zero(port: u64, transfer: u64) -> None:
    """The same, and the first word is 0: done, as a stub reads it."""
    mv(s0, a0)
    mv(s1, a1)
    mv(a5, s1)
    li(a7, RECEIVE)
    trap()
    label("again")
    mv(a0, s0)
    mv(a1, zero)
    mv(a5, s1)
    mv(a6, t1)
    li(a7, REPLY_RECEIVE)
    trap()
    j("again")


@assembly
@export("call_for_ever")
def call_for_ever(number: u64, target: u64) -> None:
    """The same call again and again."""
    mv(a7, a0)
    mv(a0, a1)
    mv(a5, zero)
    label("again")
    trap()
    j("again")


@assembly
@export("touch")
def touch(address: u64, stride: u64) -> None:
    """Read a word here, then the next so many bytes on, for ever."""
    label("again")
    ld(t0, 0, a0)
    add(a0, a0, a1)
    j("again")


@assembly
@export("leave")
def leave(status: u64) -> None:
    """End the process."""
    li(a7, EXIT)
    trap()
