"""Swaps under load: clients hammer naming, files and the console, and see nothing of it but a pause."""

from collections.abc import Callable

import pytest

from atoll.cluster.cluster import Cluster
from atoll.servers.supervisor.interface import Supervisor
from atoll.servers.time.interface import Time

MILLISECOND = 1_000_000
LONGEST = 5 * MILLISECOND                   # of a pause, in virtual time
MOST_TRIES = 8
ROUNDS = 3                                  # that each client does between two swaps at least, on average
Put = Callable[..., None]


def hammer(system: Cluster, put: Put, name: str, swaps: int, then: str = "") -> int:
    """Swap a service to and fro under load; everything is complete and in its order. The longest pause."""
    put("hammer", f"{name}1", f"{name}2")
    result = system.run(f"/variants/hammer {name} {swaps} /variants/{name}2 /variants/{name}1{then}")
    lines = result.output.splitlines()
    numbered, rest = [line for line in lines if line.startswith("line ")], lines[-1].split()
    assert numbered == [f"line {number}" for number in range(len(lines) - 1)], lines[-3:]
    assert rest[:3] == [f"{name}:", str(swaps), "swaps,"], lines[-1]
    assert rest[-2:] == ["0", "errors"] and result.status == 0
    rounds = [int(word.rstrip(",")) for word in rest[8:11]]
    assert min(rounds) >= ROUNDS * swaps and rounds[2] == len(numbered)
    return int(rest[5])


def versions(system: Cluster) -> dict[str, tuple[int, int]]:
    """Generation and version of each service."""
    lines = system.run("services").output.splitlines()[1:]
    return {words[-1]: (int(words[1]), int(words[2])) for words in map(str.split, lines)}


def tally(system: Cluster) -> str:
    """What there is of everything."""
    return system.run("/variants/tally").output


def settle(system: Cluster, action: Callable[[], None]) -> None:
    """Do something until it leaves everything as it was. The first times fill caches; a leak would go on for ever."""
    counts = [""]
    for _ in range(MOST_TRIES):
        action()
        counts.append(tally(system))
        if counts[-1] == counts[-2]:
            return
    pytest.fail("\n".join(counts))


@pytest.mark.parametrize("name", ["naming", "files", "console"])
def test_under_load(system: Cluster, put: Put, name: str) -> None:
    assert hammer(system, put, name, 6) <= LONGEST
    assert versions(system)[name] == (0, 6)


@pytest.mark.long
@pytest.mark.parametrize("name", ["naming", "files", "console"])
def test_under_load_for_long(system: Cluster, put: Put, name: str) -> None:
    assert hammer(system, put, name, 50) <= LONGEST


@pytest.mark.parametrize("name", ["memory", "programs", "supervisor"])
def test_what_clients_run_on(system: Cluster, put: Put, name: str) -> None:
    """They need each of these too, if only to have their pages; the program itself runs, and is waited for."""
    check_swaps(system, put, name)


@pytest.mark.long
@pytest.mark.parametrize("name", ["block", "time", "entropy", "session"])
def test_all_others(system: Cluster, put: Put, name: str) -> None:
    check_swaps(system, put, name)


def check_swaps(system: Cluster, put: Put, name: str) -> None:
    """Two, while clients work; afterwards everything still works."""
    assert hammer(system, put, name, 2) <= LONGEST
    assert versions(system)[name] == (0, 2)
    assert system.run("hello | cat > /variants/greeting; cat /variants/greeting").status == 0


def test_pipes_with_somebody_at_both_ends(system: Cluster, put: Put) -> None:
    """What the program writes comes through a pipe that is full or empty nearly all the time."""
    assert hammer(system, put, "pipe", 4, " | cat") <= LONGEST


@pytest.mark.parametrize("name", ["files", "programs", "supervisor"])
def test_nothing_is_left_of_the_old_ones(system: Cluster, put: Put, name: str) -> None:
    check_nothing_is_left(system, put, name)


@pytest.mark.long
@pytest.mark.parametrize("name", ["naming", "console", "memory", "block", "time", "entropy", "session", "pipe"])
def test_nothing_is_left_of_others(system: Cluster, put: Put, name: str) -> None:
    check_nothing_is_left(system, put, name)


def check_nothing_is_left(system: Cluster, put: Put, name: str) -> None:
    """After two swaps there is as much of everything as before."""
    put("tally", f"{name}1", f"{name}2")

    def to_and_fro() -> None:
        assert system.run(f"swap {name} /variants/{name}2").status == 0
        assert system.run(f"swap {name} /variants/{name}1").status == 0

    settle(system, to_and_fro)


def test_the_time_goes_over(system: Cluster, put: Put) -> None:
    clock = system.client(Time, "/services/time")
    clock.set(10**18)
    put("time2")
    assert system.run("swap time /variants/time2").status == 0
    assert 10**18 < clock.now() < 10**18 + 10**9


def test_the_supervisor_goes_on_with_its_work(system: Cluster, put: Put) -> None:
    """After its own swap it restarts servers, swaps them, and is swapped once more."""
    put("supervisor2", "naming2", "kill")
    assert system.run("swap supervisor /variants/supervisor2").status == 0
    for name in ("files", "console", "time"):
        assert system.run(f"/variants/kill {name}").status == 0
        assert system.run("ls /").output.split()[0] == "bin"
        assert versions(system)[name] == (1, 0)
    swaps = "swap supervisor /variants/supervisor2; swap naming /variants/naming2"
    lines = system.run(f"/variants/kill naming; {swaps}; services").output.splitlines()
    assert [line.split()[1:3] for line in lines if line.endswith(" naming")] == [["1", "1"]], lines
    assert [line.split()[1:3] for line in lines if line.endswith(" supervisor")] == [["0", "2"]], lines


def test_programs_outlive_a_swap_and_a_death_of_their_manager(system: Cluster, put: Put) -> None:
    """The shell was started by the first program manager; the third one knows it."""
    put("programs2")
    assert system.run("swap programs /variants/programs2").status == 0
    system.client(Supervisor, "/services/supervisor").kill("programs")
    assert system.run("hello").status == 0
    assert [line.split()[1] for line in system.run("ps").output.splitlines() if line.endswith(" shell")] == ["1.1"]
    assert versions(system)["programs"] == (1, 1)


def test_there_is_no_such_service(system: Cluster, put: Put) -> None:
    put("time2")
    result = system.run("swap nobody /variants/time2")
    assert result.status != 0 and "nobody" in result.output
