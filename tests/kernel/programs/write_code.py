"""A program that writes over its own code."""

from atoll.abi.raw import address_of, store32
from atoll.abi.types import noinline


@noinline
def victim() -> None:
    """What is overwritten."""
    print("untouched")


def main() -> None:
    """Code is not writable."""
    victim()
    store32(address_of(victim), 0)
