"""Time: what time it is in the world outside, as far as this node knows."""

from atoll.abi.types import u64
from atoll.userland.runtime.interface import Interface, ServiceError, idempotent

DEFAULT_EPOCH = 1_767_225_600  # seconds since 1970: 2026-01-01 00:00:00 UTC, when a machine is not told otherwise
SECOND = 1_000_000_000  # nanoseconds


class MayNotSet(ServiceError):
    """This gate may only read the clock."""


class Time(Interface, messages=0x0C00, errors=(MayNotSet,)):
    """The clock. Times are nanoseconds since 1970-01-01 00:00:00 UTC, without leap seconds."""

    @idempotent
    def now(self) -> u64:
        """What time it is."""

    @idempotent
    def uptime(self) -> u64:
        """Nanoseconds since the machine was switched on; nobody can set it."""

    def set(self, time: u64) -> None:
        """From now on it is that time. Raises MayNotSet."""
