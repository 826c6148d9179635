"""Executes the instruction that its argument names: none of them is for user mode, and some are for nobody."""

from atoll.abi.riscv import a0, mret, rdcycle, rdinstret, rdtime, ret, sfence_vma, sret, unimp, wfi, word
from atoll.abi.riscv import ebreak as breakpoint
from atoll.abi.types import Text, assembly, export, u64
from atoll.userland.runtime.startup import argument


@assembly
@export("read_cycles")
def read_cycles() -> u64:
    """Clock cycles of the CPU."""
    rdcycle(a0)
    ret()


@assembly
@export("read_time")
def read_time() -> u64:
    """The `time` register."""
    rdtime(a0)
    ret()


@assembly
@export("read_instructions")
def read_instructions() -> u64:
    """Instructions executed."""
    rdinstret(a0)
    ret()


@assembly
@export("return_to_user")
def return_to_user() -> None:
    """As the kernel does."""
    sret()


@assembly
@export("return_to_supervisor")
def return_to_supervisor() -> None:
    """As the firmware does."""
    mret()


@assembly
@export("no_instruction")
def no_instruction() -> None:
    """One that will never mean anything."""
    unimp()


@assembly
@export("zeros")
def zeros() -> None:
    """What unused memory holds."""
    word(0)


def execute(name: Text) -> u64:
    """The instruction of that name."""
    match name:
        case "rdcycle":
            return read_cycles()
        case "rdtime":
            return read_time()
        case "rdinstret":
            return read_instructions()
        case "sret":
            return_to_user()
        case "mret":
            return_to_supervisor()
        case "unimp":
            no_instruction()
        case "zeros":
            zeros()
        case "wfi":
            wfi()
        case "sfence.vma":
            sfence_vma()
        case "ebreak":
            breakpoint()
    return 0


def main() -> None:
    """Try it."""
    result = execute(argument(0))
    print(f"{argument(0)}: {result}")
