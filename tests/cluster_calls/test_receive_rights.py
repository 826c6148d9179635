"""Receivers that move from node to node: whoever had a gate goes on, with its badge, and hears nothing of it."""

import pytest

from atoll.cluster.cluster import Cluster
from tests.cluster_calls.conftest import Boot, begin, figures, finish, helper, probe, swap_network

KERNEL, UNKNOWN = 5, 1


def opened(cluster: Cluster, badge: int, holder: int = 1) -> None:
    """Node 1's probe receives at a port, and a node's helper has a gate to it; both probes know each other."""
    probe(cluster, 1).connect(2, 0)
    probe(cluster, 2).connect(1, 0)
    helper(cluster, holder).connect(1, 0)
    helper(cluster, holder).far_open_port(badge)


def answers(cluster: Cluster, number: int) -> int:
    """How often a node's probe has added."""
    return probe(cluster, number).calls()


@pytest.mark.parametrize("holder", [1, 2, 3])
def test_there_and_back(boot: Boot, holder: int) -> None:
    """Whoever calls, from whichever node, is answered by who receives; at the end that one hears of the last handle."""
    cluster = boot(3)
    near, far, client = probe(cluster, 1), probe(cluster, 2), helper(cluster, holder)
    opened(cluster, 5, holder)
    assert client.kept_add(1, 2) == 5 << 32 | 3
    assert near.far_take_port() == 0
    for number in range(3):
        assert client.kept_add(number, 2) == 5 << 32 | number + 2
    assert (answers(cluster, 1), answers(cluster, 2)) == (1, 3)
    near.fetch_port()
    assert client.kept_add(1, 2) == 5 << 32 | 3
    assert (answers(cluster, 1), answers(cluster, 2)) == (2, 3)
    assert near.far_take_port() == 0
    assert client.kept_add(1, 2) == 5 << 32 | 3
    assert answers(cluster, 2) == 4
    assert near.gone() == far.gone() == 0
    client.forget()
    cluster.advance(0.1)
    assert (near.gone(), far.gone()) == (0, 1)
    assert figures(cluster, 1)["busy"] == 1


def test_messages_that_wait_while_it_moves(boot: Boot) -> None:
    """They wait in the kernel, then for the move, and arrive in their order; so does a call."""
    cluster = boot()
    near, far = probe(cluster, 1), probe(cluster, 2)
    opened(cluster, 5)
    near.pause_port()
    sending = begin(cluster, 1, "kept_send", 6, service="helper")
    cluster.advance(0.05)
    assert near.far_take_port() == 0
    finish(cluster, sending)
    cluster.advance(0.05)
    assert far.sent() == 123456 and near.sent() == 0
    sending = begin(cluster, 1, "kept_send", 3, service="helper")
    near.fetch_port()
    finish(cluster, sending)
    cluster.advance(0.05)
    assert f"{far.sent()}{near.sent() or ''}" == "123456123"


def test_a_gate_of_the_new_node_needs_the_wire_no_more(boot: Boot) -> None:
    cluster = boot()
    opened(cluster, 7, holder=2)
    client = helper(cluster, 2)
    assert client.kept_add(1, 1) == 7 << 32 | 2
    probe(cluster, 1).far_take_port()
    cluster.advance(0.1)
    asked = figures(cluster, 2)["asked"]
    assert client.kept_add(1, 1) == 7 << 32 | 2
    assert figures(cluster, 2)["asked"] == asked
    assert answers(cluster, 2) == 1
    client.forget()
    cluster.advance(0.1)
    assert probe(cluster, 2).gone() == 1


def test_the_new_node_dies(boot: Boot) -> None:
    cluster = boot()
    opened(cluster, 5)
    probe(cluster, 1).far_take_port()
    cluster.crash("node2")
    assert helper(cluster, 1).kept_add(1, 2) == 1000 + UNKNOWN
    assert helper(cluster, 1).kept_add(1, 2) == 1000 + KERNEL
    assert figures(cluster, 1)["proxies"] == 0


def test_the_port_is_destroyed_where_it_has_gone(boot: Boot) -> None:
    cluster = boot()
    opened(cluster, 5)
    before = figures(cluster, 2)["proxies"]
    probe(cluster, 1).far_take_port()
    assert figures(cluster, 2)["proxies"] == before + 1
    assert helper(cluster, 1).kept_add(1, 2) == 5 << 32 | 3
    probe(cluster, 2).close_port()
    assert helper(cluster, 1).kept_add(1, 2) > 1000
    assert helper(cluster, 1).kept_add(1, 2) == 1000 + KERNEL
    assert figures(cluster, 2)["proxies"] == before


def test_a_node_that_is_not_there_gets_no_port(boot: Boot) -> None:
    """What cannot be delivered is lost: senders are told that the port is dead."""
    cluster = boot()
    opened(cluster, 5)
    cluster.crash("node2")
    cluster.advance(0.1)
    assert probe(cluster, 1).far_take_port() == UNKNOWN
    assert helper(cluster, 1).kept_add(1, 2) == 1000 + KERNEL


def test_a_lossy_wire(boot: Boot) -> None:
    cluster = boot(seed=5)
    near, client = probe(cluster, 1), helper(cluster, 1)
    opened(cluster, 5)
    cluster.engine.network.spoil(loss=0.05, duplication=0.1, reordering=0.2, corruption=0.05)
    for number in range(5):
        assert near.far_take_port() == 0
        assert client.kept_add(number, 1) == 5 << 32 | number + 1
        near.fetch_port()
        assert client.kept_add(number, 2) == 5 << 32 | number + 2
    assert (answers(cluster, 1), answers(cluster, 2)) == (5, 5)


def test_network_servers_are_swapped_meanwhile(boot: Boot, network_program: bytes) -> None:
    """At the node that the receiver is at, and where it was."""
    cluster = boot()
    opened(cluster, 5)
    assert probe(cluster, 1).far_take_port() == 0
    swap_network(cluster, 2, network_program)
    assert helper(cluster, 1).kept_add(1, 2) == 5 << 32 | 3
    swap_network(cluster, 1, network_program)
    assert helper(cluster, 1).kept_add(2, 2) == 5 << 32 | 4
    helper(cluster, 1).forget()
    cluster.advance(0.1)
    assert probe(cluster, 2).gone() == 1


def test_nothing_is_left(boot: Boot) -> None:
    """Of ports that were opened, moved there and back, and destroyed."""
    cluster = boot()
    near = probe(cluster, 1)
    for number in range(4):
        opened(cluster, number)
        near.far_take_port()
        helper(cluster, 1).kept_add(1, 2)
        near.fetch_port()
        helper(cluster, 1).forget()
        near.close_port()
        cluster.advance(0.2)
        objects = (near.objects(), probe(cluster, 2).objects())
        if number == 1:
            before = objects
    assert objects == before
