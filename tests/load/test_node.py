"""The load server on one node: what it sees, what it costs, and that it can be replaced and killed."""

from collections.abc import Iterator

import pytest

from atoll.benchmarks.experiments.overhead import overhead_of
from atoll.cluster.cluster import Cluster
from tests.load.support import figures_of

SECOND = 1_000_000_000
PERIOD = SECOND // 20


@pytest.fixture(scope="module")
def booted() -> Iterator[tuple[Cluster, bytes]]:
    """One node, and its state when it has been up for a moment."""
    with Cluster(seed=5) as cluster:
        cluster.run("true")
        yield cluster, cluster.save()


@pytest.fixture
def node(booted: tuple[Cluster, bytes]) -> Cluster:
    cluster, state = booted
    cluster.restore(state)
    return cluster


def figures(node: Cluster) -> dict[str, int]:
    """What the load server says of its node."""
    return figures_of(node)


def difference(before: dict[str, int], after: dict[str, int]) -> dict[str, int]:
    return {name: after[name] - before[name] for name in after}


def run(node: Cluster, line: str, status: int = 0) -> str:
    result = node.run(line)
    assert result.status == status, result.output
    return result.output.replace("\r\n", "\n")


def test_sampling_each_50_ms_costs_less_than_a_hundredth_of_the_cpu(node: Cluster) -> None:
    run(node, "spin 60000")
    before = overhead_of(node)
    run(node, "spin 1000000")
    cost = difference(before, overhead_of(node))
    assert cost["samples"] == pytest.approx(20, abs=2)
    assert cost["skipped"] <= 1
    assert cost["sampling_time"] < cost["since"] // 100
    assert cost["own_time"] < cost["since"] // 100


def test_an_idle_node_is_hardly_looked_at_and_its_statistics_are_complete(node: Cluster) -> None:
    before = overhead_of(node)
    node.advance(60)
    seen = difference(before, overhead_of(node))
    assert seen["samples"] < 60 / 1.6 + 8
    assert seen["samples"] + seen["skipped"] == pytest.approx(60 * 20, abs=33)
    assert figures(node)["mean_busy"] == 0
    assert seen["own_time"] < seen["since"] // 10_000


def test_a_busy_node_is_seen_as_one(node: Cluster) -> None:
    run(node, "spin 600000 &")
    node.advance(0.5)
    seen = figures(node)
    assert seen["active"] == 1
    assert seen["load"] == 100
    assert seen["busy"] > 90
    assert seen["idle"] == 0
    node.advance(0.4)
    seen = figures(node)
    assert (seen["active"], seen["load"], seen["idle"]) == (0, 0, 1)
    assert seen["busy"] < 60


def test_a_daemon_that_wakes_up_fools_the_second_index_and_not_the_third(node: Cluster) -> None:
    run(node, "spin -n 1000 -p 40000 2000 &")
    programs = figures(node)["programs"]
    node.advance(1)
    seen = []
    for _ in range(60):
        node.advance(0.003)
        seen.append(figures(node))
    assert programs >= 2
    assert max(each["active"] for each in seen) == 1
    assert max(each["busy"] for each in seen) <= 8
    run(node, "load index=cpu")
    node.advance(0.5)
    assert figures(node)["load"] <= 8
    run(node, "load index=programs")
    assert figures(node)["load"] >= 200


def test_programs_are_shown_with_their_shares(node: Cluster) -> None:
    run(node, "spin 300000 &")
    node.advance(0.2)
    lines = run(node, "load -p").splitlines()
    line = next(line for line in lines if line.endswith(" spin")).split()
    assert "active" in line
    assert int(line[-7]) > 80, "its share of the CPU over its life"


def test_a_programs_busiest_link_is_shown_when_a_statistic_is_complete(node: Cluster) -> None:
    run(node, "spin -n 1000 -p 40000 -t 10 1000 &")
    node.advance(10.1)
    line = next(line for line in run(node, "load -p").splitlines() if line.endswith(" spin")).split()
    sent, a_second = int(line[-4]), int(line[-5])
    assert 10 * 5 / 0.05 <= sent <= 10 * 10 / 0.04, "ten look-ups a turn, of 5 s at the least and of 10 at most"
    assert 10 / 0.05 <= a_second <= 15 / 0.04


@pytest.mark.parametrize(
    ("line", "status", "said"),
    [
        ("load index=cpu policy=probing busy=300 idle=100", 0, "index=CPU policy=PROBING busy=300 idle=100 probes=3"),
        ("load busy=10 idle=50", 1, "idle is to be below busy"),
        ("load policy=best", 1, "there is no such policy"),
        ("load index=moon", 1, "the indices are programs, active, cpu"),
        ("load speed=1", 1, "there is no such setting"),
        ("load busy=many", 1, "not a number"),
    ],
)
def test_settings(node: Cluster, line: str, status: int, said: str) -> None:
    assert said in run(node, line, status)


def test_a_swap_keeps_settings_and_a_crash_does_not_last(node: Cluster) -> None:
    run(node, "load policy=shortest busy=170")
    assert "version 1" in run(node, "swap load /lib/servers/load")
    assert "policy=SHORTEST busy=170" in run(node, "load probes=4")
    run(node, "spin 200000")
    assert figures(node)["busy"] > 0
    run(node, "kill load")
    assert "policy=HOME" in run(node, "load probes=4")


def test_the_log_says_what_happened(node: Cluster) -> None:
    run(node, "load policy=random")
    lines = run(node, "load -l").splitlines()
    assert lines[-1].endswith("policy: RANDOM")
