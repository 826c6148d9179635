"""Nodes whose clocks drift, and nodes that stand still, in true virtual time; the guest is a kernel that only ticks."""

from typing import Any

import pytest

from atoll.cluster.cluster import Cluster, ClusterError
from atoll.cluster.engine import AnyNode
from atoll.cluster.plan import NodePlan, star
from atoll.images.recipe import Image
from tests.machine.guest import SIE, SSTATUS, STVEC, UART, kernel, sbi

TIMER = 0x5449_4D45
PERIOD = 100_000  # ticks of the time base: 10 ms
DRIFTS = (200, -200, 0)
CARD_HOLDS = 1024  # frames


def ticking(a: Any) -> None:
    """A full stop every 10 ms of its own time; after a standstill as many at once as are due."""
    a.la("t0", "tick")
    a.csrw(STVEC, "t0")
    a.li("t0", 1 << 5)
    a.csrw(SIE, "t0")
    a.li("s1", PERIOD)
    sbi(a, TIMER, a0=PERIOD)
    a.csrrsi("zero", SSTATUS, 2)
    a.label("wait")
    a.wfi()
    a.j("wait")
    a.align(4)
    a.label("tick")
    a.li("t0", UART)
    a.li("t1", ord("."))
    a.sb("t1", 0, "t0")
    a.li("t0", PERIOD)
    a.add("s1", "s1", "t0")
    a.mv("a0", "s1")
    a.li("a7", TIMER)
    a.li("a6", 0)
    a.ecall()
    a.sret()


def made(count: int = 3) -> Cluster:
    nodes = tuple(NodePlan(f"node{number}", 32, drift=drift) for number, drift in enumerate(DRIFTS[:count], 1))
    return Cluster(plan=star(nodes), image=Image(kernel(ticking), b""))


def own_time(node: AnyNode) -> int:
    """What the node's time base says, in nanoseconds."""
    board = node.board
    return board.clock.ticks(board.cpu.cycles) * 100


def test_own_clocks_run_apart_and_true_time_is_the_same() -> None:
    with made() as cluster:
        cluster.advance(50.001)
        for node, drift in zip(cluster.nodes, DRIFTS, strict=True):
            assert abs(node.board.time_ns - cluster.time_ns) < 600
            assert abs(own_time(node) - 50_001 * (1_000_000 + drift)) < 1000
            assert len(node.console) == (5001, 4999, 5000)[node.number - 1]


def test_a_drifting_cluster_is_saved_and_restored() -> None:
    states = []
    with made() as cluster:
        cluster.advance(1.2345678)
        cluster.pause("node2")
        saved = cluster.save()
        for _ in range(2):
            cluster.advance(3.0)
            cluster.resume("node2")
            cluster.advance(1.0)
            states.append((cluster.stats(), [bytes(node.console) for node in cluster.nodes]))
            cluster.restore(saved)
        assert cluster.find("node2").is_paused
    assert states[0] == states[1]


def test_a_paused_node_does_nothing_and_then_finds_how_late_it_is() -> None:
    with made() as cluster:
        cluster.advance(1.001)
        assert "node2 stands still" in cluster.monitor("pause node2")
        assert cluster.monitor("node").splitlines()[1].split() == ["node2", "paused"]
        node = cluster.find("node2")
        instructions, printed = node.board.instructions, len(node.console)
        cluster.advance(2.0)
        assert (node.board.instructions, len(node.console)) == (instructions, printed)
        assert len(cluster.find("node3").console) == 300
        cluster.monitor("resume node2")
        cluster.advance(0.001)
        assert len(node.console) == 300 and abs(own_time(node) - 3_002_000_000 * 0.9998) < 1000
        assert node.board.instructions - instructions < 100_000     # to stand still is to be idle


def test_frames_wait_in_the_card_of_a_paused_node_as_long_as_they_fit() -> None:
    with made(2) as cluster:
        cluster.advance(0.1)
        cluster.pause("node2")
        node = cluster.find("node2")
        for number in range(CARD_HOLDS + 10):
            frame = node.address + cluster.nodes[0].address + bytes([number & 255]) * 50
            cluster.engine.network.send(0, frame, cluster.time_ns)
            cluster.advance(1e-5)
        cluster.resume("node2")
        cluster.advance(0.001)
        assert node.stats()["frames_dropped"] == 10 and node.missed == 0


def test_power_ends_a_pause() -> None:
    with made(2) as cluster:
        cluster.pause("node2")
        cluster.crash("node2")
        assert cluster.monitor("node").splitlines()[1].split() == ["node2", "off"]
        with pytest.raises(ClusterError, match="node2 is off"):
            cluster.pause("node2")
        cluster.start("node2")
        cluster.advance(0.1)
        assert len(cluster.find("node2").console) == 9
        cluster.resume("node2")                               # it runs: nothing happens
        cluster.advance(0.1)
        assert len(cluster.find("node2").console) == 19


def test_all_nodes_can_stand_still() -> None:
    with made(2) as cluster:
        cluster.pause("node1")
        cluster.pause("node2")
        cluster.advance(1.0)
        assert cluster.time_ns == 1_000_000_000 and not cluster.console
