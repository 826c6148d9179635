"""Entropy: bytes that nobody can guess, or on the emulated board: that the run's seed determines."""

from atoll.abi.types import Slice, u8, u64
from atoll.userland.runtime.interface import Interface, ServiceError, idempotent

MAX_FILL = 4096  # bytes of one call


class NoEntropy(ServiceError):
    """The device gives no random bytes."""


class Entropy(Interface, messages=0x0D00, errors=(NoEntropy,)):
    """What a source of random bytes does."""

    @idempotent
    def fill(self, into: Slice[u8]) -> u64:
        """Fill a buffer with random bytes: how many, at most MAX_FILL. Raises NoEntropy."""
