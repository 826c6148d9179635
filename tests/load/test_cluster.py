"""Load servers of three nodes: announcements, late starters, nodes that are down, the registrar, programs that move."""

import re
from dataclasses import asdict

import pytest

from atoll.benchmarks.experiments.costs import measure
from atoll.benchmarks.experiments.model import Costs
from atoll.benchmarks.experiments.outcome import Outcome
from atoll.benchmarks.experiments.system import Runs
from atoll.benchmarks.experiments.workloads import Job
from atoll.cluster.cluster import Cluster
from atoll.cluster.services import SUPERVISOR
from atoll.servers.load.interface import Policy
from atoll.servers.supervisor.interface import Supervisor
from atoll.userland.runtime.interface import OutcomeUnknown
from tests.load.support import figures_of

SETTINGS = {"index": 1, "busy_above": 100, "idle_below": 50, "probes": 3, "announces": 1}
JOBS = [Job(2000 * number, 1, 30_000) for number in range(6)]
HEAD = 1  # lines of `load` before the nodes


def run(cluster: Cluster, line: str, node: str = "node1", status: int = 0) -> str:
    result = cluster.run(line, node=node)
    assert result.status == status, result.output
    return result.output.replace("\r\n", "\n")


def moods(cluster: Cluster, node: str = "node1") -> dict[int, str]:
    """What a node thinks of all, itself included."""
    lines = run(cluster, "load", node).splitlines()[HEAD:]
    return {int(line.split()[0]): line.split()[-1] for line in lines}


def messages(cluster: Cluster, node: str) -> int:
    """Messages to other nodes so far."""
    found = re.search(r"(\d+) messages to other nodes", run(cluster, "load -o", node))
    assert found is not None
    return int(found.group(1))


@pytest.mark.parametrize("node", ["node1", "node2", "node3"])
def test_all_know_all(nodes: Cluster, node: str) -> None:
    assert set(moods(nodes, node)) == {1, 2, 3}


def test_a_node_announces_that_it_is_busy_and_idle_again(nodes: Cluster) -> None:
    assert moods(nodes)[2] == "idle"
    run(nodes, "spin 200000 &", "node2")
    nodes.advance(0.1)
    assert moods(nodes)[2] == "busy"
    assert moods(nodes, "node3")[2] == "busy"
    nodes.advance(0.2)
    assert moods(nodes)[2] == "idle"


def test_a_command_that_is_over_at_once_is_not_announced(nodes: Cluster) -> None:
    before = messages(nodes, "node2")
    for _ in range(5):
        run(nodes, "true", "node2")
    assert messages(nodes, "node2") == before


def test_a_node_between_the_thresholds_says_nothing(nodes: Cluster) -> None:
    run(nodes, "load busy=200 idle=100", "node2")
    before = messages(nodes, "node2")
    run(nodes, "spin 100000 &", "node2")
    nodes.advance(0.2)
    assert messages(nodes, "node2") == before
    run(nodes, "spin 100000 & spin 100000 &", "node2")
    nodes.advance(0.05)
    assert messages(nodes, "node2") > before


def test_a_node_that_is_down_is_forgotten_and_one_that_starts_late_asks_everybody(nodes: Cluster) -> None:
    nodes.crash("node3")
    nodes.advance(5)
    assert set(moods(nodes)) == {1, 2}
    run(nodes, "spin 50000", "node2")  # announced to who is there
    run(nodes, "spin 20000000 &", "node2")
    nodes.advance(0.1)
    nodes.start("node3")
    nodes.wait_for("/services/shell", node="node3")
    nodes.advance(1)
    assert moods(nodes, "node3") == {3: "idle", 1: "idle", 2: "busy"}
    assert set(moods(nodes)) == {1, 2, 3}


@pytest.mark.parametrize("killed", ["node1", "node2"])
def test_announcements_go_on_after_a_network_server_has_died(nodes: Cluster, killed: str) -> None:
    """Whichever node's: its load server joins again, and the others find the way to it anew."""
    with pytest.raises(OutcomeUnknown):
        nodes.client(Supervisor, SUPERVISOR, killed).kill("network")
    nodes.advance(2)
    assert set(moods(nodes)) == set(moods(nodes, "node2")) == {1, 2, 3}
    run(nodes, "spin 200000 &", "node2")
    nodes.advance(0.1)
    assert moods(nodes)[2] == moods(nodes, "node3")[2] == "busy"
    assert "Ada" in run(nodes, "remote hello Ada", "node2")


def test_remote_runs_on_an_idle_station_in_ten_steps(nodes: Cluster) -> None:
    assert run(nodes, "remote -v hello Ada > /tmp/said; cat /tmp/said", "node2").startswith("on node")
    assert "Ada" in run(nodes, "cat /tmp/said", "node2")
    log = run(nodes, "load -l")
    steps = [int(step) for step in re.findall(r"registrar: (\d+)\.", log)]
    first = len(steps) - steps[::-1].index(2) - 1
    assert steps[first : first + 9] == [2, 3, 4, 5, 6, 7, 8, 9, 10], log
    assert 1 in steps[:first]


def test_remote_says_what_was_missing(nodes: Cluster) -> None:
    assert re.search(r"of \d idle stations \d lack memory, 0 speed", run(nodes, "remote -m 4000 hello", status=1))
    for node in ("node2", "node3"):
        run(nodes, "spin 9000000 &", node)
    nodes.advance(0.1)
    assert "no station is idle" in run(nodes, "remote hello", status=1)


def test_the_registrar_is_another_when_its_node_is_down(nodes: Cluster) -> None:
    nodes.crash("node1")
    nodes.advance(5)
    assert "Ada" in run(nodes, "remote hello Ada", "node2")
    assert "registrar: 10." in run(nodes, "load -l", "node2")


@pytest.fixture(scope="module")
def alone(runs: Runs) -> Outcome:
    """What comes of jobs of which none goes elsewhere."""
    return runs.run(JOBS, 3, Policy.HOME, SETTINGS, 1)


@pytest.mark.parametrize("policy", [Policy.PROBING, Policy.RECEIVER, Policy.ANNOUNCED, Policy.REGISTRAR])
def test_programs_of_a_busy_node_run_elsewhere(runs: Runs, alone: Outcome, policy: Policy) -> None:
    found = runs.run(JOBS, 3, policy, SETTINGS, 1)
    assert found.moved > 0
    assert alone.moved == 0
    assert found.mean_response < 0.9 * alone.mean_response


def bytes_sent(cluster: Cluster) -> int:
    """By all nodes so far."""
    links = cluster.engine.network.stats()["links"]
    return sum(counts["bytes"] for counts in links.values())


def talked(runs: Runs, policy: Policy) -> tuple[Outcome, int]:
    """What comes of two jobs that talk with their home all the time, and how many bytes the nodes have sent."""
    cluster = runs.begin(3)
    before = bytes_sent(cluster)
    jobs = [Job(2000 * number, 1, 10_000, talks=20_000) for number in range(2)]
    return runs.run_here(cluster, jobs, policy, SETTINGS), bytes_sent(cluster) - before


def test_those_who_talk_end_up_on_one_node_and_less_is_sent(runs: Runs) -> None:
    apart, far = talked(runs, Policy.LOCAL)
    together, near = talked(runs, Policy.TALKING)
    assert apart.moved > 0
    assert together.moved == 0
    assert near < far / 3
    assert together.mean_response < apart.mean_response


def test_calls_that_wait_for_the_network_are_among_the_figures(nodes: Cluster) -> None:
    run(nodes, "spin 60000 @node2")
    assert figures_of(nodes, "node2")["waiting_frames"] == 0
    run(nodes, "spin -t 4000 150000 @node2 &")
    nodes.advance(0.2)
    assert figures_of(nodes, "node2")["waiting_frames"] > 0


def test_the_policy_is_changed_and_the_server_replaced_while_jobs_wait_and_nothing_is_lost(
    runs: Runs, nodes: Cluster
) -> None:
    jobs = [Job(1000 * number, 1, 20_000) for number in range(8)]
    runs.prepare(nodes, jobs, Policy.RECEIVER, SETTINGS)
    runs.start(nodes)
    nodes.advance(0.03)
    assert "waits" in run(nodes, "load -l")
    assert "version 1" in run(nodes, "swap load /lib/servers/load")
    run(nodes, "load policy=probing")
    assert len(runs.finish(nodes, jobs)) == len(jobs)
    log = run(nodes, "load -l")
    assert "there is room now" in log
    assert "PROBING" in log


def test_the_models_costs_are_the_systems(nodes: Cluster) -> None:
    found, wanted = asdict(measure(nodes)), asdict(Costs())
    assert found == {name: pytest.approx(value, rel=0.25) for name, value in wanted.items()}
