"""The optimal assignment of jobs that are all known: which node each runs on, so that the last one ends soonest.

Branch and bound: the largest first, a branch is given up when it cannot beat the best so far; nodes that are alike
are tried once. The first branch is the rule of thumb "largest first, to who has least", which is at most a third worse
(Graham 1969).
"""

from atoll.abi.types import Array, u64

MOST_JOBS = 16
MOST_STATIONS = 8
MOST_STEPS = 2_000_000  # then the best so far is good enough; `is_proven` says whether it came to that


class Assignment:
    """Jobs, largest first, and where they go."""

    jobs: u64
    stations: u64
    need: Array[u64, MOST_JOBS]
    station: Array[u64, MOST_JOBS]  # of each job: the best assignment found
    end: u64  # when the last job ends with that

    # while it is being looked for
    trial: Array[u64, MOST_JOBS]
    load: Array[u64, MOST_STATIONS]
    steps: u64

    def solve(self) -> None:
        """Fill in `station` and `end` for the first `jobs` of `need`, which are put in order, largest first."""
        assert self.jobs <= MOST_JOBS and 0 < self.stations <= MOST_STATIONS, "too many jobs or stations"
        self.put_in_order()
        self.end = 1
        for place in range(self.jobs):
            self.end += self.need[place]
        for station in range(self.stations):
            self.load[station] = 0
        self.steps = 0
        self.try_from(0, 0)

    @property
    def is_proven(self) -> bool:
        """Whether every branch has been looked at."""
        return self.steps < MOST_STEPS

    def put_in_order(self) -> None:
        """Largest first."""
        for last in range(1, self.jobs):
            held = self.need[last]
            place = last
            while place > 0 and self.need[place - 1] < held:
                self.need[place] = self.need[place - 1]
                place -= 1
            self.need[place] = held

    def try_from(self, job: u64, latest: u64) -> None:
        """All ways to place this job and those behind it, when the others end at `latest`."""
        if latest >= self.end or self.steps >= MOST_STEPS:
            return
        self.steps += 1
        if job == self.jobs:
            self.end = latest
            for place in range(self.jobs):
                self.station[place] = self.trial[place]
            return
        done: u64 = 0  # stations that were tried
        for _ in range(self.stations):
            station = self.least(done)
            if self.is_new(station, done):
                self.load[station] += self.need[job]
                self.trial[job] = station
                self.try_from(job + 1, max(latest, self.load[station]))
                self.load[station] -= self.need[job]
            done = done | u64(1) << station

    def least(self, done: u64) -> u64:
        """The station with least that has not been tried."""
        best = self.stations
        for station in range(self.stations):
            if done >> station & 1 == 0 and (best == self.stations or self.load[station] < self.load[best]):
                best = station
        return best

    def is_new(self, station: u64, done: u64) -> bool:
        """Whether no station with as much was tried."""
        for other in range(self.stations):
            if done >> other & 1 == 1 and self.load[other] == self.load[station]:
                return False
        return True
