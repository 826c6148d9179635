"""A node is about to fail: what is at home elsewhere is moved off it, and goes on."""

from tests.remote.system import System


def test_guests_leave_and_go_on(system: System) -> None:
    expected = system.run("walker 30 1")[1].splitlines()
    system.lines("walker 30 20 > log &")
    pid = system.programs()["walker"]
    system.lines(f"migrate {pid} node2")
    said = system.cluster.monitor("failing node2 300ms")
    assert f"walker ({pid}) has moved to node1\n" in said and said.endswith("node2 is off\n"), said
    assert "shell (2.1) stays: it is at home there" in said
    assert system.run("wait %1")[0] == 7
    assert system.lines("cat log") == expected


def test_one_that_was_started_there_is_still_its_starters(system: System) -> None:
    """Its pid names the node that has gone; its status and `kill` are found where it is now."""
    expected = system.run("walker 30 1")[1].splitlines()
    system.lines("walker 30 20 @node2 > log &")
    system.lines("walker 1000 20 @node2 > /tmp/other &")
    said = system.cluster.monitor("failing node2 300ms")
    assert said.count("has moved to node1\n") == 2, said
    assert system.run("wait %1")[0] == 7
    assert system.lines("cat log") == expected
    assert system.run(f"kill {system.programs()['walker']}") == (0, "")
    assert system.run("wait %2") == (137, "")
    system.cluster.advance(15)      # so long the node that has gone could come back and ask
    assert "walker" not in system.programs()


def test_what_does_not_come_away_in_time_is_told(system: System) -> None:
    system.lines("walker 1000 20 > log &")
    pid = system.programs()["walker"]
    system.lines(f"migrate {pid} node2")
    begin = system.cluster.time_ns
    said = system.cluster.monitor("failing node2 1ms")
    assert f"walker ({pid}) stays: there is no time left" in said, said
    assert system.cluster.time_ns - begin >= 1_000_000
    assert system.run("wait %1")[0] == 129
