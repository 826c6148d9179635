"""Where a program runs: on several nodes at once, beside its data, on slow and fast nodes; all in virtual time."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from atoll.cluster.cluster import Cluster
from atoll.cluster.clusterfile import load
from atoll.net.wire import Medium

THIN = Medium(10_000_000, 50_000)  # 10 Mb/s
BIG = "/tmp/big"
LIMIT, PRIMES = 1_000_000, "78498"


def timed(cluster: Cluster, line: str, node: str = "node1") -> tuple[str, float]:
    """What a line prints, and how long it takes, in seconds."""
    begin = cluster.time_ns
    result = cluster.run(line, node=node)
    assert result.status == 0, result.output
    return result.output, (cluster.time_ns - begin) / 1e9


@pytest.fixture(scope="module")
def four() -> Iterator[Cluster]:
    with Cluster(nodes=4, seed=2) as cluster:
        cluster.run("true")
        cluster.advance(2.0)
        yield cluster


def test_four_nodes_count_nearly_four_times_as_fast(four: Cluster) -> None:
    times = {}
    for nodes in ([], ["node1"], ["node1", "node2"], ["node1", "node2", "node3", "node4"]):
        output, times[len(nodes)] = timed(four, f"primes {LIMIT} {' '.join(nodes)}")
        assert output.strip() == PRIMES
    speed_up = {count: times[0] / taken for count, taken in times.items()}
    assert 0.9 < speed_up[1] <= 1.01
    assert 1.8 < speed_up[2] <= 2.02
    assert 3.2 < speed_up[4] <= 4.02, speed_up


def test_a_worker_that_is_lost_is_told(four: Cluster) -> None:
    result = four.run(f"primes {LIMIT} node2 node9")
    assert result.status == 1 and result.output.startswith("primes: node9: ")


@pytest.fixture
def thin() -> Iterator[Cluster]:
    """Two nodes at links of 10 Mb/s, and a file on the second."""
    with Cluster(nodes=2, seed=2, medium=THIN) as cluster:
        assert cluster.run("cat /bin/shell /bin/edit /bin/shell /bin/edit > /tmp/big", node="node2").status == 0
        cluster.run("true")
        cluster.advance(2.0)
        yield cluster


def frames(cluster: Cluster) -> int:
    """How many have gone over node1's link so far."""
    return int(cluster.stats()["network"]["links"]["node1-switch1"]["frames"])


def test_a_program_beside_its_data_saves_the_wire(thin: Cluster) -> None:
    """A file read over the wire, against our program brought to it, and the other node's own."""
    size = int(timed(thin, f"wc -c {BIG}", "node2")[0].split()[0])
    before = frames(thin)
    reading, seconds = timed(thin, f"wc /nodes/node2{BIG}")
    between = frames(thin)
    theirs, beside = timed(thin, f"at node2 wc {BIG}")
    after = frames(thin)
    brought, moving = timed(thin, f"wc /nodes/node2{BIG} @node2")
    assert brought == reading and beside < seconds / 10 and moving < seconds / 2
    assert reading.split()[:3] == theirs.split()[:3] and reading.split()[2] == str(size)
    wire = size * 8 / 10_000_000
    assert size > 300_000 and wire < seconds < 1.5 * wire
    assert between - before > size // 1500 and after - between < (between - before) // 5


def test_a_slow_node_computes_the_same_in_proportion(repository: Path) -> None:
    plan = load(repository / "images" / "clusters" / "slow-and-fast.toml")
    with Cluster(plan=replace(plan, nodes=tuple(replace(node, memory=128) for node in plan.nodes)), seed=2) as cluster:
        times = {}
        for node in ("node1", "node2", "node3"):
            cluster.run("true", node=node)
            output, times[node] = timed(cluster, "primes 200000", node)
            assert output.strip() == "17984"
        assert 9 < times["node2"] / times["node1"] < 11  # 100 MHz and 1000: what goes on besides weighs more
        assert 4.5 < times["node3"] / times["node1"] <= 5.5  # 200 MHz, behind a line of 2 ms
