"""Several nodes and the host on one network: who is reached, power, faults, and that a run depends on nothing else."""

from typing import Any

import pytest

from atoll.abi.wire import Kind
from atoll.cluster.cluster import Cluster, ClusterError, NodeStopped
from atoll.cluster.monitor import MonitorError, monitor_line
from atoll.cluster.node import station_address
from atoll.cluster.plan import NodePlan, star
from atoll.images.recipe import Image
from atoll.machine.errors import StateError
from atoll.net.frame import Frame, decode
from atoll.net.network import TopologyError
from atoll.net.station import EffectUnknown, Unreachable
from atoll.net.wire import Medium

ECHO, COUNT = "/services/echo", "/services/count"
WORDS = (10, 20, 30, 40)
NODES = ("node1", "node2", "node3")
MILLISECOND = 1_000_000


def three(image: Image, threads: int = 1, seed: int = 7) -> Cluster:
    return Cluster(nodes=3, seed=seed, image=image, threads=threads)


def calls(cluster: Cluster, node: str) -> int:
    """How often a node's echo service was called."""
    return cluster.call(COUNT, (0, 0, 0, 0), node=node).words[1]


def hello(cluster: Cluster, source: int, destination: int, now: int) -> None:
    """A greeting from one node to another, which the other's network server answers."""
    frame = Frame(station_address(destination), station_address(source), Kind.HELLO, source, 0, node=source)
    cluster.engine.network.send(source - 1, frame.encode(cluster.settings.key), now)


def everything(cluster: Cluster) -> tuple[Any, ...]:
    """All that can be seen of a run."""
    return cluster.stats(), [bytes(node.console) for node in cluster.nodes]


def work(cluster: Cluster) -> tuple[Any, ...]:
    """Something to do for all nodes at once, over links that are not sound."""
    cluster.engine.network.spoil(loss=0.1, duplication=0.1, reordering=0.1, corruption=0.1)
    station = cluster.engine.station
    begun = [
        station.begin(node.address, ECHO, WORDS, bytes([number]) * 9000, 9000, cluster.time_ns)
        for number, node in enumerate(cluster.nodes) for _ in range(2)
    ]  # fmt: skip
    cluster.engine.run(cluster.time_ns + 20_000 * MILLISECOND, lambda: all(call.over for call in begun))
    cluster.monitor("heal")
    lines = [cluster.run(f"word {number}", node=node) for number, node in enumerate(NODES)]
    cluster.advance(0.05)
    return [call.result() for call in begun], lines, everything(cluster)


def test_each_node_has_its_own_services_and_console(node_image: Image) -> None:
    with three(node_image) as cluster:
        for number, node in enumerate(NODES):
            for _ in range(number):
                assert cluster.call(ECHO, WORDS, node.encode(), node=node).segment == node.encode()[::-1]
            assert cluster.run(f"hello {number}", node=node).output == f"hello {number}\n"
        assert [calls(cluster, node) for node in NODES] == [0, 1, 2]
        assert cluster.console == b"7 services\nhello 0\n"
        cluster.monitor("node node3")
        assert cluster.console == b"7 services\nhello 2\n" and calls(cluster, "node3") == 2
        assert cluster.monitor("node").splitlines()[2].split() == ["*", "node3", "on"]
        with pytest.raises(ClusterError, match="there is no node node4; there are node1, node2, node3"):
            cluster.run("x", node="node4")


def test_what_each_node_is_told_at_power_on(node_image: Image) -> None:
    with three(node_image) as cluster:
        for number, node in enumerate(cluster.nodes, 1):
            words = node.board.config.bootargs.split()
            assert {f"node=node{number}", f"number={number}", "incarnation=1", "seed=7"} <= set(words)
            assert node.board.config.mac == station_address(number)
        assert len({node.board.config.seed for node in cluster.nodes}) == 3


def test_nodes_hear_each_other_over_the_switch(node_image: Image) -> None:
    with three(node_image) as cluster:
        for node in NODES:
            cluster.wait_for(ECHO, node=node)
        cluster.advance(0.01)                              # the last acknowledgement arrives
        seen: list[tuple[int, str, bool, bytes]] = []
        cluster.engine.network.taps.append(lambda *event: seen.append(event))
        begin = cluster.time_ns
        hello(cluster, 2, 3, begin)
        cluster.advance(0.01)
        key = cluster.settings.key
        ways = [(time - begin, name, leaves, decode(key, data).kind) for time, name, leaves, data in seen]
        once = 2 * (10_000 + Medium().frame_time(80))
        sent, heard, answered, came = ways
        assert sent == (0, "node2", True, Kind.HELLO)
        assert heard == (once, "node3", False, Kind.HELLO)
        assert answered[1:] == ("node3", True, Kind.WELCOME) and answered[0] > once
        assert came == (answered[0] + once, "node2", False, Kind.WELCOME)


def test_a_run_does_not_depend_on_the_hosts_threads(node_image: Image) -> None:
    results = []
    for threads in (1, 2, 3):
        with three(node_image, threads) as cluster:
            results.append(work(cluster))
    assert results[0] == results[1] == results[2]
    assert results[0][2][0]["network"]["links"]["node2-switch1"]["lost"] > 0


def test_a_restored_cluster_goes_on_as_the_saved_one(node_image: Image) -> None:
    with three(node_image) as cluster:
        cluster.run("one 1", node="node2")
        cluster.monitor("node node2")
        cluster.crash("node3")
        cluster.engine.network.spoil(loss=0.1)
        hello(cluster, 1, 2, cluster.time_ns)              # a frame is on its way
        saved = cluster.save()
        cluster.start("node3")
        expected = work(cluster)
    with three(node_image, threads=2) as other:
        other.restore(saved)
        assert other.node.name == "node2" and not other.find("node3").is_on
        other.start("node3")
        assert work(other) == expected


def test_a_state_of_another_cluster_is_refused(node_image: Image) -> None:
    saved = three(node_image).save()
    for other in (Cluster(nodes=2, seed=7, image=node_image), three(node_image, seed=8)):
        with pytest.raises(StateError, match=r"number of nodes|seed"):
            other.restore(saved)
    with pytest.raises(StateError):
        three(node_image).restore(saved[: len(saved) // 2])


# ---- power ----
def test_others_go_on_when_a_node_is_off(node_image: Image) -> None:
    with three(node_image) as cluster:
        assert calls(cluster, "node2") == 0
        cluster.call(ECHO, WORDS, node="node2")
        assert "node2 is off" in cluster.monitor("crash node2")
        with pytest.raises(ClusterError, match="node2 is off"):
            cluster.call(ECHO, WORDS, node="node2")
        before = cluster.time_ns
        cluster.advance(0.5)
        assert cluster.time_ns == before + 500 * MILLISECOND
        assert cluster.call(ECHO, WORDS, node="node1").words[0] == 11
        cluster.monitor("start node2")
        assert calls(cluster, "node2") == 0                # its memory is lost
        node = cluster.find("node2")
        assert node.starts == 2 and node.board.time_ns >= before + 500 * MILLISECOND    # its clock is the cluster's


def test_a_call_in_hand_when_its_node_goes_off(node_image: Image) -> None:
    with three(node_image) as cluster:
        cluster.call(ECHO, WORDS, node="node2")
        node = cluster.find("node2")
        call = cluster.engine.station.begin(node.address, "/services/sleep", (0, 10**12, 0, 0), b"", 0, cluster.time_ns)
        cluster.advance(0.1)
        cluster.crash("node2")
        cluster.engine.run(cluster.time_ns + 30_000 * MILLISECOND, lambda: call.over)
        assert isinstance(call.error, EffectUnknown)
        assert node.missed > 0                             # we asked, and nobody was there


def test_a_node_that_ends_does_not_end_the_others(node_image: Image) -> None:
    with three(node_image) as cluster:
        cluster.call(ECHO, WORDS, node="node3")
        cluster.find("node3").board.end(5)
        cluster.advance(0.1)
        assert cluster.call(ECHO, WORDS).words[0] == 11
        with pytest.raises(NodeStopped, match="status 5"):
            cluster.call(ECHO, WORDS, node="node3")
        assert "node3            ended" in cluster.monitor("node")
        cluster.crash("node1")
        cluster.advance(0.1)                               # node2 is still there
        cluster.crash("node2")
        with pytest.raises(ClusterError, match="node1 is off"):
            cluster.advance(0.1)                           # for node3 there is no time any more
        cluster.start("node1")
        cluster.start("node3")
        assert calls(cluster, "node3") == 0


# ---- the network ----
def test_a_cut_node_is_not_reached_until_it_is_healed(node_image: Image) -> None:
    with three(node_image) as cluster:
        cluster.call(ECHO, WORDS, node="node2")
        cluster.monitor("cut node2 switch1")
        with pytest.raises((Unreachable, EffectUnknown)):
            cluster.call(ECHO, WORDS, node="node2")
        assert cluster.call(ECHO, WORDS, node="node3").words[0] == 11
        cluster.monitor("heal")
        assert calls(cluster, "node2") == 1


def test_two_nodes_that_are_cut_from_each_other(node_image: Image) -> None:
    with three(node_image) as cluster:
        for node in NODES:
            cluster.wait_for(ECHO, node=node)
        cluster.monitor("cut node1 node2")
        before = {node.name: node.stats()["frames_sent"] for node in cluster.nodes}
        hello(cluster, 1, 2, cluster.time_ns)
        hello(cluster, 1, 3, cluster.time_ns)
        cluster.advance(0.01)
        sent = [node.stats()["frames_sent"] - before[node.name] for node in cluster.nodes]
        assert sent == [0, 0, 1]
        assert cluster.call(ECHO, WORDS, node="node2").words[0] == 11


@pytest.mark.parametrize(
    ("line", "message"),
    [("loss 101", "from 0 to 100"), ("slow x", "not a number"), ("cut node1 node9", "no node or switch node9"),
     ("cut node1", "usage: cut A B"), ("node node9", "no node node9")],
)  # fmt: skip
def test_monitor_lines_that_are_refused(node_image: Image, line: str, message: str) -> None:
    with pytest.raises((MonitorError, TopologyError, ClusterError), match=message):
        monitor_line(three(node_image), line)


def test_a_slow_node_and_small_memory(node_image: Image) -> None:
    """Nodes of a cluster may differ; each one's clock runs at its own rate."""
    plan = star((NodePlan("fast", 128, 1000), NodePlan("slow", 64, 100)))
    with Cluster(plan=plan, image=node_image) as cluster:
        times = []
        for node in ("fast", "slow"):
            cluster.call(ECHO, WORDS, node=node)
            before = cluster.time_ns
            cluster.call(ECHO, WORDS, node=node)
            times.append(cluster.time_ns - before - 2 * 10_000)
        assert 5 * times[0] < times[1] < 11 * times[0]
        assert cluster.find("slow").board.ram.size == 64 << 20


def test_plans_that_cannot_be(node_image: Image) -> None:
    with pytest.raises(ClusterError, match="a cluster of 65 nodes"):
        Cluster(nodes=65, image=node_image)
    with pytest.raises(ClusterError, match="several nodes cannot have the same disk"):
        Cluster(nodes=2, image=node_image, disk="disk.img")
    with pytest.raises(TopologyError, match="node1 is there twice"):
        Cluster(plan=star((NodePlan("node1"), NodePlan("node1"))), image=node_image)


def test_an_idle_node_costs_nothing_that_counts(node_image: Image) -> None:
    """Windows do not run who has nothing to do: an idle second of three nodes is a few dozen windows."""
    with three(node_image) as cluster:
        for node in NODES:
            cluster.wait_for(ECHO, node=node)
        cluster.advance(0.01)
        before, windows = cluster.stats(), cluster.engine.windows
        cluster.advance(1.0)
        after = cluster.stats()
        assert cluster.engine.windows - windows <= 80
        for node in NODES:
            assert after["nodes"][node]["instructions"] - before["nodes"][node]["instructions"] < 100_000
            assert after["nodes"][node]["virtual_nanoseconds"] == cluster.time_ns
