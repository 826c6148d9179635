"""Names of all nodes from each, and the cluster's names through crashes, restarts and a partition: three nodes."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from atoll.cluster.cluster import Cluster
from atoll.cluster.transfer import put_file
from atoll.compiler.cache import Cache
from atoll.compiler.driver import compile_file
from atoll.servers.directory.interface import Directory
from atoll.servers.supervisor.interface import Supervisor
from atoll.userland.runtime.interface import OutcomeUnknown

NODES = ("node1", "node2", "node3")
NOTICED = 4.5  # seconds until a node that is gone is declared so, and its names are
KEEP = Path(__file__).parent / "programs" / "keep.py"


@pytest.fixture(scope="module")
def booted(cache: Cache) -> tuple[Cluster, bytes]:
    """Three nodes with the test program, on the first and copied by it to the others, and their state."""
    cluster = Cluster(nodes=3, seed=4)
    cluster.start()
    for node in NODES:
        cluster.run("true", node=node)
    put_file(cluster, compile_file(KEEP, "program", cache=cache), "/bin/keep")
    for node in NODES[1:]:
        assert cluster.run(f"cp /bin/keep /nodes/{node}/bin/keep").status == 0
    return cluster, cluster.save()


@pytest.fixture
def nodes(booted: tuple[Cluster, bytes]) -> Iterator[Cluster]:
    """The nodes as they were then."""
    cluster, state = booted
    cluster.restore(state)
    yield cluster


def output(cluster: Cluster, line: str, node: str = "node1") -> str:
    result = cluster.run(line, node=node)
    assert result.status == 0, result.output
    return result.output.replace("\r\n", "\n")


def names(cluster: Cluster, node: str) -> set[str]:
    """The cluster's names, as a node knows them."""
    return {line.split()[-1] for line in output(cluster, "names /cluster", node).splitlines()}


def keep(cluster: Cluster, node: str, *wanted: str) -> None:
    """Names that a program of a node registers and keeps."""
    output(cluster, f"keep 1000 {' '.join(wanted)} &", node)
    cluster.advance(0.05)


def test_every_node_sees_every_other(nodes: Cluster) -> None:
    for node in NODES:
        assert output(nodes, "ls /nodes", node).split() == list(NODES)
        for other in NODES:
            assert "Welcome" in output(nodes, f"cat /nodes/{other}/etc/motd", node)
            assert f"/nodes/{other}/services/time" in output(nodes, f"names /nodes/{other}/services", node)
    rows = output(nodes, "nodes").splitlines()[1:]
    assert [(row.split()[1], row.split()[-1]) for row in rows] == [("up", node) for node in NODES]


def test_files_go_from_node_to_node(nodes: Cluster) -> None:
    output(nodes, "echo text > /nodes/node2/tmp/a; cp /nodes/node2/tmp/a /nodes/node3/tmp/a; rm /nodes/node2/tmp/a")
    output(nodes, "mv /nodes/node3/tmp/a /tmp/b")
    assert output(nodes, "ls /nodes/node2/tmp /nodes/node3/tmp; cat /tmp/b") == (
        "/nodes/node2/tmp:\n/nodes/node3/tmp:\ntext\n"
    )
    assert output(nodes, "cd /nodes/node1/tmp; cat b; cd /nodes/node2/etc; echo *; cd /") == "text\nmotd\n"
    assert nodes.run("mv /tmp /nodes/node2/tmp/x").output.replace("\r", "") == "mv: /tmp: not in the same file system\n"


def test_a_change_is_everywhere_when_it_is_confirmed(nodes: Cluster) -> None:
    for node, name in zip(NODES, ("/one", "/two", "/three"), strict=True):
        keep(nodes, node, name)
    expected = {"/cluster/one", "/cluster/two", "/cluster/three"}
    assert all(names(nodes, node) == expected for node in NODES)
    assert "not kept /two" in output(nodes, "keep 0 /two", "node3")


def test_the_first_node_dies_and_comes_back(nodes: Cluster) -> None:
    for node, name in zip(NODES, ("/one", "/two", "/three"), strict=True):
        keep(nodes, node, name)
    nodes.monitor("crash node1")
    nodes.advance(NOTICED)
    assert output(nodes, "ls /nodes", "node3").split() == ["node2", "node3"]
    assert names(nodes, "node2") == names(nodes, "node3") == {"/cluster/two", "/cluster/three"}
    keep(nodes, "node3", "/four")
    nodes.monitor("start node1")
    nodes.run("true", node="node1")
    keep(nodes, "node1", "/five")
    expected = {"/cluster/two", "/cluster/three", "/cluster/four", "/cluster/five"}
    assert all(names(nodes, node) == expected for node in NODES)
    assert output(nodes, "ls /nodes", "node2").split() == list(NODES)


def test_a_partition_heals(nodes: Cluster) -> None:
    keep(nodes, "node1", "/one")
    keep(nodes, "node3", "/three")
    nodes.monitor("cut node1 node3")
    nodes.monitor("cut node2 node3")
    nodes.advance(NOTICED)
    assert output(nodes, "ls /nodes", "node3").split() == ["node3"]
    keep(nodes, "node2", "/both", "/two")
    keep(nodes, "node3", "/both", "/alone")
    assert names(nodes, "node1") == {"/cluster/one", "/cluster/both", "/cluster/two"}
    assert names(nodes, "node3") == {"/cluster/three", "/cluster/both", "/cluster/alone"}
    nodes.monitor("heal")
    nodes.advance(NOTICED)
    expected = {f"/cluster/{name}" for name in ("one", "two", "three", "both", "alone")}
    assert all(names(nodes, node) == expected for node in NODES)


@pytest.mark.parametrize("service", ["directory", "naming", "network"])
def test_a_server_dies(nodes: Cluster, service: str) -> None:
    """On the first node: it has all names again, and the others have its own."""
    for node, name in zip(NODES, ("/one", "/two", "/three"), strict=True):
        keep(nodes, node, name)
    with suppress(OutcomeUnknown):  # if it is the network server that carries the answer
        nodes.client(Supervisor, "/services/supervisor", "node2").kill(service)
    nodes.advance(NOTICED)
    expected = {"/cluster/one", "/cluster/two", "/cluster/three"}
    for node in NODES:
        assert output(nodes, "ls /nodes", node).split() == list(NODES)
        assert names(nodes, node) == expected
    keep(nodes, "node2", "/four")
    assert all(names(nodes, node) == {*expected, "/cluster/four"} for node in NODES)


def test_a_directory_is_swapped(nodes: Cluster) -> None:
    keep(nodes, "node1", "/one")
    output(nodes, "true")
    put_file(nodes, compile_file(Path("servers/directory/main.py"), "program", cache=Cache()), "/tmp/directory")
    output(nodes, "swap directory /tmp/directory")
    keep(nodes, "node2", "/two")
    assert all(names(nodes, node) == {"/cluster/one", "/cluster/two"} for node in NODES)
    figures = bytes(nodes.client(Directory, "/services/directory", "node1").figures())  # type: ignore[call-overload]
    assert int.from_bytes(figures[0:8], "little") == 2
