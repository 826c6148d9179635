"""Workloads of the load experiment: who starts what, when, and how much CPU time it takes; all of it from a seed.

A load level is the share of all CPUs' time that the jobs need: at 0.9 every node gets, from its own users, work for
90 % of its time; uneven ones have more on some nodes than a node can do.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

MICRO = 1e6  # microseconds in a second
MEAN_NEED = 0.02  # seconds of CPU time of a job, the mean
SHORT, LONG, LONG_SHARE = 0.01, 0.11, 0.1  # of a mixed workload: most are short, half of the work is long
TALKS = 400  # messages per second of CPU time of one of a talking pair
BURST = 6  # compilations that a pmake starts at once
COMPILATION = 0.02  # seconds, the mean of each
BUSY_SHARE, BUSY_NODES = 0.8, 0.5  # of an uneven workload: most of the work comes from half of the nodes
DAEMON_PERIOD, DAEMON_NEED = 0.05, 0.001  # seconds


@dataclass(frozen=True)
class Job:
    """A program that somebody starts; times in microseconds."""

    at: int
    node: int  # where, from 1
    need: int  # CPU time
    talks: int = 0  # messages per second with a partner, who is on the same node
    is_daemon: bool = False  # runs again and again, for ever; not counted


Workload = Callable[[random.Random, int, float, float], Iterator[Job]]


def poisson(draw: random.Random, node: int, rate: float, seconds: float, need: Callable[[], float]) -> Iterator[Job]:
    """Jobs of one node that arrive independently, `rate` a second."""
    now = draw.expovariate(rate)
    while now < seconds:
        yield Job(round(now * MICRO), node, max(round(need() * MICRO), 100))
        now += draw.expovariate(rate)


def cpu(draw: random.Random, nodes: int, load: float, seconds: float) -> Iterator[Job]:
    """CPU-bound jobs, exponential needs, the same on every node."""
    for node in range(1, nodes + 1):
        yield from poisson(draw, node, load / MEAN_NEED, seconds, lambda: draw.expovariate(1 / MEAN_NEED))


def mixed(draw: random.Random, nodes: int, load: float, seconds: float) -> Iterator[Job]:
    """Many short jobs and a few long ones."""

    def need() -> float:
        return draw.expovariate(1 / (LONG if draw.random() < LONG_SHARE else SHORT))

    mean = LONG * LONG_SHARE + SHORT * (1 - LONG_SHARE)
    for node in range(1, nodes + 1):
        yield from poisson(draw, node, load / mean, seconds, need)


def uneven(draw: random.Random, nodes: int, load: float, seconds: float) -> Iterator[Job]:
    """Most of the work comes from half of the nodes."""
    busy = max(round(nodes * BUSY_NODES), 1)
    for node in range(1, nodes + 1):
        share = BUSY_SHARE / busy if node <= busy else (1 - BUSY_SHARE) / max(nodes - busy, 1)
        rate = load * nodes * share / MEAN_NEED
        yield from poisson(draw, node, rate, seconds, lambda: draw.expovariate(1 / MEAN_NEED))


def talking(draw: random.Random, nodes: int, load: float, seconds: float) -> Iterator[Job]:
    """As `cpu`; half of the jobs talk all the time with a partner at home."""
    for job in cpu(draw, nodes, load, seconds):
        yield Job(job.at, job.node, job.need, TALKS if draw.random() < 0.5 else 0)


def pmake(draw: random.Random, nodes: int, load: float, seconds: float) -> Iterator[Job]:
    """Several compilations at once, then nothing for a while."""
    for node in range(1, nodes + 1):
        for burst in poisson(draw, node, load / (BURST * COMPILATION), seconds, lambda: 0.0):
            for _ in range(BURST):
                yield Job(burst.at, node, max(round(draw.expovariate(1 / COMPILATION) * MICRO), 100))


def daemons(draw: random.Random, nodes: int, load: float, seconds: float) -> Iterator[Job]:
    """As `cpu`, and on every node three daemons that wake up all the time and use next to nothing."""
    yield from cpu(draw, nodes, load, seconds)
    for node in range(1, nodes + 1):
        for number in range(3):
            yield Job(1000 * number, node, round(DAEMON_NEED * MICRO), is_daemon=True)


WORKLOADS: dict[str, Workload] = {
    "cpu": cpu, "mixed": mixed, "uneven": uneven, "talking": talking, "pmake": pmake, "daemons": daemons,
}  # fmt: skip


def jobs_of(name: str, nodes: int, load: float, seconds: float, seed: int, stretch: float = 1.0) -> list[Job]:
    """The jobs of a workload in the order of their arrival; the same for every policy.

    `stretch`: they need so many times as much, and come so many times as seldom. Daemons stay what they are.
    """
    draw = random.Random(f"{name} {nodes} {load} {seed}")
    drawn = WORKLOADS[name](draw, nodes, load, seconds / stretch)
    jobs = [job if job.is_daemon else stretched(job, stretch) for job in drawn]
    return sorted(jobs, key=lambda job: (job.at, job.node))


def stretched(job: Job, stretch: float) -> Job:
    """A longer job, later."""
    return replace(job, at=round(job.at * stretch), need=round(job.need * stretch))
