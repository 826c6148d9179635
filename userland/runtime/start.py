"""Where a program begins: the kernel enters here with an empty stack and nothing in the other registers."""

from atoll.abi.riscv import call, fp, la, mv, ra, tail, tp, zero
from atoll.abi.types import assembly, export


@assembly
@export("_start")
def start() -> None:
    """Run the program and leave with its status. Zeros in ra and fp end the chain of frames that tracebacks walk."""
    la(tp, "__tls_start")
    mv(fp, zero)
    mv(ra, zero)
    call("program_main")
    tail("program_exit")
