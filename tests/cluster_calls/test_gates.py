"""Handles that cross the wire: gates become proxies, come home as the original, and are counted to the last."""

import pytest

from tests.cluster_calls.conftest import Boot, figures, helper, probe

UNREACHABLE = 2
NOT_TRANSFERABLE = 3


def test_a_gate_in_a_reply(boot: Boot) -> None:
    """Its badge travels, and when the last handle is gone, its server hears of it."""
    cluster = boot()
    near, far = probe(cluster, 1), probe(cluster, 2)
    near.connect(2, 0)
    before, proxies = figures(cluster, 2)["exports"], figures(cluster, 1)["proxies"]
    assert near.far_open(77, 1, 2) == 77 << 32 | 3
    assert figures(cluster, 2)["exports"] == before + 1
    assert far.gone() == 0
    near.forget()
    cluster.advance(0.05)
    assert far.gone() == 1
    assert figures(cluster, 2)["exports"] == before
    assert figures(cluster, 1)["proxies"] == proxies        # what no gate leads to any more is no port of ours either


def test_a_gate_in_a_request(boot: Boot) -> None:
    """The other node calls back through it."""
    cluster = boot()
    near = probe(cluster, 1)
    near.connect(2, 0)
    before, proxies = figures(cluster, 1)["exports"], figures(cluster, 2)["proxies"]
    assert near.far_use(55, 10, 20) == 55 << 32 | 30
    cluster.advance(0.05)
    assert figures(cluster, 1)["exports"] == before
    assert helper(cluster, 1).gone() == 1
    assert figures(cluster, 2)["proxies"] == proxies


def test_a_gate_is_counted_once_for_each_time_it_was_sent(boot: Boot) -> None:
    """Messages without any gate, in the same buffers as one with a gate before, give none back."""
    cluster = boot()
    near, far = probe(cluster, 1), probe(cluster, 2)
    far.connect(1, 0)
    near.connect(2, 0)
    near.far_use(55, 10, 20)
    far.far_open(6, 0, 0)  # takes the place of the gate that node 1 has just got back
    assert near.far_add(1, 2) == 3
    assert far.kept_add(3, 4) == 6 << 32 | 7
    assert near.gone() == 0


def test_a_gate_that_comes_home_is_the_original(boot: Boot) -> None:
    """What node 2 gave to node 1 and gets back leads to its own port: no call of it crosses the wire."""
    cluster = boot()
    near = probe(cluster, 1)
    near.connect(2, 1)
    near.far_open(9, 0, 0)
    near.connect(2, 0)
    asked = figures(cluster, 2)["asked"]
    assert near.far_use_kept(4, 5) == 9 << 32 | 9
    cluster.advance(0.05)
    assert figures(cluster, 2)["asked"] == asked
    assert helper(cluster, 2).gone() == 1


def test_a_port_that_is_found_dead_is_given_back(boot: Boot) -> None:
    """Who calls there is told, and its proxy ends, which can give nothing back: the owner forgets it by itself."""
    cluster = boot()
    near = probe(cluster, 1)
    near.connect(2, 0)
    exports, proxies = figures(cluster, 2)["exports"], figures(cluster, 1)["proxies"]
    near.far_open_port(5)
    probe(cluster, 2).close_port()
    assert near.kept_add(1, 2) == 1000 + UNREACHABLE
    assert (figures(cluster, 2)["exports"], figures(cluster, 1)["proxies"]) == (exports, proxies)


def test_a_dead_gate(boot: Boot) -> None:
    """It crosses, and is dead there too: it leads to no other port, and is given back as any."""
    cluster = boot()
    near, far = probe(cluster, 1), probe(cluster, 2)
    far.connect(2, 1)
    far.far_open_port(5)
    helper(cluster, 2).close_port()
    near.connect(2, 0)
    exports, proxies = figures(cluster, 2)["exports"], figures(cluster, 1)["proxies"]
    assert near.far_fetch() == 1000 + UNREACHABLE
    near.far_fetch()
    near.forget()
    cluster.advance(0.05)
    assert (figures(cluster, 2)["exports"], figures(cluster, 1)["proxies"]) == (exports, proxies)


def test_what_cannot_cross(boot: Boot) -> None:
    cluster = boot()
    near = probe(cluster, 1)
    near.connect(2, 0)
    assert near.far_give_memory() == NOT_TRANSFERABLE
    assert near.far_add(1, 1) == 2


@pytest.mark.parametrize("nodes", [2])
def test_messages_without_reply_keep_their_order(boot: Boot, nodes: int) -> None:
    cluster = boot(nodes)
    probe(cluster, 1).connect(2, 0)
    probe(cluster, 1).far_send(6)
    cluster.advance(0.05)
    assert probe(cluster, 2).sent() == 1_000_123_456


def test_a_gate_to_a_third_node(boot: Boot) -> None:
    """Node 1 gives node 3 a gate to node 2, which is told; it comes back in a reply likewise."""
    cluster = boot(3)
    near, third = probe(cluster, 1), probe(cluster, 3)
    near.connect(2, 1)
    near.far_open(9, 0, 0)
    near.connect(3, 0)
    assert near.far_use_kept(4, 5) == 9 << 32 | 9
    cluster.advance(0.05)
    assert helper(cluster, 2).gone() == 1
    third.connect(2, 1)
    third.far_open(8, 0, 0)
    assert near.far_fetch() == 8 << 32 | 3
    third.forget()
    cluster.advance(0.05)
    assert helper(cluster, 2).gone() == 1
    near.forget()
    cluster.advance(0.05)
    assert helper(cluster, 2).gone() == 2
    assert figures(cluster, 2)["exports"] == 2  # the root of names, and node 3's gate to the helper


def test_a_third_node_that_is_gone(boot: Boot) -> None:
    """What leads there cannot cross any more, and whoever sent it is told."""
    cluster = boot(3)
    near = probe(cluster, 1)
    near.connect(2, 1)
    near.far_open(9, 0, 0)
    near.connect(3, 0)
    cluster.crash("node2")
    assert near.far_try_kept() == NOT_TRANSFERABLE
    assert near.far_add(1, 2) == 3
