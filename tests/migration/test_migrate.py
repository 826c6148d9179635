"""A program that moves: what it prints, and how it ends, are as if it had stayed; and what is refused."""

import re

import pytest

from tests.remote.system import System

STRATEGIES = ("copy", "precopy", "reference")
STEPS = 30
FIGURES = re.compile(r"frozen (\d+) us of (\d+) us; (\d+) pages, (\d+) bytes, (\d+) messages, (\d+) links")


def unmoved(system: System) -> list[str]:
    """What the walker prints when nobody moves it."""
    return system.run(f"walker {STEPS} 1")[1].splitlines()


def start(system: System, line: str, name: str) -> str:
    """A line in the background; the pid of its program of that name."""
    system.lines(f"{line} &")
    return system.programs()[name]


def where(system: System, pid: str) -> str:
    """The node on which a program runs, by `ps`."""
    rows = [row.split() for row in system.lines("ps")[1:]]
    return next((row[0] for row in rows if row[1] == pid and "moved" not in row), "")


def finish(system: System, expected: list[str]) -> None:
    """The walker in the background ends with its own status, and has printed all."""
    status, _ = system.run("wait %1")
    assert status == 7
    assert system.lines("cat log") == expected


@pytest.mark.parametrize("memory", STRATEGIES)
def test_it_goes_on_elsewhere(system: System, memory: str) -> None:
    expected = unmoved(system)
    pid = start(system, f"walker {STEPS} 20 > log", "walker")
    system.cluster.advance(0.1)
    (said,) = system.lines(f"migrate --memory {memory} {pid} node2")
    figures = FIGURES.match(said)
    assert figures is not None, said
    frozen, total, pages, size, _, links = (int(figure) for figure in figures.groups())
    assert 0 < frozen <= total < 1_000_000 and size >= 4096 * pages and links >= 5
    assert ("left behind" in said) == (memory == "reference") and (pages > 10) == (memory != "reference"), said
    assert where(system, pid) == "node2"
    finish(system, expected)
    assert where(system, pid) == ""


@pytest.mark.parametrize("memory", STRATEGIES)
def test_it_wanders_and_comes_home(system: System, memory: str) -> None:
    expected = unmoved(system)
    pid = start(system, f"walker {STEPS} 20 > log", "walker")
    for node in ("node2", "node3", "node1", "node3"):
        system.cluster.advance(0.03)
        system.lines(f"migrate --memory {memory} {pid} {node}")
        assert where(system, pid) == node
    finish(system, expected)


def test_a_call_under_way_is_answered_where_the_caller_is(system: System) -> None:
    """`cat` waits for the pipe nearly all the time."""
    expected = unmoved(system)
    pid = start(system, f"walker {STEPS} 20 | cat > log", "cat")
    system.cluster.advance(0.05)
    system.lines(f"migrate {pid} node2")
    assert where(system, pid) == "node2"
    system.cluster.advance(0.05)
    system.lines(f"migrate {pid} node3")
    system.run("wait %1")
    assert system.lines("cat log") == expected


def test_it_is_ended_from_home(system: System) -> None:
    pid = start(system, "walker 1000 20 > log", "walker")
    system.lines(f"migrate {pid} node2")
    system.lines(f"kill -s 9 {pid}")
    status, _ = system.run("wait %1")
    assert (status, where(system, pid)) == (9, "")


def test_what_cannot_be_moved_stays(system: System) -> None:
    pid = start(system, f"walker {STEPS} 20 > log", "walker")
    system.lines("holder &")
    for line, why in (
        (f"migrate {pid} node1", "on this node already"),
        (f"migrate {pid} node9", "there is no such node"),
        ("migrate 77 node2", "no such program"),
        (f"migrate --memory teleport {pid} node2", "there is no strategy teleport: copy, precopy or reference"),
        ("migrate --memory", "--memory needs a value"),
        (f"migrate {system.programs()['holder']} node2", "it holds a memory object"),
    ):
        status, output = system.run(line)
        assert status != 0 and why in output, f"{line}: {output}"
    assert where(system, pid) == "node1"
    assert system.run("wait %1")[0] == 7


def test_its_node_goes(system: System) -> None:
    """Whoever waits for it at home learns that; it does not run anywhere."""
    pid = start(system, "walker 1000 20 > log", "walker")
    system.lines(f"migrate {pid} node2")
    system.cluster.monitor("crash node2")
    status, _ = system.run("wait %1")
    assert status == 129
    assert where(system, pid) == ""


def test_its_home_goes(system: System) -> None:
    """Nobody is left whom it could serve."""
    pid = start(system, "walker 1000 20 > log", "walker")
    system.lines(f"migrate {pid} node2")
    system.cluster.monitor("crash node1")
    system.cluster.advance(6)
    assert f"walker ({pid.partition('.')[2]}) ended: its home node1 is gone" in system.console("node2")
    system.cluster.advance(10)  # so long its home is waited for, which would want to know
    assert pid not in system.programs("node2", "-l").values()
