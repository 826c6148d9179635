"""A program that reads the kernel's memory."""

from atoll.abi.raw import load64
from atoll.abi.types import u64

KERNEL = 0x8020_0000


def peek(address: u64) -> u64:
    """What is there."""
    return load64(address)


def main() -> None:
    """Try it."""
    print(f"found {peek(KERNEL)}")
