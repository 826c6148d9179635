"""Clients that give up while a server works on their call."""

from collections.abc import Callable

from atoll.cluster.cluster import Cluster


def test_a_gate_that_nobody_waits_for_is_given_back(system: Cluster, put: Callable[..., None]) -> None:
    """The server's answer is refused; the handle in it is still the server's, and must not stay there."""
    put("impatient", "tally")
    seen = []
    for _ in range(3):
        missed = int(system.run("/variants/impatient").output.split()[1])
        assert 10 < missed < 90
        seen.append(system.run("/variants/tally").output)
    assert seen[1] == seen[2]
