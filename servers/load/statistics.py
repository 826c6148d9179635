"""Means over 100 samples, and what a node has had lately. Nothing here knows where samples come from."""

from atoll.abi.types import u64
from atoll.servers.load.interface import HUNDRED

PERIOD = 50_000_000  # nanoseconds between two samples: Charlotte took one each 50 to 80 ms
SAMPLES = 100  # of one statistic: Charlotte's number
MEMORY = 4  # samples that `recent_busy` goes back, more or less
LONGEST = 32  # periods that pass at most until an idle node looks again


class Sample:
    """What was seen at one moment."""

    programs: u64
    active: u64
    busy: u64  # hundredths of the time since the sample before
    waiting: u64  # calls that wait for the network


class Window:
    """The samples of the current statistic, and the means of the last one that is complete."""

    count: u64
    total: Sample
    is_complete: bool
    mean: Sample  # hundredths
    fine_busy: u64  # of the last few samples, in hundredths of hundredths, so that rounding does not add up

    @property
    def recent_busy(self) -> u64:
        """How busy the last few samples were, the latest counting most; hundredths."""
        return (self.fine_busy + HUNDRED // 2) // HUNDRED

    def add(self, sample: Sample, times: u64) -> bool:
        """Enter a sample that stands for so many periods; whether a statistic has become complete."""
        completed = False
        left = min(times, SAMPLES)
        while left > 0:
            part = min(left, SAMPLES - self.count)
            self.count += part
            self.total.programs += sample.programs * part
            self.total.active += sample.active * part
            self.total.busy += sample.busy * part
            self.total.waiting += sample.waiting * part
            left -= part
            if self.count == SAMPLES:
                self.take_means(self.mean)
                self.is_complete = True
                completed = True
                self.count = 0
                self.total = Sample()
        for _ in range(min(times, LONGEST)):
            self.fine_busy = (self.fine_busy * (MEMORY - 1) + sample.busy * HUNDRED) // MEMORY
        return completed

    def take_means(self, into: Sample) -> None:
        """The means of what there is so far."""
        if self.count == 0:
            return
        into.programs = self.total.programs * HUNDRED // self.count
        into.active = self.total.active * HUNDRED // self.count
        into.busy = self.total.busy // self.count
        into.waiting = self.total.waiting * HUNDRED // self.count

    def means(self, into: Sample) -> None:
        """Of the last complete statistic; before there is one, of what there is."""
        if self.is_complete:
            into.programs, into.active = self.mean.programs, self.mean.active
            into.busy, into.waiting = self.mean.busy, self.mean.waiting
        else:
            self.take_means(into)


class Rhythm:
    """When to look next. A node where nothing runs is looked at less and less often, to at most each 1.6 s.

    That loses nothing: the kernel counts idle time without being looked at, so what was not sampled is known: a pause
    without work is entered as so many idle samples. A pause in which something ran is entered with its mean.
    """

    periods: u64  # from the last sample to the next
    last: u64  # when that was, nanoseconds

    def next_time(self) -> u64:
        """When to look."""
        return self.last + max(self.periods, 1) * PERIOD

    def sampled(self, now: u64, was_idle: bool) -> None:
        """A sample was taken."""
        self.last = now
        self.periods = min(max(self.periods, 1) * 2, LONGEST) if was_idle else 1

    def hurry(self) -> None:
        """Something has begun: the next sample comes one period from the last, or at once."""
        self.periods = 1

    def hurry_to(self, periods: u64) -> None:
        """The next sample comes after so many periods at most."""
        self.periods = min(self.periods, periods)


class Mood:
    """Idle or busy, with a threshold each: in between a node stays what it was, so that it does not announce itself
    at every sample.
    """

    is_busy: bool

    def would_change(self, load: u64, busy_above: u64, idle_below: u64) -> bool:
        """Whether that load, if it lasts, is another mood."""
        return load < idle_below if self.is_busy else load >= busy_above

    def update(self, load: u64, busy_above: u64, idle_below: u64) -> bool:
        """A new load; whether the node's mood has changed."""
        before = self.is_busy
        if load >= busy_above:
            self.is_busy = True
        elif load < idle_below:
            self.is_busy = False
        return before != self.is_busy
