"""Two QEMU machines and one of ours are one cluster: the nodes see each other, and call each other both ways.

QEMU lives in real time, so no output is compared that depends on it: outcomes only, within a limit of the wall clock.
"""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from atoll.cluster.cluster import Cluster, ClusterError
from atoll.cluster.clusterfile import ClusterFileError, parse
from atoll.cluster.guard import CommandError
from atoll.cluster.monitor import MonitorError
from atoll.machine.errors import StateError
from atoll.servers.network.interface import MEMBER_SIZE, Network

FILE = """
[[nodes]]
name = "ours"

[[nodes]]
name = "first"
machine = "qemu"

[[nodes]]
name = "second"
machine = "qemu"
"""
NAMES = ("ours", "first", "second")
WALL_SECONDS = 300.0  # on a host that has much else to do; it takes some 10
UP, NAME_LENGTH, NAME = 16, 64, 72  # of a Member


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """The three, switched on."""
    deadline = time.monotonic() + WALL_SECONDS

    def watch() -> None:
        if time.monotonic() > deadline:
            raise TimeoutError(f"the cluster is not done after {WALL_SECONDS} s")

    with Cluster(seed=5, plan=parse(FILE, tmp_path_factory.mktemp("disks"))) as made:
        made.engine.watch = watch
        for name in NAMES:
            assert made.run("true", node=name).status == 0
        yield made


def members(cluster: Cluster, node: str) -> set[str]:
    """The names of the nodes that a node knows to be up."""
    data = bytearray(10 * MEMBER_SIZE)
    size = cluster.client(Network, "/services/network", node).members(0, data)  # type: ignore[arg-type]
    records = [data[place : place + MEMBER_SIZE] for place in range(0, size, MEMBER_SIZE)]
    return {bytes(each[NAME : NAME + each[NAME_LENGTH]]).decode() for each in records if each[UP]}


@pytest.mark.qemu
def test_all_see_each_other(cluster: Cluster) -> None:
    while any(members(cluster, name) != set(NAMES) for name in NAMES):
        cluster.advance(0.2)


@pytest.mark.qemu
@pytest.mark.parametrize("asking", NAMES)
def test_each_calls_the_others(cluster: Cluster, asking: str) -> None:
    """`ps` asks the program managers of all nodes, each of which names its shell."""
    lines = cluster.run("ps", node=asking).output.splitlines()
    assert {line.split()[0] for line in lines if line.split()[-1] == "shell"} == set(NAMES)


@pytest.mark.qemu
def test_what_real_time_does_not_allow(cluster: Cluster) -> None:
    with pytest.raises(StateError, match="first runs on QEMU"):
        cluster.save()
    with pytest.raises((StateError, MonitorError), match="runs on QEMU"):
        cluster.pause("first")


@pytest.mark.qemu
def test_power(cluster: Cluster) -> None:
    """A QEMU that is switched off is missed; switched on again it is another incarnation of the same node."""
    cluster.crash("second")
    with pytest.raises(ClusterError, match="second is off"):
        cluster.run("true", node="second")
    cluster.start("second")
    assert cluster.run("true", node="second").status == 0
    while members(cluster, "ours") != set(NAMES):
        cluster.advance(0.2)
    assert cluster.find("second").starts == 2


def test_a_file_with_machines(tmp_path: Path) -> None:
    plan = parse(FILE, tmp_path)
    assert [node.machine for node in plan.nodes] == ["atoll", "qemu", "qemu"] and plan.patience == 5
    assert parse("patience = 30\n" + FILE, tmp_path).patience == 30
    assert parse('[[nodes]]\nname = "a"\n', tmp_path).patience == 1
    with pytest.raises(ClusterFileError, match=r"nodes\[2\]\.machine"):
        parse(FILE.replace('"qemu"', '"bochs"', 1), tmp_path)


def test_no_qemu(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CommandError, match="apt-get install qemu-system-misc"):
        Cluster(plan=parse(FILE, tmp_path))
