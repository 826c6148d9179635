"""Rights to reply that cross the wire: whoever has one answers the caller, and every caller hears of its end."""

from atoll.cluster.cluster import Cluster
from atoll.net.station import Call
from tests.cluster_calls.conftest import Boot, begin, figures, finish, helper, probe

REPLY_DROPPED, CALLER_GONE, TIMED_OUT = 0x33, 0x34, 0x36
SECOND = 1_000_000_000
NEVER = 2**64 - 1


def let_wait(cluster: Cluster, patience: int = NEVER) -> Call:
    """Node 1's helper asks node 1's probe, which sends the right to answer on to node 2's."""
    probe(cluster, 1).connect(2, 0)
    helper(cluster, 1).connect(1, 0)
    call = begin(cluster, 1, "far_relay", patience, service="helper")
    cluster.advance(0.05)
    return call


def test_another_node_answers(boot: Boot) -> None:
    """Also with a gate; afterwards nothing is left of it, at either node."""
    cluster = boot()
    far = probe(cluster, 2)
    for number in range(3):
        call = let_wait(cluster)
        assert figures(cluster, 1)["waiting"] == 1
        assert far.answer_caller(7 + number) == 0
        assert finish(cluster, call) == 7 + number << 32 | 3
        helper(cluster, 1).forget()
        cluster.advance(0.1)
        objects = (probe(cluster, 1).objects(), far.objects())
        if number == 1:
            before = objects
    assert objects == before
    assert figures(cluster, 1)["waiting"] == 0
    assert figures(cluster, 1)["busy"] == figures(cluster, 2)["busy"] == 1
    assert far.gone() == 3


def test_a_right_that_is_dropped(boot: Boot) -> None:
    cluster = boot()
    call = let_wait(cluster)
    probe(cluster, 2).drop_caller()
    assert finish(cluster, call, 0.1) == 1000 + REPLY_DROPPED
    assert probe(cluster, 1).far_add(1, 2) == 3


def test_a_caller_that_gives_up(boot: Boot) -> None:
    """Whoever has the right is told when he answers."""
    cluster = boot()
    call = let_wait(cluster, SECOND)
    assert finish(cluster, call) == 1000 + TIMED_OUT
    cluster.advance(1.0)
    assert figures(cluster, 2)["busy"] == 1
    assert probe(cluster, 2).answer_caller(7) == 1000 + CALLER_GONE
    assert figures(cluster, 1)["waiting"] == 0


def test_a_node_that_dies_with_the_right(boot: Boot) -> None:
    cluster = boot()
    call = let_wait(cluster)
    cluster.crash("node2")
    died = cluster.time_ns
    assert finish(cluster, call) == 1000 + REPLY_DROPPED
    assert 2.5 * SECOND < cluster.time_ns - died < 3.5 * SECOND


def test_a_callers_node_that_dies(boot: Boot) -> None:
    cluster = boot()
    let_wait(cluster)
    cluster.crash("node1")
    cluster.advance(4)
    assert probe(cluster, 2).answer_caller(7) == 1000 + CALLER_GONE
    assert figures(cluster, 2)["busy"] == 1


def test_a_right_that_comes_back_in_a_reply(boot: Boot) -> None:
    """It goes the way that it came: the answer passes through node 2."""
    cluster = boot()
    near = probe(cluster, 1)
    call = let_wait(cluster)
    near.fetch_caller()
    assert figures(cluster, 2)["waiting"] == 1
    assert near.answer_caller(9) == 0
    assert finish(cluster, call) == 9 << 32 | 3
    assert near.far_add(1, 2) == 3
    assert figures(cluster, 2)["waiting"] == 0 and figures(cluster, 2)["busy"] == 1


def test_a_lossy_wire(boot: Boot) -> None:
    """The right and the message that it comes with may arrive in any order."""
    cluster = boot(seed=5)
    far = probe(cluster, 2)
    let_wait(cluster)
    far.answer_caller(0)
    cluster.engine.network.spoil(loss=0.05, duplication=0.1, reordering=0.2, corruption=0.05)
    for number in range(8):
        call = begin(cluster, 1, "far_relay", NEVER, service="helper")
        cluster.advance(2.0)
        assert far.answer_caller(number) == 0
        assert finish(cluster, call) == number << 32 | 3
    cluster.engine.network.heal()
    cluster.advance(1.0)
    assert figures(cluster, 1)["waiting"] == 0 and figures(cluster, 2)["busy"] == 1
