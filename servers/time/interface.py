"""The time of day. (How long something takes is better measured with the kernel's clock, which never jumps.)"""

from dataclasses import dataclass

from atoll.abi.types import i64, u64
from atoll.userland.runtime.interface import Interface, idempotent


@dataclass
class ClockState:
    """How a clock is kept in step with the other nodes'."""

    reference: u64  # number of the node whose clock is followed, perhaps this one; 0: none yet
    settled: u64  # whether others may follow this one: 1 or 0
    follows: u64  # whether it is kept in step at all: 1 or 0
    offset: i64  # nanoseconds that the reference was ahead at the last look
    round_trip: u64  # nanoseconds that this look took
    rate: i64  # billionths by which time of day goes faster than the machine's own clock, as learnt
    corrections: u64  # since power-on
    steps: u64  # how often time has jumped forward since then


class Time(Interface, messages=0x0C00):
    """What a clock on the wall does. It is kept in step with the lowest-numbered node's that is up.

    Time of day never goes back, unless somebody sets it: errors are worked off by going slower or faster (a tenth at
    most). Only who is far behind jumps forward.
    """

    @idempotent
    def now(self) -> u64:
        """Nanoseconds since 1 January 1970, UTC."""

    @idempotent
    def set(self, now: u64) -> None:
        """It is that time now. In a cluster, to be told to the node that the others follow."""

    def adjust(self, nanoseconds: i64) -> None:
        """The clock is slow by so much (fast, if negative): it jumps."""

    @idempotent
    def sample(self) -> tuple[u64, bool]:
        """For other nodes' time servers: the time of day, and whether it is fit to be followed."""

    @idempotent
    def state(self) -> ClockState:
        """How the clock is kept in step."""

    @idempotent
    def follow(self, others: bool) -> None:
        """Whether it is kept in step with other nodes', as it is from the start."""
