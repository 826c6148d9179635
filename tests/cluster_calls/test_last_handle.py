"""LAST_HANDLE of a port that moves: told once for each badge, and never while any node has a gate of it."""

import pytest

from atoll.abi.wire import Delivery
from atoll.cluster.cluster import Cluster
from tests.cluster_calls.conftest import Boot, figures, helper, probe, swap_network

BADGE = 5


class Holders:
    """A port of node 1's probe with one badge, of which helpers of nodes hold gates; the receiver moves."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
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

    def check(self, seconds: float = 0.05) -> None:
        """What all probes were told so far."""
        self.cluster.advance(seconds)
        told = sum(probe(self.cluster, node.number).gone() for node in self.cluster.nodes if node.is_on)
        assert told == (0 if self.holders else 1), f"told {told} times, {sorted(self.holders)} have gates"


@pytest.mark.parametrize("delivery", list(Delivery))
def test_once_and_at_the_end(boot: Boot, delivery: Delivery) -> None:
    """Copies that were given away before and after the move, there and back, closed in several orders."""
    port = Holders(boot(3))
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
    port.move(1, delivery)
    port.close(3, 1)
    port.check(1.5)
