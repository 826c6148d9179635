"""What a run of a workload came to: throughput, response times, fairness, messages; and intervals over several runs."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields

TAIL = 0.95
# Student's t, two-sided 95 %, by degrees of freedom; beyond: the normal distribution's.
STUDENT = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131,
           2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042)
NORMAL = 1.960


@dataclass(frozen=True)
class Ended:
    """A job that has ended: microseconds."""

    home: int
    ran_on: int
    arrived: int
    ended: int
    need: int

    @property
    def response(self) -> int:
        return self.ended - self.arrived


@dataclass(frozen=True)
class Outcome:
    """One run. Times in milliseconds."""

    jobs: int
    throughput: float  # jobs a second
    mean_response: float
    tail_response: float  # 95 % are not longer
    fairness: float  # Jain's index of the users' speeds (need by response time): 1: all alike, 1/n: one has it all
    messages: float  # between nodes, for each job
    moved: float  # share of the jobs that ran elsewhere


FIGURES = tuple(field.name for field in fields(Outcome))


def outcome(jobs: Sequence[Ended], messages: int) -> Outcome:
    """The figures of a run."""
    if not jobs:
        raise ValueError("no job has ended")
    responses = sorted(job.response for job in jobs)
    elapsed = max(job.ended for job in jobs) - min(job.arrived for job in jobs)
    homes = sorted({job.home for job in jobs})
    speeds = [statistics.fmean(job.need / max(job.response, 1) for job in jobs if job.home == home) for home in homes]
    return Outcome(
        len(jobs),
        len(jobs) / max(elapsed, 1) * 1e6,
        statistics.fmean(responses) / 1000,
        responses[min(math.ceil(len(responses) * TAIL), len(responses)) - 1] / 1000,
        jain(speeds),
        messages / len(jobs),
        sum(job.home != job.ran_on for job in jobs) / len(jobs),
    )


def jain(values: Sequence[float]) -> float:
    """Jain's index of fairness (Jain, Chiu, Hawe 1984)."""
    squares = sum(value * value for value in values)
    return sum(values) ** 2 / (len(values) * squares) if squares > 0 else 1.0


@dataclass(frozen=True)
class Interval:
    """A mean over runs, and half of its 95 % confidence interval."""

    mean: float
    half: float

    @property
    def low(self) -> float:
        return self.mean - self.half

    @property
    def high(self) -> float:
        return self.mean + self.half


def interval(values: Sequence[float]) -> Interval:
    """Of runs with different seeds; of a single one the interval is not known, and infinite."""
    if len(values) < 2:
        return Interval(values[0], math.inf)
    degrees = len(values) - 1
    student = STUDENT[degrees - 1] if degrees <= len(STUDENT) else NORMAL
    return Interval(statistics.fmean(values), student * statistics.stdev(values) / math.sqrt(len(values)))


def intervals(outcomes: Sequence[Outcome]) -> dict[str, Interval]:
    """Each figure's."""
    rows = [asdict(one) for one in outcomes]
    return {name: interval([row[name] for row in rows]) for name in FIGURES}
