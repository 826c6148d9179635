"""What becomes of messages to a program that has moved: with prevention and recovery the node that it has left can go.

That node, node2, is neither where the program was born, nor the seat of a server that it uses.
"""

import re

import pytest

from atoll.servers.network.interface import Network, NetworkFigures
from tests.remote.system import System

LINE = "traveller 40 10 1"
CALLER = "caller 1 30"
WITHOUT_SOURCE = ("prevent", "recover")


def figures(system: System, node: str) -> dict[str, int]:
    """What a node's network server has now."""
    data = bytes(system.cluster.client(Network, "/services/network", node).figures())  # type: ignore[call-overload]
    names = [name for name in NetworkFigures.__annotations__ for _ in range(7 if name == "dropped" else 1)]
    words = [int.from_bytes(data[8 * place : 8 * place + 8], "little") for place in range(len(data) // 8)]
    return dict(zip(names, words, strict=True))


def travel(system: System, delivery: str) -> list[str]:
    """From node1 by way of node2 to node3, while somebody calls; what each migration says."""
    system.lines(f"{LINE} > log &")
    pid = system.programs()["traveller"]
    system.cluster.advance(0.02)
    system.lines(f"{CALLER} > called &")
    said = []
    for node in ("node2", "node3"):
        system.cluster.advance(0.03)
        said += system.lines(f"migrate --delivery {delivery} {pid} {node}")
    return said


def unmoved(system: System) -> list[str]:
    """What it prints when nobody moves it."""
    system.lines(f"{LINE} > log &")
    system.cluster.advance(0.02)
    system.lines(CALLER)
    assert system.run("wait %1")[0] == 7
    return system.lines("cat log")


@pytest.mark.parametrize("delivery", WITHOUT_SOURCE)
def test_nothing_is_left_behind(system: System, delivery: str) -> None:
    """The source crashes just after; all calls are answered, each once."""
    expected = unmoved(system)
    system.restore()
    before = figures(system, "node2")
    said = travel(system, delivery)
    assert not any("depends on" in text for text in said), said
    system.cluster.advance(0.01)
    after = figures(system, "node2")
    assert after["redirected"] == 0 and after["exports"] <= before["exports"] + 1  # what its mover may be called by
    system.cluster.crash("node2")
    assert system.run("wait %1")[0] == 7
    assert system.run("wait %2")[0] == 0
    assert system.lines("cat log") == expected
    assert system.lines("cat called") == ["caller 1: 30 answers"]


def test_redirection_depends_on_the_source(system: System) -> None:
    """It says so, and the source's crash hurts: the program cannot be called any more."""
    said = travel(system, "redirect")
    assert re.search(r"; depends on node2: 2 ports, \d calls$", said[1]), said
    assert figures(system, "node2")["redirected"] >= 1
    system.cluster.crash("node2")
    status, _ = system.run("wait %2")
    assert status != 0
    assert system.run("cat called")[1].count("answers") == 0


def test_gates_are_given_back_behind_calls_through_them(system: System) -> None:
    """Who moves closes its gates while an answer is awaited; and the call's request may have been lost at first."""
    system.cluster.engine.network.spoil(loss=0.2)
    assert system.run("closer") == (0, "")
