"""Virtual time in its three units: clock periods (the machine's own), nanoseconds, ticks of the 10 MHz time base."""

from dataclasses import dataclass

from atoll.abi import board as layout

SECOND = 1_000_000_000


@dataclass
class Clock:
    """Conversions at one clock rate; `offset` is what a guest added to the time base by writing `mtime`."""

    hertz: int
    offset: int = 0

    def nanoseconds(self, cycles: int) -> int:
        """When a time in clock periods is, rounded down."""
        return cycles * SECOND // self.hertz

    def cycles_at(self, nanoseconds: int) -> int:
        """The first clock period that is not before."""
        return -(-nanoseconds * self.hertz // SECOND)

    def ticks(self, cycles: int) -> int:
        """The time base (`mtime`, `rdtime`) then."""
        return (cycles * layout.TIMEBASE_HZ // self.hertz + self.offset) & (1 << 64) - 1

    def cycles_at_tick(self, tick: int, now: int) -> int | None:
        """The first clock period, from `now` on, at which the time base has reached `tick`; None if 500 years away."""
        if self.ticks(now) >= tick:
            return now
        ahead = tick - self.ticks(now)
        if ahead > layout.TIMEBASE_HZ * 60 * 60 * 24 * 365 * 500:
            return None
        bare = now * layout.TIMEBASE_HZ // self.hertz + ahead
        return -(-bare * self.hertz // layout.TIMEBASE_HZ)
