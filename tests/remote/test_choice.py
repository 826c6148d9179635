"""`@*`: the first node that answers, which is the nearest while all are idle, and an idle one while that is busy."""

from tests.remote.system import System


def test_the_nearest_of_idle_nodes(system: System) -> None:
    assert system.lines("where @*") == ["2"]


def test_a_nearer_but_busy_node_loses(system: System) -> None:
    system.run("spin 1000000000 @node2 &")
    assert system.lines("where @*") == ["3"]
    system.run(f"kill {system.programs()['spin']}; wait")
    assert system.lines("where @*") == ["2"]


def test_only_who_fits_answers(system: System) -> None:
    assert system.lines("where @*:memory=160,speed=400") == ["2"]
    system.run("spin 1000000000 @node2 &")
    assert system.lines("where @*:speed=900") == ["2"]      # busy, but the only one
    assert system.lines("where @*:speed=400") == ["3"]


def test_nobody_is_there(system: System) -> None:
    for node in ("node2", "node3"):
        system.cluster.monitor(f"crash {node}")
    system.cluster.advance(6)
    assert system.run("where @*") == (126, "shell: @*: no other node is up\n")


def test_one_that_runs_elsewhere_asks_those_around_it(system: System) -> None:
    assert system.lines('sh -c "where @*" @node2') == ["1"]
