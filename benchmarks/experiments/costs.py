"""What load sharing costs on the system, measured on two idle nodes: the model's parameters (model.py: Costs)."""

from collections.abc import Callable
from dataclasses import dataclass

from atoll.benchmarks.experiments.model import Costs
from atoll.cluster.cluster import Cluster

CALLS = 100
TIMES = 3
SHORT = 10_000  # microseconds of CPU time of the programs that are measured


@dataclass(frozen=True)
class Spent:
    """Microseconds: elapsed, and of CPU time of the two nodes."""

    elapsed: float
    own: float
    other: float

    def __sub__(self, less: "Spent") -> "Spent":
        return Spent(self.elapsed - less.elapsed, self.own - less.own, self.other - less.other)

    def over(self, count: int) -> "Spent":
        """For each of so many."""
        return Spent(self.elapsed / count, self.own / count, self.other / count)


def measure(cluster: Cluster) -> Costs:
    """On a cluster of two nodes or more, of which the first two are idle, with the names that they have as a rule."""
    first, second = (node.name for node in cluster.nodes[:2])

    def run(line: str) -> Callable[[], None]:
        def once() -> None:
            result = cluster.run(line, node=first)
            assert result.status == 0, result.output

        return once

    here = spent(cluster, run(f"spin {SHORT}"))
    there = spent(cluster, run(f"spin {SHORT} @{second}"))
    talking_here = (spent(cluster, run(f"spin -t {CALLS} {SHORT}")) - here).over(CALLS)
    talking_there = (spent(cluster, run(f"spin -t {CALLS} {SHORT} @{second}")) - there).over(CALLS)
    sending = there - here
    # a program's own CPU time is at home in the one case and elsewhere in the other
    return Costs(
        asking=round(talking_there.elapsed),
        sending=round(sending.elapsed),
        work=round((sending.own + SHORT + sending.other - SHORT) / 2),
        answering=round(talking_there.own),
        remote_message=round(talking_there.own + talking_there.other - talking_here.own),
        news=round(talking_there.elapsed / 2),
    )


def spent(cluster: Cluster, action: Callable[[], None]) -> Spent:
    """What an action takes, the mean of a few after a first one, which fills caches."""
    action()
    before = reading(cluster)
    for _ in range(TIMES):
        action()
    return (reading(cluster) - before).over(TIMES)


def reading(cluster: Cluster) -> Spent:
    """All that was spent since the start."""
    own, other = ((node.board.time_ns - node.board.idle_ns) / 1000 for node in cluster.nodes[:2])
    return Spent(cluster.time_ns / 1000, own, other)
