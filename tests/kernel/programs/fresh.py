"""Leaves something in all of its memory; the same program, started again, must find none of it."""

from atoll.abi.address_space import STACK
from atoll.abi.raw import load64, store64
from atoll.abi.riscv import stack_pointer
from atoll.abi.types import Array, i64, u64

SECRET = 0x5EC2_E75E
NEAR = 4096  # bytes below the stack pointer that the functions here use themselves

table: Array[u64, 2048] = Array()


def main() -> i64:
    """Count what is there, then fill it."""
    found: u64 = 0
    for place in range(u64(len(table))):
        if table[place] != 0:
            found += 1
        table[place] = SECRET
    for address in range(STACK, stack_pointer() - NEAR, 8):
        if load64(address) != 0:
            found += 1
        store64(address, SECRET)
    print(f"words found: {found}")
    return 0
