"""Keeping a clock in step with another: small errors are slewed away, so that time never goes back, and the rate is
learnt from what is left over each time.

After F. Cristian, "Probabilistic Clock Synchronization" (1989): the other's clock was read half a round trip ago, give
or take as much. The rate is learnt as by the frequency-locked loop of NTP (RFC 5905, section 11.3).
"""

from atoll.abi.types import i64, u64

SECOND = 1_000_000_000  # nanoseconds; also the unit of rates: billionths
SLEW_TIME = SECOND  # over which an error is worked off: the time between two looks at the other clock
FASTEST = 10  # the slew is at most one part of so many: a second of error takes ten
STEP_FROM = 128_000_000  # nanoseconds that we are behind: more is not waited for
MOST_RATE = 2_500_000  # billionths: two oscillators that are each 1000 ppm off, and some more
SHORTEST = SECOND // 5  # between two corrections from which the rate can be learnt
LONGEST = 30 * SECOND
AVERAGED = 8  # corrections that the rate is an average of, roughly
RENEWED = 2  # the same for a new reference, whose rate is another: it is learnt nearly anew
LATEST = 9_000_000_000 * SECOND  # what a signed time can say: the year 2255


class Discipline:
    """A clock's time of day, as a function of the machine's own clock; both in nanoseconds."""

    # ---- since the last change ----
    anchor: i64  # the machine's clock then
    time: i64  # the time of day then
    rate: i64  # billionths by which time of day goes faster than the machine's clock
    slew: i64  # billionths more, until `slew_end`
    slew_end: i64  # of the machine's clock

    # ---- what was learnt ----
    corrections: u64  # since power-on
    averaged: u64  # corrections that `rate` comes from; 0: none
    corrected: i64  # when the last one was
    steps: u64  # how often time has jumped forward

    def begin(self, clock: u64, time: u64) -> None:
        """It is that time."""
        self.anchor = i64(clock)
        self.time = i64(min(time, LATEST))
        self.slew = 0
        self.slew_end = self.anchor
        self.averaged = min(self.averaged, RENEWED)
        self.corrected = 0

    def at(self, clock: u64) -> i64:
        """The time of day when the machine's clock says so, the last change or later."""
        elapsed = i64(clock) - self.anchor
        slewed = max(min(i64(clock), self.slew_end) - self.anchor, 0)
        whole = elapsed // SECOND * self.rate + slewed // SECOND * self.slew
        part = elapsed % SECOND * self.rate + slewed % SECOND * self.slew
        return self.time + elapsed + whole + part // SECOND

    def shift(self, clock: u64, nanoseconds: i64) -> None:
        """Time jumps."""
        now = self.at(clock)
        change = min(max(nanoseconds, -LATEST), LATEST)
        self.begin(clock, u64(min(max(now + change, 0), LATEST)))

    def correct(self, clock: u64, offset: i64) -> None:
        """The other clock is so much ahead of ours (behind, if negative) now."""
        now, present = self.at(clock), i64(clock)
        if offset > STEP_FROM:
            self.begin(clock, u64(min(now + offset, LATEST)))
            self.steps += 1
        else:
            self.learn(present, offset - self.owed(present))
            self.anchor, self.time = present, now
            self.start_slew(offset)
        self.corrected = present
        self.corrections += 1

    def owed(self, clock: i64) -> i64:
        """What the slew that goes on has still to do."""
        left = max(self.slew_end - clock, 0)
        return left // SECOND * self.slew + left % SECOND * self.slew // SECOND

    def learn(self, clock: i64, error: i64) -> None:
        """Our time has gone wrong by so much since the last correction, for all we did: the rate is wrong."""
        interval = clock - self.corrected
        if self.corrected == 0 or interval < SHORTEST or interval > LONGEST:
            return
        if error < -STEP_FROM or error > STEP_FROM:
            return  # somebody has set one of the clocks
        self.averaged = min(self.averaged + 1, AVERAGED)
        rate = self.rate + error * SECOND // interval // i64(self.averaged)
        self.rate = min(max(rate, -MOST_RATE), MOST_RATE)

    def start_slew(self, offset: i64) -> None:
        """Work an error off: at the usual time, or as fast as may be."""
        size = offset if offset >= 0 else -offset
        if size <= SLEW_TIME // FASTEST:
            self.slew = offset * SECOND // SLEW_TIME
            self.slew_end = self.anchor + SLEW_TIME
        else:
            self.slew = SECOND // FASTEST if offset > 0 else -(SECOND // FASTEST)
            self.slew_end = self.anchor + size * FASTEST

    def follow_another(self) -> None:
        """From now on the corrections come from another clock."""
        self.averaged = min(self.averaged, RENEWED)
        self.corrected = 0
