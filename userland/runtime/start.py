"""Where threads begin: `_start` a program's first, `thread_start` all others.

PerThread variables live in a block that register tp points to. Each thread makes its block at the top of its stack, a
copy of the one that the program's file holds, which stays as it was.
"""

from atoll.abi.riscv import a0, a1, a2, andi, call, fp, la, mv, ra, s1, s2, sp, sub, tail, tp, zero
from atoll.abi.types import assembly, export


@assembly
@export("_start")
def start() -> None:
    """Run the program and leave with its status. Zeros in ra and fp end the chain of frames that tracebacks walk."""
    mv(fp, zero)
    mv(ra, zero)
    mv(s1, a0)
    mv(s2, a1)
    la(a2, "__tls_size")
    sub(sp, sp, a2)
    andi(sp, sp, -16)
    mv(tp, sp)
    mv(a0, sp)
    la(a1, "__tls_start")
    call("memcpy")
    mv(a0, s1)
    mv(a1, s2)
    call("program_begin")
    call("program_main")
    tail("program_exit")


@assembly
@export("thread_start")
def start_thread() -> None:
    """Another thread: a0 is the address of its ThreadStart (threads.py)."""
    mv(fp, zero)
    mv(ra, zero)
    mv(s1, a0)
    la(a2, "__tls_size")
    sub(sp, sp, a2)
    andi(sp, sp, -16)
    mv(tp, sp)
    mv(a0, sp)
    la(a1, "__tls_start")
    call("memcpy")
    mv(a0, s1)
    tail("thread_main")
