"""LAST_HANDLE of a port that moves: told once for each badge, and never while any node has a gate of it."""

from random import Random

import pytest

from atoll.abi.wire import Delivery
from atoll.cluster.cluster import Cluster
from tests.cluster_calls.conftest import Boot, helper, probe, swap_network

BADGE = 5


class Holders:
    """A port of node 1's probe with one badge, of which helpers of nodes hold gates; the receiver moves."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster, self.before = cluster, told(cluster)
        self.at = 1  # where it receives
        self.holders: set[int] = set()

    def open(self, holder: int) -> None:
        """Open the port: one helper gets the gate."""
        helper(self.cluster, holder).connect(1, 0)
        helper(self.cluster, holder).far_open_port(BADGE)
        self.holders.add(holder)
        self.check()

    def copy(self, source: int, to: int) -> None:
        """Another helper gets the gate from the first one's, which keeps it."""
        helper(self.cluster, to).connect(source, 1)
        assert helper(self.cluster, to).far_fetch() == BADGE << 32 | 3
        self.holders.add(to)
        self.check()

    def move(self, to: int, delivery: Delivery) -> None:
        """The receiver moves."""
        probe(self.cluster, self.at).connect(to, 0)
        probe(self.cluster, self.at).leave(delivery)
        assert probe(self.cluster, self.at).far_take_port() == 0
        self.at = to
        self.check()

    def close(self, *holders: int) -> None:
        """Helpers give their gates up."""
        for holder in holders:
            helper(self.cluster, holder).forget()
            self.holders.remove(holder)
            self.check()

    def crash(self, number: int) -> None:
        """A node is switched off: it has no gates then, and is missed after three seconds."""
        self.cluster.crash(f"node{number}")
        self.holders.discard(number)
        self.check(4)

    def check(self, seconds: float = 0.05) -> None:
        """What all probes were told so far."""
        self.cluster.advance(seconds if self.holders else max(seconds, 1.5))
        times = told(self.cluster) - self.before
        assert times == (0 if self.holders else 1), f"told {times} times, {sorted(self.holders)} have gates"


def told(cluster: Cluster) -> int:
    """How often receivers have heard of a last handle."""
    return sum(probe(cluster, node.number).gone() for node in cluster.nodes if node.is_on)


def test_once_and_at_the_end(boot: Boot) -> None:
    """Copies that were given away before and after moves to two nodes and back, closed in several orders."""
    cluster = boot(3)
    for delivery in Delivery:
        journey(Holders(cluster), delivery)


def journey(port: Holders, delivery: Delivery) -> None:
    """To node 2, then by node 3 back to node 1."""
    port.open(1)
    for source, to in ((1, 2), (2, 3), (1, 3), (3, 2)):
        port.copy(source, to)
    port.move(2, delivery)
    port.close(2)
    port.copy(3, 2)
    port.copy(1, 2)
    port.close(1)
    port.copy(2, 1)
    port.close(2, 3)
    port.copy(1, 3)
    port.move(3, delivery)
    port.copy(1, 2)
    port.close(1)
    port.move(1, delivery)
    port.close(3, 2)


def walk(port: Holders, draw: Random, steps: int, deliveries: list[Delivery]) -> None:
    """Copies, moves and closings at random; all are closed in the end."""
    nodes = [node.number for node in port.cluster.nodes if node.is_on]
    for _ in range(steps):
        match draw.randrange(4):
            case 0:
                port.move(draw.choice([node for node in nodes if node != port.at]), draw.choice(deliveries))
            case 1 if len(port.holders) > 1:
                port.close(draw.choice(sorted(port.holders)))
            case _:
                source = draw.choice(sorted(port.holders))
                port.copy(source, draw.choice([node for node in nodes if node != source]))


def finish(port: Holders, draw: Random) -> None:
    """All give up their gates."""
    port.close(*draw.sample(sorted(port.holders), len(port.holders)))
    port.check()


@pytest.mark.long
@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("spoiled", [False, True])
def test_at_random(boot: Boot, seed: int, spoiled: bool) -> None:
    """Four nodes, all deliveries mixed; also on lines that lose, double and reorder frames."""
    draw = Random(seed)
    cluster = boot(4, seed=seed + 1)
    port = Holders(cluster)
    port.open(draw.randint(1, 4))
    if spoiled:
        cluster.engine.network.spoil(loss=0.03, duplication=0.05, reordering=0.1)
    walk(port, draw, 24, list(Delivery))
    finish(port, draw)


@pytest.mark.long
@pytest.mark.parametrize("delivery", list(Delivery))
def test_network_servers_are_swapped_meanwhile(boot: Boot, network_program: bytes, delivery: Delivery) -> None:
    """At the node that the receiver is at, where it was, and where a gate is."""
    cluster = boot(3)
    port = Holders(cluster)
    port.open(1)
    for source, to in ((1, 2), (2, 3)):
        port.copy(source, to)
    port.move(2, delivery)
    for number in (1, 2, 3):
        swap_network(cluster, number, network_program)
    port.copy(3, 2)
    port.close(1, 3)
    port.move(1, delivery)
    port.close(2)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(8))
def test_a_node_crashes(boot: Boot, seed: int) -> None:
    """Any but the one where the receiver is; without redirection, which would depend on it."""
    draw = Random(seed)
    port = Holders(boot(4, seed=seed + 1))
    port.open(draw.randint(1, 4))
    walk(port, draw, 12, [Delivery.PREVENT, Delivery.RECOVER])
    port.crash(draw.choice([node for node in range(1, 5) if node != port.at]))
    if port.holders:
        walk(port, draw, 8, [Delivery.PREVENT, Delivery.RECOVER])
        finish(port, draw)
