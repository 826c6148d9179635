"""Virtual time in its three units: clock periods (the machine's own), nanoseconds, ticks of the 10 MHz time base.

Periods and ticks come from one oscillator, and they are all that the machine knows of time. If its oscillator runs fast
or slow, only the outside sees it: a period is a little shorter or longer in nanoseconds, which are true.
"""

from dataclasses import dataclass, field

from atoll.abi import board as layout

SECOND = 1_000_000_000
MILLION = 1_000_000


@dataclass
class Clock:
    """Conversions at one clock rate; `offset` is what a guest added to the time base by writing `mtime`.

    drift: by how many millionths the oscillator is faster than `hertz`. All is exact: fractions of whole numbers.
    """

    hertz: int
    offset: int = 0
    drift: int = 0
    _periods: int = field(init=False)  # in `_span` nanoseconds
    _span: int = field(init=False)

    def __post_init__(self) -> None:
        self._periods = self.hertz * (MILLION + self.drift)
        self._span = SECOND * MILLION

    def nanoseconds(self, cycles: int) -> int:
        """When a time in clock periods is, rounded down."""
        return cycles * self._span // self._periods

    def cycles_at(self, nanoseconds: int) -> int:
        """The first clock period that is not before."""
        return -(-nanoseconds * self._periods // self._span)

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
