"""What becomes of messages to a port whose receiver has moved: three strategies, and ports that have to be sought."""

import pytest

from atoll.abi.wire import Delivery
from atoll.cluster.cluster import Cluster
from tests.cluster_calls.conftest import Boot, begin, figures, finish, helper, probe, swap_network
from tests.cluster_calls.programs.probing import STAY

UNREACHABLE, KERNEL = 1002, 1005
WITHOUT_SOURCE = (Delivery.PREVENT, Delivery.RECOVER)
SUM = 5 << 32 | 3


def opened(cluster: Cluster, holder: int = 3) -> None:
    """Node 1's probe receives at a port, and a node's helper has a gate to it; probes 1 and 2 know each other."""
    probe(cluster, 1).connect(2, 0)
    probe(cluster, 2).connect(1, 0)
    helper(cluster, holder).connect(1, 0)
    helper(cluster, holder).far_open_port(5)


def move(cluster: Cluster, delivery: Delivery) -> None:
    """To node 2."""
    probe(cluster, 1).leave(delivery)
    assert probe(cluster, 1).far_take_port() == 0
    cluster.advance(0.01)


@pytest.mark.parametrize("delivery", WITHOUT_SOURCE)
def test_nothing_is_left_at_the_source(boot: Boot, delivery: Delivery) -> None:
    """It can crash, and the receiver hears of the last handle, once."""
    cluster = boot(3)
    opened(cluster)
    client, before = helper(cluster, 3), figures(cluster, 1)
    assert client.kept_add(1, 2) == SUM
    move(cluster, delivery)
    cluster.advance(1.1)  # twice a second the network server looks at ports that have moved
    after = figures(cluster, 1)
    assert (after["proxies"], after["exports"]) == (before["proxies"], before["exports"] - 1)
    assert client.kept_add(1, 2) == SUM
    assert figures(cluster, 1)["calls"] == after["calls"] + 1  # what asks this
    cluster.crash("node1")
    cluster.advance(5)
    assert client.kept_add(1, 2) == SUM
    assert probe(cluster, 2).calls() == 2
    client.forget()
    cluster.advance(0.1)
    assert probe(cluster, 2).gone() == 1


def test_redirection_depends_on_the_source(boot: Boot) -> None:
    cluster = boot(3)
    opened(cluster)
    move(cluster, Delivery.REDIRECT)
    assert helper(cluster, 3).kept_add(1, 2) == SUM
    cluster.crash("node1")
    cluster.advance(5)
    assert helper(cluster, 3).kept_add(1, 2) == KERNEL
    assert probe(cluster, 2).calls() == 1


@pytest.mark.parametrize("delivery", WITHOUT_SOURCE)
@pytest.mark.parametrize("crash", [False, True])
def test_a_node_that_was_not_told_asks_who_has_it(boot: Boot, delivery: Delivery, crash: bool) -> None:
    """It does not hear the new node while the port moves; the old one says that it is not there, or is gone."""
    cluster = boot(3)
    opened(cluster)
    cluster.engine.network.cut("node2", "node3")
    move(cluster, delivery)
    cluster.engine.network.heal()
    if crash:
        cluster.crash("node1")
        cluster.advance(4)
    for _ in range(2):
        assert helper(cluster, 3).kept_add(1, 2) == SUM
    assert (probe(cluster, 2).calls(), figures(cluster, 3)["lost"]) == (2, 0)


@pytest.mark.parametrize("delivery", list(Delivery))
def test_messages_that_wait_come_once_and_in_order(boot: Boot, delivery: Delivery) -> None:
    """SENDs from another node, while the receiver is busy, moves, and comes back. (With redirection those that are on
    their way while it comes back may come behind later ones.)
    """
    cluster = boot(3, seed=7)
    near, far = probe(cluster, 1), probe(cluster, 2)
    opened(cluster)
    near.pause_port()
    sending = begin(cluster, 3, "kept_send", 9, service="helper")
    cluster.advance(0.05)
    move(cluster, delivery)
    finish(cluster, sending)
    cluster.advance(0.1)
    assert (near.sent(), far.sent()) == (0, 123456789)
    sending = begin(cluster, 3, "kept_send", 9, service="helper")
    far.leave(delivery)
    near.fetch_port()
    finish(cluster, sending)
    cluster.advance(0.1)
    digits = f"{far.sent()}{near.sent() or ''}"
    in_order = digits if delivery != Delivery.REDIRECT else digits[:9] + "".join(sorted(digits[9:]))
    assert in_order == "123456789123456789"


@pytest.mark.parametrize("delivery", WITHOUT_SOURCE)
def test_a_lossy_wire(boot: Boot, delivery: Delivery) -> None:
    cluster = boot(3, seed=5)
    near, far, client = probe(cluster, 1), probe(cluster, 2), helper(cluster, 3)
    opened(cluster)
    cluster.engine.network.spoil(loss=0.05, duplication=0.1, reordering=0.2, corruption=0.05)
    for number in range(4):
        near.leave(delivery)
        assert near.far_take_port() == 0
        assert client.kept_add(number, 1) == 5 << 32 | number + 1
        far.leave(delivery)
        near.fetch_port()
        assert client.kept_add(number, 2) == 5 << 32 | number + 2
    assert (near.calls(), far.calls()) == (4, 4)


def test_friends_hold_back_until_it_has_moved_or_stays(boot: Boot) -> None:
    cluster = boot(3)
    opened(cluster)
    near, client = probe(cluster, 1), helper(cluster, 3)
    near.leave(Delivery.PREVENT)
    call = begin(cluster, 3, "kept_add", 1, 2, service="helper")
    cluster.advance(2)
    assert not call.over and near.calls() == 0
    near.leave(STAY)
    assert finish(cluster, call, 0.1) == SUM
    assert near.calls() == 1
    near.leave(Delivery.PREVENT)
    call = begin(cluster, 3, "kept_add", 1, 2, service="helper")
    cluster.advance(0.1)
    assert near.far_take_port() == 0
    assert finish(cluster, call, 0.1) == SUM
    assert (near.calls(), probe(cluster, 2).calls()) == (1, 1)
    assert client.kept_add(1, 2) == SUM


def test_nobody_has_it(boot: Boot) -> None:
    """Asked for three times, then dead for whoever calls."""
    cluster = boot(3)
    opened(cluster)
    probe(cluster, 1).leave(Delivery.RECOVER)
    probe(cluster, 1).far_take_port()
    cluster.advance(0.1)
    cluster.crash("node2")
    cluster.advance(2)
    start = cluster.time_ns
    assert helper(cluster, 3).kept_add(1, 2) == UNREACHABLE  # it was not sent: they have not met
    assert helper(cluster, 3).kept_add(1, 2) == KERNEL
    assert cluster.time_ns - start < 3_500_000_000
    assert figures(cluster, 3)["waiting"] == 0


@pytest.mark.parametrize("delivery", WITHOUT_SOURCE)
def test_network_servers_are_swapped_meanwhile(boot: Boot, network_program: bytes, delivery: Delivery) -> None:
    cluster = boot(3)
    opened(cluster)
    move(cluster, delivery)
    for number in (3, 2):
        swap_network(cluster, number, network_program)
        assert helper(cluster, 3).kept_add(1, 2) == SUM
    cluster.crash("node1")
    cluster.advance(4)
    assert helper(cluster, 3).kept_add(1, 2) == SUM
