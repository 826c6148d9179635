"""The network server itself is swapped, or dies."""

from tests.cluster_calls.conftest import Boot, begin, figures, helper, probe, swap_network

UNKNOWN, KERNEL = 1, 5
REPLY_DROPPED = 0x33
SECOND = 1_000_000_000


def test_a_swap_is_a_pause_and_no_more(boot: Boot, network_program: bytes) -> None:
    """Proxies, exports and calls to others go over: the other node does not notice."""
    cluster = boot()
    near, far = probe(cluster, 1), probe(cluster, 2)
    near.connect(2, 0)
    far.connect(1, 0)
    near.far_open(5, 0, 0)
    far.far_open(6, 0, 0)
    helper(cluster, 1).connect(2, 1)
    begin(cluster, 1, "far_wait", 3 * SECOND, 2**64 - 1, service="helper")
    cluster.advance(0.1)
    swap_network(cluster, 1, network_program)
    assert figures(cluster, 1)["waiting"] == 1
    assert helper(cluster, 1).last() == 1
    assert near.kept_add(1, 2) == 5 << 32 | 3 and far.kept_add(3, 4) == 6 << 32 | 7
    assert near.far_add(1, 1) == 2 and far.far_reverse(30_000) == 30_000
    near.forget()
    far.forget()
    cluster.advance(0.1)
    assert near.gone() == far.gone() == 1
    assert figures(cluster, 2)["losses"] == figures(cluster, 1)["losses"] == 0


def test_a_network_server_that_dies(boot: Boot) -> None:
    """Its successor is another: what was between the nodes is over on both sides, and can begin anew."""
    cluster = boot()
    near, far = probe(cluster, 1), probe(cluster, 2)
    near.connect(2, 0)
    far.connect(1, 0)
    near.far_open(5, 0, 0)
    far.far_open(6, 0, 0)
    far.watch()
    near.kill()
    cluster.advance(0.2)
    assert far.watch() >= 1
    near.calls()  # the host's station too finds another server there: this may be asked twice
    assert near.kept_add(1, 2) == far.kept_add(1, 2) == 1000 + KERNEL
    assert near.gone() == far.gone() == 1
    assert near.connect(2, 0) == far.connect(1, 0) == 0
    assert near.far_add(1, 2) == far.far_add(1, 2) == 3
