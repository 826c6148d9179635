"""System calls as functions: each call of abi/calls.py that is about no object, and the two ways into the kernel that
objects.py builds upon.
"""

from atoll.abi.calls import Call, Status
from atoll.abi.objects import Statistics
from atoll.abi.raw import address_of
from atoll.abi.riscv import a0, a1, a2, a3, a4, a5, a6, a7, ld, ret, sd, t0, t1, t2, t3
from atoll.abi.riscv import ecall as trap
from atoll.abi.riscv import mv as move
from atoll.abi.types import Array, assembly, export, u64
from atoll.userland.runtime.kernel_errors import refuse


class CallRegisters:
    """All registers that a call reads or writes: a0 to a7, then t0 to t2."""

    a: Array[u64, 8]
    t: Array[u64, 3]


@assembly
@export("call_with_registers")
def call_with_registers(registers: u64) -> None:
    """A call that takes or gives more than two values: CallRegisters at that address hold first these, then those."""
    move(t3, a0)
    for number, register in enumerate((a0, a1, a2, a3, a4, a5, a6, a7, t0, t1, t2)):
        ld(register, 8 * number, t3)
    trap()
    for number, register in enumerate((a0, a1, a2, a3, a4, a5, a6, a7, t0, t1, t2)):
        sd(register, 8 * number, t3)
    ret()


def system_call(number: u64, a: u64 = 0, b: u64 = 0, c: u64 = 0, d: u64 = 0, e: u64 = 0, f: u64 = 0) -> u64:
    """A call with at most one result, which comes back; a refused one raises a KernelError."""
    status, value = trap(a, b, c, d, e, f, 0, number)
    if status != Status.OK:
        refuse(status, value)
    return value


def two_results(number: u64, a: u64, b: u64, c: u64, d: u64) -> tuple[u64, u64]:
    """A call with two results."""
    registers = CallRegisters()
    registers.a[0], registers.a[1], registers.a[2], registers.a[3] = a, b, c, d
    results(registers, number)
    return registers.a[1], registers.a[2]


def results(registers: CallRegisters, number: u64) -> None:
    """A call with any number of arguments and results."""
    registers.a[7] = number
    call_with_registers(address_of(registers))
    if registers.a[0] != Status.OK:
        refuse(registers.a[0], registers.a[1])


# ---- calls about no object ----


def do_nothing() -> None:
    """The shortest call there is."""
    system_call(Call.NOTHING)


def clock() -> u64:
    """Nanoseconds since the machine was switched on."""
    return system_call(Call.CLOCK)


def sleep(nanoseconds: u64) -> None:
    """Let others run for at least so long."""
    system_call(Call.SLEEP, nanoseconds)


def let_others_run() -> None:
    """Other threads of this priority have their turn first."""
    system_call(Call.YIELD)


def read_statistics(into: Statistics) -> None:
    """Figures of the whole machine."""
    system_call(Call.STATISTICS, address_of(into))

