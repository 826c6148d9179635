"""What a program of the benchmarks calls at another node."""

from atoll.abi.types import Bytes, u64
from atoll.userland.runtime.interface import Interface

NAME = "/services/target"


class Target(Interface, messages=0x7100):
    """Calls that do nothing, and one that tells what the node has done."""

    def nothing(self) -> None:
        """The null call."""

    def take(self, data: Bytes) -> u64:
        """How many bytes came."""

    def busy(self) -> u64:
        """Nanoseconds that the node's CPU was not idle so far."""
