"""The time of day. (How long something takes is better measured with the kernel's clock, which never jumps.)"""

from atoll.abi.types import i64, u64
from atoll.userland.runtime.interface import Interface, idempotent


class Time(Interface, messages=0x0C00):
    """What a clock on the wall does."""

    @idempotent
    def now(self) -> u64:
        """Nanoseconds since 1 January 1970, UTC."""

    @idempotent
    def set(self, now: u64) -> None:
        """It is that time now."""

    def adjust(self, nanoseconds: i64) -> None:
        """The clock is slow by so much (fast, if negative): it jumps."""
