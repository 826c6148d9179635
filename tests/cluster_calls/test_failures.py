"""Nodes that die, callers that give up, services that do not answer: every call ends, and honestly."""

from tests.cluster_calls.conftest import Boot, begin, figures, finish, probe

UNKNOWN, KERNEL = 1, 5
REPLY_DROPPED = 0x33
TIMED_OUT = 0x36
SECOND = 1_000_000_000


def test_a_service_that_drops_a_call(boot: Boot) -> None:
    cluster = boot()
    near = probe(cluster, 1)
    near.connect(2, 0)
    assert near.far_drop() == UNKNOWN
    assert near.far_add(1, 2) == 3


def test_a_long_call_is_answered(boot: Boot) -> None:
    cluster = boot()
    near = probe(cluster, 1)
    near.connect(2, 0)
    assert near.far_wait(20 * SECOND, 2**64 - 1) == 1


def test_a_caller_that_gives_up(boot: Boot) -> None:
    """The call at the other node is cancelled within a second."""
    cluster = boot()
    near = probe(cluster, 1)
    near.connect(2, 0)
    assert near.far_wait(60 * SECOND, SECOND) == 1000 + TIMED_OUT
    cluster.advance(1.0)
    assert figures(cluster, 1)["waiting"] == 0
    assert figures(cluster, 2)["busy"] == 1  # what asks
    assert figures(cluster, 2)["cancelled"] == 1
    assert near.far_add(1, 2) == 3


def test_a_node_that_dies_in_the_middle_of_a_call(boot: Boot) -> None:
    """Who waits for it is told after three seconds of silence; its gates are dead, and so is its name."""
    cluster = boot()
    near = probe(cluster, 1)
    near.connect(2, 0)
    near.far_open(5, 0, 0)
    assert near.watch() == 0
    call = begin(cluster, 1, "far_wait", 60 * SECOND, 2**64 - 1)
    cluster.advance(0.1)
    cluster.crash("node2")
    died = cluster.time_ns
    assert finish(cluster, call) == 1000 + REPLY_DROPPED
    assert 2.5 * SECOND < cluster.time_ns - died < 3.5 * SECOND
    assert near.kept_add(1, 2) == 1000 + KERNEL
    assert near.connect(2, 0) == 1
    assert near.watch() == 1
    counts = figures(cluster, 1)
    assert counts["proxies"] == counts["waiting"] == 0 and counts["losses"] == 1


def test_what_a_dead_node_held_is_given_up(boot: Boot) -> None:
    """Its gates are counted as gone, its calls cancelled."""
    cluster = boot()
    far = probe(cluster, 2)
    far.connect(1, 0)
    far.far_open(5, 0, 0)
    begin(cluster, 2, "far_wait", 60 * SECOND, 2**64 - 1)
    cluster.advance(0.1)
    cluster.crash("node2")
    cluster.advance(4)
    counts = figures(cluster, 1)
    assert probe(cluster, 1).gone() == 1
    assert counts["cancelled"] == 1 and counts["busy"] == 1
    assert counts["exports"] == 1  # the root of names


def test_a_node_that_starts_again_is_another(boot: Boot) -> None:
    """Noticed at once, long before a silence would be; what is asked then works."""
    cluster = boot()
    near = probe(cluster, 1)
    near.connect(2, 0)
    near.watch()
    call = begin(cluster, 1, "far_wait", 60 * SECOND, 2**64 - 1)
    cluster.advance(0.1)
    cluster.start("node2")
    assert finish(cluster, call, 1.0) == 1000 + REPLY_DROPPED
    cluster.wait_for("/services/probe", node="node2")
    assert near.watch() >= 1
    assert near.connect(2, 0) == 0
    assert near.far_add(1, 2) == 3


def test_a_lossy_wire(boot: Boot) -> None:
    """A tenth of the frames of each link lost, doubled, late or damaged: slower, that is all."""
    cluster = boot(seed=11)
    near, far = probe(cluster, 1), probe(cluster, 2)
    near.connect(2, 0)
    before = far.calls()
    cluster.engine.network.spoil(loss=0.05, duplication=0.1, reordering=0.1, corruption=0.05)
    for number in range(20):
        assert near.far_add(number, 1) == number + 1
    assert near.far_reverse(65_536) == 65_536
    for number in range(5):
        assert near.far_open(number, 1, 2) == number << 32 | 3
    near.forget()
    cluster.engine.network.heal()
    cluster.advance(1.0)
    assert far.calls() == before + 25
    assert far.gone() == 5
    assert figures(cluster, 2)["exports"] == 2  # the root of names, and what node 1 calls
