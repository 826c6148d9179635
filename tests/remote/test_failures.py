"""When a node goes: at home nobody hangs and the status is 125; if it was the home, the program is ended."""

import pytest

from tests.remote.system import System

NOTICED = 6     # seconds until a node's silence has consequences


def test_the_node_of_a_program_goes(system: System) -> None:
    system.run("sleep 1000 @node2 &")
    system.cluster.monitor("crash node2")
    started = system.cluster.time_ns
    assert system.run("wait %1") == (125, "shell: sleep: node2 has gone\n")
    assert system.cluster.time_ns - started < NOTICED * 10**9
    assert system.lines("jobs") == []
    assert system.run("where @node3") == (0, "3\n")


def test_a_program_for_a_node_that_has_just_gone(system: System) -> None:
    """Nobody has noticed yet; then everybody knows."""
    system.cluster.monitor("crash node2")
    assert system.run("where @node2") == (126, "shell: @node2: this node has fallen silent\n")
    system.cluster.advance(NOTICED)
    assert system.run("where @node2") == (126, "shell: @node2: this node is down\n")


def test_it_goes_and_comes_back(system: System) -> None:
    system.run("sleep 1000 @node2 &")
    system.cluster.monitor("crash node2")
    system.cluster.monitor("start node2")
    assert system.run("wait %1") == (125, "shell: sleep: node2 has gone\n")
    system.cluster.advance(NOTICED)
    assert system.run("where @node2") == (0, "2\n")


def test_one_of_a_pipeline_goes(system: System) -> None:
    """The end of the pipe comes, so the others end by themselves."""
    system.run("sleep 1000 @node2 | cat @node3 &")
    system.cluster.monitor("crash node2")
    assert system.run("wait %1") == (0, "shell: sleep: node2 has gone\n")


def test_home_goes(system: System) -> None:
    system.run("sleep 1000 @node2 &")
    pid = system.programs("node2")["sleep"]
    system.cluster.monitor("crash node1")
    system.cluster.advance(NOTICED)
    serial = pid.split(".")[1]
    assert f"programs: sleep ({serial}) ended: its home node1 is gone\n" in system.console("node2")
    assert "sleep" not in system.programs("node2")


def test_home_is_switched_on_again(system: System) -> None:
    system.run("sleep 1000 @node2 &")
    system.cluster.monitor("crash node1")
    system.cluster.monitor("start node1")
    system.cluster.advance(NOTICED)
    assert "ended: its home node1 is gone\n" in system.console("node2")
    assert "sleep" not in system.programs("node2", "-l")


def test_home_goes_before_the_start(system: System) -> None:
    system.run("holder node2 &")
    assert system.programs("node2", "-l")["sleep"].startswith("2.")
    system.cluster.monitor("crash node1")
    system.cluster.advance(NOTICED)
    assert "sleep" not in system.programs("node2", "-l")


def test_only_the_starter_goes(system: System) -> None:
    """A program goes on without who started it; one that was only prepared is gone with it."""
    system.run("shell -c 'sleep 1000 @node2 &'; holder node3 &")
    assert "sleep" in system.programs("node1", "node2")
    assert "sleep" in system.programs("node1", "node3")
    system.run("kill %1; kill " + system.programs("node1", "-l")["holder"])
    system.cluster.advance(1)
    assert "sleep" in system.programs("node1", "node2")
    assert "sleep" not in system.programs("node1", "node3")
    system.cluster.monitor("crash node1")
    system.cluster.advance(NOTICED)
    assert "sleep" not in system.programs("node2", "-l")


def test_another_node_goes(system: System) -> None:
    """What is at home elsewhere goes on."""
    system.run("sleep 1000 @node2 &")
    system.cluster.monitor("crash node3")
    system.cluster.advance(NOTICED)
    assert "sleep" in system.programs()
    assert "is gone" not in system.console("node2")


def test_the_program_manager_there_is_started_again(system: System) -> None:
    """It knows the program again, and where that is at home."""
    system.run("sleep 1000 @node2 &")
    assert system.run("kill programs", "node2")[0] == 0
    system.cluster.advance(1)
    assert "sleep" in system.programs("node1", "node2")
    system.cluster.monitor("crash node1")
    system.cluster.advance(NOTICED)
    assert "ended: its home node1 is gone\n" in system.console("node2")


def test_the_memory_manager_there_is_started_again(system: System) -> None:
    system.run("sleep 3 @node2 &")
    assert system.run("kill memory", "node2")[0] == 0
    assert system.run("wait %1") == (0, "")


@pytest.mark.parametrize("name", ["programs", "memory"])
def test_a_server_there_is_replaced(system: System, name: str) -> None:
    """The new one has the program, its image and its home."""
    system.run("sleep 3 @node2 &")
    assert system.run(f"swap {name} /lib/servers/{name}", "node2")[0] == 0
    assert system.run("wait %1") == (0, "")
    assert "IllegalAccess" in system.run("crash pointer @node2")[1]
    system.run("sleep 1000 @node2 &")
    assert system.run(f"swap {name} /lib/servers/{name}", "node2")[0] == 0
    system.cluster.monitor("crash node1")
    system.cluster.advance(NOTICED)
    assert "ended: its home node1 is gone\n" in system.console("node2")
