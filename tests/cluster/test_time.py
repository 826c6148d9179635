"""Time of day on drifting nodes: within a millisecond of each other, whoever leads, and it never goes back."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from atoll.cluster.cluster import Cluster
from atoll.cluster.clusterfile import load
from atoll.servers.time.interface import Time

BOUND = 1_000_000  # nanoseconds between any two nodes, as docs/clusters.md says
TIME = "/services/time"
STATE = struct.Struct("<QQQqQqQQ")
MICROSECOND = 1_000
NODES = ("node1", "node2", "node3")
DRIFTS = (200, -200, 50)  # ppm, as in the file


@dataclass(frozen=True)
class State:
    """A ClockState."""

    reference: int
    settled: int
    follows: int
    offset: int
    round_trip: int
    rate: int
    corrections: int
    steps: int


def client(cluster: Cluster, node: str) -> Time:
    return cluster.client(Time, TIME, node)


def state(cluster: Cluster, node: str) -> State:
    data: bytes = client(cluster, node).state()  # type: ignore[assignment]
    return State(*STATE.unpack(data))


class Watch:
    """Reads clocks through the host and checks that each never goes back."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.last: dict[str, int] = {}

    def ahead(self, node: str) -> int:
        """How far a node's time of day is ahead of true time: known to half of the call's round trip, 20 us."""
        before = self.cluster.time_ns
        now = int(client(self.cluster, node).now())
        assert now > self.last.get(node, 0)
        self.last[node] = now
        return now - (before + self.cluster.time_ns) // 2

    def spread(self, *nodes: str) -> int:
        """The largest difference between any two."""
        ahead = [self.ahead(node) for node in nodes or NODES]
        return max(ahead) - min(ahead)

    def worst(self, seconds: float, *nodes: str, steps: int = 20) -> int:
        """The largest spread while time passes."""
        worst = 0
        for _ in range(steps):
            self.cluster.advance(seconds / steps)
            worst = max(worst, self.spread(*nodes))
        return worst


@pytest.fixture(scope="module")
def saved(repository: Path) -> tuple[Cluster, bytes]:
    """The cluster of drifting nodes, ten seconds after it was switched on, and its state then."""
    cluster = Cluster(plan=load(repository / "images" / "clusters" / "drifting.toml"), seed=3)
    cluster.start()
    for node in NODES:
        cluster.wait_for(TIME, node=node)
    watch = Watch(cluster)
    assert watch.worst(10, steps=40) < BOUND  # from the very start
    return cluster, cluster.save()


@pytest.fixture
def cluster(saved: tuple[Cluster, bytes]) -> Iterator[Cluster]:
    cluster, state = saved
    cluster.restore(state)
    yield cluster
    cluster.engine.close()


def test_drifting_clocks_stay_within_the_bound(cluster: Cluster) -> None:
    watch = Watch(cluster)
    assert watch.worst(120) < 10 * MICROSECOND + 2 * 40 * MICROSECOND
    for node, drift in zip(NODES, DRIFTS, strict=True):
        seen = state(cluster, node)
        assert (seen.reference, seen.settled, seen.steps) == (1, 1, 0)
        assert abs(seen.rate - 1000 * (DRIFTS[0] - drift)) < 500  # billionths
    # Everybody follows node1, which is fast.
    assert abs(watch.ahead("node3") - watch.ahead("node1")) < BOUND
    begin, before = cluster.time_ns, watch.ahead("node2")
    cluster.advance(10.0)
    assert abs(watch.ahead("node2") - before - (cluster.time_ns - begin) * 200 // 1_000_000) < 20 * MICROSECOND


def test_without_the_discipline_the_bound_breaks(cluster: Cluster) -> None:
    """By what each has learnt they would go on for long: a node that learns nothing does not."""
    cluster.start("node2")
    cluster.wait_for(TIME, node="node2")
    client(cluster, "node2").follow(False)
    watch = Watch(cluster)
    cluster.advance(20.0)
    assert state(cluster, "node2").follows == 0
    assert watch.spread() > 4 * BOUND
    client(cluster, "node2").follow(True)
    cluster.advance(5.0)
    assert watch.worst(10) < BOUND


def test_the_next_takes_over_without_a_jump_and_the_first_comes_back_as_a_learner(cluster: Cluster) -> None:
    watch = Watch(cluster)
    watch.spread()
    cluster.crash("node1")
    cluster.monitor("node node2")
    assert watch.worst(30, "node2", "node3") < BOUND
    assert [state(cluster, node).reference for node in NODES[1:]] == [2, 2]
    # They still go as fast as node1 did.
    begin, before = cluster.time_ns, watch.ahead("node3")
    cluster.advance(60.0)
    assert abs(watch.ahead("node3") - before - (cluster.time_ns - begin) * 200 // 1_000_000) < BOUND
    cluster.start("node1")
    cluster.wait_for(TIME, node="node1")
    client(cluster, "node1").adjust(-5_000_000_000)
    del watch.last["node1"]
    assert watch.worst(15, "node2", "node3") < BOUND
    assert watch.worst(15) < BOUND
    assert [state(cluster, node).reference for node in NODES] == [1, 1, 1]
    assert state(cluster, "node1").steps == 1


def test_islands_go_on_alone_and_find_each_other_again(cluster: Cluster) -> None:
    watch = Watch(cluster)
    for other in NODES[:2]:
        cluster.monitor(f"cut node3 {other}")
    cluster.advance(10.0)
    assert [state(cluster, node).reference for node in NODES] == [1, 1, 3]
    client(cluster, "node3").adjust(50_000_000)  # as a day alone would make it
    assert watch.worst(20, "node1", "node2") < BOUND
    assert watch.spread() > 40 * BOUND
    cluster.monitor("heal")
    cluster.advance(10.0)
    assert watch.worst(10) < BOUND
    assert [state(cluster, node).reference for node in NODES] == [1, 1, 1]


def test_a_swap_of_the_time_server_keeps_what_it_knows(cluster: Cluster) -> None:
    watch = Watch(cluster)
    watch.spread()
    rate = state(cluster, "node3").rate
    cluster.monitor("node node3")
    assert cluster.monitor("swap time servers/time/main.py") == ""
    assert abs(state(cluster, "node3").rate - rate) < 100
    assert watch.worst(10) < BOUND


def test_a_time_server_that_dies_learns_again(cluster: Cluster) -> None:
    cluster.advance(30.0)
    corrections = state(cluster, "node2").corrections
    assert cluster.run("kill time", node="node2").status == 0
    cluster.wait_for(TIME, node="node2")
    watch = Watch(cluster)
    assert watch.spread() > 10 * BOUND  # it has lost what it knew: 400 ppm for 40 s
    cluster.advance(10.0)
    assert watch.worst(10) < BOUND
    assert 0 < state(cluster, "node2").corrections < corrections
