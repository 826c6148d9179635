"""A service that costs nothing itself: what its stubs cost is all there is to count."""

from atoll.abi.types import u64
from atoll.userland.runtime.interface import Interface


class Adding(Interface, messages=0x1200):
    """Sums."""

    def add(self, a: u64, b: u64) -> u64:
        """The sum."""


class AddingServer(Adding):
    """Computes it."""

    def add(self, a: u64, b: u64) -> u64:
        return a + b
