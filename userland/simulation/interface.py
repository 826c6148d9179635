"""Tally: counts, and says whose counts these are: what a simulation asks, to see whether a call was done once only."""

from atoll.abi.types import u64
from atoll.userland.runtime.interface import Interface, ServiceError, idempotent
from atoll.userland.runtime.messages import Gate


class NoSuchCounter(ServiceError):
    """There are as many counters as the interface says."""


COUNTERS = 16


class Tally(Interface, messages=0x2100, errors=(NoSuchCounter,)):
    """Counters by their numbers."""

    def add(self, counter: u64) -> tuple[u64, u64]:
        """Count one on: the new value, and the number that this tally was started with. Raises NoSuchCounter."""

    @idempotent
    def value(self, counter: u64) -> tuple[u64, u64]:
        """The value, and that number. Raises NoSuchCounter."""

    def bounce(self, gate: Gate) -> Gate:
        """The same gate back."""
