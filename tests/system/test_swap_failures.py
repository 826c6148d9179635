"""Swaps that fail, in every way that we could think of: the old server goes on, and nothing of the attempt is left."""

from collections.abc import Callable

import pytest

from atoll.cluster.cluster import Cluster
from atoll.servers.time.interface import Time
from tests.system.test_swap import settle, versions
from tests.system.variants import FAILURES, OLD_FAILURES, Failure

NO_PROGRAM = Failure("is no program", "it cannot be started: ")
FOR_THE_SUPERVISOR = ("is no program", "crashes in start", "refuses the state", "hangs in import")
Put = Callable[..., None]
SET = 10**18


def fail(system: Cluster, name: str, failure: Failure) -> None:
    """Try a swap; it fails, and it is said why."""
    result = system.run(f"swap {name} /swaps/{failure.name.replace(' ', '_')}")
    assert result.status != 0
    assert failure.said in result.output, result.output


def check_nothing_changed(system: Cluster, name: str, failure: Failure) -> None:
    """However often it is tried, nothing of it is left, and the old version serves."""
    before = versions(system)
    settle(system, lambda: fail(system, name, failure))
    assert versions(system) == before


@pytest.mark.parametrize("failure", [*FAILURES, NO_PROGRAM], ids=lambda failure: failure.name)
def test_a_new_version(system: Cluster, put: Put, failure: Failure) -> None:
    put("tally", failure.name)
    clock = system.client(Time, "/services/time")
    clock.set(SET)
    start = system.time_ns
    check_nothing_changed(system, "time", failure)
    assert abs(clock.now() - SET - (system.time_ns - start)) < 1_000_000


@pytest.mark.parametrize("failure", OLD_FAILURES, ids=lambda failure: failure.name)
def test_an_old_version(system: Cluster, put: Put, failure: Failure) -> None:
    """One that cannot hand over goes on; killed, it is what it was first, and can be swapped again."""
    put("tally", "kill", failure.name, "time2")
    clock = system.client(Time, "/services/time")
    name = f"/swaps/{failure.name.replace(' ', '_')}"
    assert system.run(f"swap time {name}").status == 0
    clock.set(SET)
    for _ in range(2):
        result = system.run("swap time /swaps/time2")
        assert result.status != 0 and failure.said in result.output
        assert SET < clock.now() < SET + 60 * 10**9
    assert versions(system)["time"] == (0, 1)
    assert system.run("/swaps/kill time").status == 0
    assert system.run("swap time /swaps/time2").status == 0
    assert versions(system)["time"] == (1, 2)


@pytest.mark.parametrize("name", FOR_THE_SUPERVISOR)
def test_a_new_supervisor(system: Cluster, put: Put, name: str) -> None:
    """A time server will do as one that is no good."""
    failure = next(failure for failure in (*FAILURES, NO_PROGRAM) if failure.name == name)
    put("tally", "supervisor2", failure.name)
    check_nothing_changed(system, "supervisor", failure)
    assert system.run("swap supervisor /swaps/supervisor2").status == 0
