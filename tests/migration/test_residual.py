"""What a program takes along and leaves behind when it moves: CPU time goes on; `ps` and `--stats` say which nodes it
needs, and for what.
"""

from atoll.cluster.programs import Program, programs, residual_dependencies
from tests.remote.system import System

NAME = "traveller"
LINE = f"{NAME} 100 5 0 > log &"
SECONDS = 0.05  # between two moves


def start(system: System) -> str:
    """A program that has two ports; its pid."""
    system.lines(LINE)
    return system.programs()[NAME]


def move(system: System, pid: str, node: str, memory: str, delivery: str) -> str:
    """Let it move; what `ps` says behind its name where it is then."""
    system.cluster.advance(SECONDS)
    system.lines(f"migrate --memory {memory} --delivery {delivery} {pid} {node}")
    (row,) = (row for row in system.lines(f"ps {node}") if f" {pid} " in row)
    return row.partition(f" {NAME}")[2]


def seen(system: System, node: str) -> Program:
    """What its program manager says."""
    (found,) = (each for each in programs(system.cluster, node) if each.name == NAME)
    return found


def test_it_needs_where_it_was(system: System) -> None:
    """By redirection and reference those nodes that it has left, besides its home."""
    pid = start(system)
    assert move(system, pid, "node2", "reference", "redirect") == " (needs 1hps)"
    assert move(system, pid, "node3", "reference", "redirect") == " (needs 1hps,2ps)"
    (needed,) = residual_dependencies(system.cluster)
    assert needed.pop("pages_left") >= seen(system, "node3").pages_left > 0  # it goes on fetching
    assert needed == {"pid": pid, "name": NAME, "node": 3, "home": 1, "pages_at": [1, 2], "sent_on_by": [1, 2]}
    assert system.run("wait %1")[0] == 7
    assert residual_dependencies(system.cluster) == []


def test_it_needs_its_home_only(system: System) -> None:
    """All that was left comes along when it moves by copy and prevention."""
    pid = start(system)
    move(system, pid, "node2", "reference", "redirect")
    assert move(system, pid, "node3", "copy", "prevent") == " (needs 1h)"
    assert move(system, pid, "node1", "copy", "recover") == ""
    assert residual_dependencies(system.cluster) == []
    assert system.run("wait %1")[0] == 7


def test_its_cpu_time_goes_on(system: System) -> None:
    pid = start(system)
    system.cluster.advance(SECONDS)
    used = seen(system, "node1").cpu_time
    assert used > 0
    for node in ("node2", "node3", "node1"):
        move(system, pid, node, "copy", "prevent")
        now = seen(system, node)
        assert now.cpu_time >= used and now.cpu_elsewhere >= used, now
        used = now.cpu_time
    system.cluster.advance(SECONDS)
    assert seen(system, "node1").cpu_time > used
    assert system.run("wait %1")[0] == 7
