"""Programs that run and are moved by the load servers of three nodes: guests when the owner is back, others if it pays;
and a node short of memory, which gets nothing.
"""

import re
import struct
from pathlib import Path
from typing import Any

import pytest

from atoll.benchmarks.experiments.system import Runs
from atoll.benchmarks.experiments.workloads import Job
from atoll.cluster.cluster import Cluster
from atoll.cluster.transfer import put_file
from atoll.compiler.cache import Cache
from atoll.compiler.driver import compile_file
from atoll.servers.load.interface import Load, NoWay, Policy
from atoll.servers.memory.interface import MemoryManager
from tests.load.support import figures_of

LOAD = "/services/load"
PROGRAMS = Path(__file__).parent / "programs"
PAGE, MEBIBYTE = 4096, 1 << 20
SETTINGS = {"index": 1, "busy_above": 100, "idle_below": 50, "probes": 3, "announces": 1}


def run(cluster: Cluster, line: str, node: str = "node1", status: int = 0) -> str:
    result = cluster.run(line, node=node)
    assert result.status == status, result.output
    return result.output.replace("\r\n", "\n")


def places(cluster: Cluster, name: str) -> list[str]:
    """On which nodes programs of that name run."""
    rows = [line.split() for line in re.sub(r" \(needs .*\)", "", run(cluster, "ps")).splitlines()[1:]]
    return sorted(row[0] for row in rows if row and row[-1] == name and "moved" not in row)


# ---- the owner ----


def test_guests_go_home_when_the_owner_is_back_and_lose_nothing(nodes: Cluster) -> None:
    run(nodes, "spin 600000 @node1 &", "node2")
    nodes.advance(0.2)
    assert "node1" in places(nodes, "spin")
    nodes.client(Load, LOAD, "node1").owner_back()
    nodes.advance(0.1)
    assert "node1" not in places(nodes, "spin"), run(nodes, "load -l")
    assert re.search(r"program \d+ \(spin\) of node 2 has to leave", run(nodes, "load -l"))
    run(nodes, "wait %1", "node2")  # it ends well, after all its work
    assert places(nodes, "spin") == []


def test_guests_go_elsewhere_when_their_home_does_not_take_them(nodes: Cluster) -> None:
    load = nodes.client(Load, LOAD, "node1")
    assert load.refuge(2, 0) == 2
    assert load.refuge(2, 1 << 2) == 3
    with pytest.raises(NoWay, match="no other node"):
        load.refuge(2, 1 << 2 | 1 << 3)


def test_nobody_comes_while_the_owner_is_there(nodes: Cluster) -> None:
    nodes.client(Load, LOAD, "node2").owner_back()
    nodes.advance(0.1)
    assert "on node3" in run(nodes, "remote -v hello")
    run(nodes, "spin 400000 &", "node3")
    nodes.advance(0.1)
    assert "no station is idle" in run(nodes, "remote hello", status=1)
    nodes.advance(31)
    assert "the owner is away again" in run(nodes, "load -l", "node2")
    run(nodes, "spin 400000 &", "node3")
    nodes.advance(0.1)
    assert "on node2" in run(nodes, "remote -v hello")


# ---- what pays ----


def test_programs_move_when_it_pays_and_then_rest(nodes: Cluster) -> None:
    run(nodes, "load moves=1")
    run(nodes, "spin 1200000 & spin 1200000 & spin 1200000 &")
    nodes.advance(1.4)
    log = run(nodes, "load -l")
    assert re.search(r"program \d+ moves to node [23]: \d+ ms left, cost \d+ ms; load 0 there", log), log
    assert places(nodes, "spin") == ["node1", "node2", "node3"], log
    assert len(re.findall(r"moves to node", log)) == 2, "and it is quiet then"
    run(nodes, "wait %1 && wait %2 && wait %3")


def test_what_is_soon_over_stays(nodes: Cluster) -> None:
    run(nodes, "load moves=1")
    run(nodes, "spin 15000 & spin 15000 & spin 15000 &")
    nodes.advance(0.3)
    assert "moves to" not in run(nodes, "load -l")


# ---- memory ----


def time_of(cluster: Cluster, line: str) -> int:
    """Nanoseconds that a line takes on node 1."""
    before = cluster.time_ns
    run(cluster, line)
    return cluster.time_ns - before


def memory_of(cluster: Cluster) -> tuple[int, int]:
    """Frames that node 1's pool has, and that it says it can come to have."""
    told: Any = cluster.client(MemoryManager, "/services/memory", "node1").totals()
    words = struct.unpack("<9Q", told)
    return words[0], words[-1]


def places_of_jobs(runs: Runs, cluster: Cluster, policy: Policy) -> set[int]:
    """Where jobs of node 2 run."""
    jobs = [Job(1000 * number, 2, 20_000) for number in range(4)]
    runs.prepare(cluster, jobs, policy, SETTINGS)
    runs.start(cluster)
    return {job.ran_on for job in runs.finish(cluster, jobs)}


def test_a_node_that_writes_out_pages_is_slow_and_gets_nothing(runs: Runs, nodes: Cluster) -> None:
    put_file(nodes, compile_file(PROGRAMS / "hog.py", "program", cache=Cache()), "/bin/hog")
    _, limit = memory_of(nodes)
    fits, more = limit * PAGE // MEBIBYTE - 1, limit * PAGE // MEBIBYTE + 6
    quick = time_of(nodes, f"hog {fits} 1")
    assert figures_of(nodes, "node1")["page_outs"] == 0
    assert time_of(nodes, f"hog {more} 1") / more > 1.5 * quick / fits
    assert figures_of(nodes, "node1")["page_outs"] > 0
    frames, limit_then = memory_of(nodes)
    assert frames == limit_then == pytest.approx(limit, rel=0.01)
    assert 1 in places_of_jobs(runs, nodes, Policy.LOCAL)
    assert 1 not in places_of_jobs(runs, nodes, Policy.MEMORY)
