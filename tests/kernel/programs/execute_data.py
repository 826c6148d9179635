"""A program that jumps into its own data."""

from atoll.abi.raw import address_of
from atoll.abi.riscv import a0, jr
from atoll.abi.types import Array, assembly, export, u32, u64

code: Array[u32, 2] = Array((0x0000_0013, 0x0000_8067))  # nop, ret


@assembly
@export("jump_to")
def jump_to(address: u64) -> None:
    """Go there."""
    jr(a0)


def main() -> None:
    """Data is not executable."""
    print("jumping")
    jump_to(address_of(code))
    print("never printed")
