"""A program that tries to turn translation off."""

from atoll.abi.riscv import CSR, csr_write


def take_over() -> None:
    """Only the supervisor may write this register."""
    csr_write(CSR.SATP, 0)


def main() -> None:
    """Try it."""
    print("taking over")
    take_over()
    print("never printed")
