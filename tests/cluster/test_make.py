"""make across nodes whose clocks drift: nothing is rebuilt needlessly, nothing is left stale."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from atoll.cluster.cluster import Cluster
from atoll.cluster.clusterfile import load
from atoll.cluster.transfer import put_file

SOURCE = "/nodes/node1/tmp"
RULES = f"""
prog: a.o b.o
  cat a.o b.o > prog
a.o: {SOURCE}/a.c
  cat {SOURCE}/a.c > a.o
b.o: {SOURCE}/b.c
  cat {SOURCE}/b.c > b.o
"""
A, B, PROG = f"cat {SOURCE}/a.c > a.o", f"cat {SOURCE}/b.c > b.o", "cat a.o b.o > prog"


@pytest.fixture
def cluster(repository: Path) -> Iterator[Cluster]:
    """Sources on node1's disk, rules on node3's; the clocks have drifted, and are kept together."""
    with Cluster(plan=load(repository / "images" / "clusters" / "drifting.toml"), seed=3) as cluster:
        for node in ("node1", "node2", "node3"):
            assert cluster.run("cd /tmp", node=node).status == 0
        assert cluster.run("echo a > a.c; echo b > b.c").status == 0
        cluster.node = cluster.find("node3")
        put_file(cluster, RULES.encode(), "/tmp/Makefile")
        cluster.node = cluster.find("node1")
        cluster.advance(30.0)
        yield cluster


def make(cluster: Cluster, node: str = "node3") -> list[str]:
    result = cluster.run("make", node=node)
    assert result.status == 0, result.output
    return result.output.splitlines()


def edit(cluster: Cluster, name: str, text: str) -> None:
    """From node2, on node1's disk."""
    assert cluster.run(f"echo {text} > {SOURCE}/{name}", node="node2").status == 0


def test_sources_here_edited_there_built_elsewhere(cluster: Cluster) -> None:
    """Targets on node3's disk: the times of two clocks are compared."""
    assert make(cluster) == [A, B, PROG]
    for turn in range(3):
        assert make(cluster) == ["prog is up to date"]
        edit(cluster, "a.c", f"a{turn}")
        assert make(cluster) == [A, PROG]                   # at once: the edit is not older than the last build
        cluster.advance(40.0 * turn)
        edit(cluster, "b.c", f"b{turn}")
        cluster.advance(0.02)
        assert make(cluster) == [B, PROG]
        assert cluster.run("cat prog", node="node3").output.split() == [f"a{turn}", f"b{turn}"]
    assert make(cluster) == ["prog is up to date"]


def test_everything_on_one_disk(cluster: Cluster) -> None:
    """Built by node3 in node1's directory: one clock stamps all files."""
    for node in ("node1", "node3"):
        assert cluster.run("cd /nodes/node1/tmp", node=node).status == 0
    put_file(cluster, RULES.replace(f"{SOURCE}/", "").encode(), "/tmp/Makefile")
    built = [line.replace(f"{SOURCE}/", "") for line in (A, B, PROG)]
    assert make(cluster) == built
    assert make(cluster, "node1") == ["prog is up to date"]
    edit(cluster, "b.c", "new")
    assert make(cluster) == built[1:]
    assert make(cluster) == make(cluster, "node1") == ["prog is up to date"]
