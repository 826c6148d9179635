"""Functions of atoll.abi.riscv that are one instruction: the symbol that the linker replaces by the instruction itself.

The compiler calls an undefined function `__asm.XXXXXXXX` with ordinary arguments; the linker puts the word in the
call's place (see link.py). So arguments stand in a0 and up, and the result in a0, as in any call.
"""

from typing import NamedTuple

from atoll.compiler.encode import EncodeError, Operand, encode

PREFIX = "__asm."


class Intrinsic(NamedTuple):
    """One function: 64-bit arguments and results (2 results: a structure of two), and the instruction's pattern.

    `takes_csr`: the first argument in the source is a constant of CSR, which is not among `arguments`.
    `reads_frame`: about the frame it stands in, so it must not become a tail call (LLVM: `notail`).
    """

    arguments: int
    results: int
    instruction: tuple[Operand, ...]
    takes_csr: bool = False
    reads_frame: bool = False


INTRINSICS: dict[str, Intrinsic] = {
    "csr_read": Intrinsic(0, 1, ("csrrs", "a0", "CSR", "zero"), takes_csr=True),
    "csr_write": Intrinsic(1, 0, ("csrrw", "zero", "CSR", "a0"), takes_csr=True),
    "csr_set": Intrinsic(1, 0, ("csrrs", "zero", "CSR", "a0"), takes_csr=True),
    "csr_clear": Intrinsic(1, 0, ("csrrc", "zero", "CSR", "a0"), takes_csr=True),
    "csr_swap": Intrinsic(1, 1, ("csrrw", "a0", "CSR", "a0"), takes_csr=True),
    "ecall": Intrinsic(8, 2, ("ecall",)),
    "ebreak": Intrinsic(0, 0, ("ebreak",)),
    "wfi": Intrinsic(0, 0, ("wfi",)),
    "fence": Intrinsic(0, 0, ("fence", "iorw", "iorw")),
    "fence_i": Intrinsic(0, 0, ("fence.i",)),
    "sfence_vma": Intrinsic(0, 0, ("sfence.vma", "zero", "zero")),
    "sfence_vma_address": Intrinsic(1, 0, ("sfence.vma", "a0", "zero")),
    "frame_pointer": Intrinsic(0, 1, ("addi", "a0", "s0", 0), reads_frame=True),
    "return_address": Intrinsic(0, 1, ("ld", "a0", -8, "s0"), reads_frame=True),
    "stack_pointer": Intrinsic(0, 1, ("addi", "a0", "sp", 0), reads_frame=True),
    "thread_pointer": Intrinsic(0, 1, ("addi", "a0", "tp", 0)),
    "set_thread_pointer": Intrinsic(1, 0, ("addi", "tp", "a0", 0)),
}


def instruction_symbol(name: str, csr: int | None = None) -> str:
    """The symbol to call for an intrinsic; `csr` for those that take one, and only for them."""
    intrinsic = INTRINSICS.get(name)
    if intrinsic is None:
        raise EncodeError(f"no such one-instruction function: {name}")
    if intrinsic.takes_csr != (csr is not None):
        raise EncodeError(f"{name} takes {'a' if intrinsic.takes_csr else 'no'} control register")
    mnemonic, *operands = intrinsic.instruction
    word = encode(str(mnemonic), *(csr if operand == "CSR" and csr is not None else operand for operand in operands))
    return f"{PREFIX}{word:08x}"


def instruction_word(symbol: str) -> int | None:
    """The instruction that a symbol stands for; None if it is an ordinary symbol."""
    digits = symbol.removeprefix(PREFIX)
    if digits == symbol or len(digits) != 8:
        return None
    try:
        return int(digits, 16)
    except ValueError:
        return None
