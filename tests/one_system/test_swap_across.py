"""Servers are swapped at either end of the wire while clients on other nodes call, and notice nothing."""

import re

import pytest

from atoll.cluster.services import services
from atoll.cluster.transfer import put_file
from atoll.compiler.cache import Cache
from atoll.compiler.driver import compile_file
from tests.one_system.nodes import Nodes

# Programs on nodes 2 and 3, at home on node 1: so all services that they use are node 1's.
HAMMER = "hammer - {milliseconds} {number} @node{number} &"
CLIENT = "client {kind} {number} {milliseconds} @node{number} &"
CALLERS = ("hammer", "pipe", "programs", "counter", "cluster")
SWAPPED = ("naming", "files", "console", "block", "pipe", "programs", "memory", "directory", "network")
LEAST_ROUNDS = 4


@pytest.fixture(scope="module")
def counter(cache: Cache) -> bytes:
    """The one server whose program is not on the disk."""
    from pathlib import Path

    return compile_file(Path("servers/counter/main.py"), "program", cache=cache)


def start(nodes: Nodes, caller: str, milliseconds: int) -> int:
    """Two clients begin; where the console of node 1 stood."""
    nodes.run("mkdir /variants 2>/tmp/refused")
    begin = len(nodes.cluster.find("node1").console)
    line = HAMMER if caller == "hammer" else CLIENT
    for number in (2, 3):
        nodes.run(line.format(kind=caller, number=number, milliseconds=milliseconds))
    return begin


def swap(nodes: Nodes, name: str, node: str, swaps: int) -> None:
    """Several times, at moments that have nothing to do with what the clients do."""
    for turn in range(swaps):
        nodes.cluster.advance(0.003 + 0.0011 * turn)
        # (The network server hands over the very call that asks for its swap.)
        status, output = nodes.run(f"swap {name} /lib/servers/{name}", node)
        assert status == 0, output
    nodes.cluster.node = nodes.cluster.find(node)
    assert services(nodes.cluster)[name].version == swaps
    nodes.cluster.node = nodes.cluster.find("node1")


def check_all(nodes: Nodes, callers: tuple[str, ...], begins: list[int]) -> None:
    """All clients are content."""
    assert nodes.run("wait")[0] == 0, nodes.console("node1", begins[0])[-2000:]
    for caller, begin in zip(callers, begins, strict=True):
        check(nodes, caller, begin)


def check(nodes: Nodes, caller: str, begin: int) -> None:
    """Two clients are content, and everything that they printed is there once, in its order."""
    printed = nodes.console("node1", begin)
    assert "WRONG" not in printed and "Traceback" not in printed, printed[-3000:]
    for number in (2, 3):
        if caller == "hammer":
            ended = re.search(rf"^hammer{number}: (\d+) (\d+) (\d+), 0 errors$", printed, re.MULTILINE)
            assert ended, printed[-3000:]
            rounds = [int(count) for count in ended.groups()]
            lines = re.findall(rf"line{number} (\d+)\n", printed)
            assert [int(line) for line in lines] == [*range(rounds[2])]
        else:
            ended = re.search(rf"^{caller} {number}: (\d+) rounds$", printed, re.MULTILINE)
            assert ended, printed[-3000:]
            rounds = [int(ended[1])]
        assert min(rounds) >= LEAST_ROUNDS, rounds


def swap_all(nodes: Nodes, callers: tuple[str, ...], names: tuple[str, ...], node: str) -> None:
    """One server after another, while the callers go on."""
    begins = [start(nodes, caller, 50 + 25 * len(names)) for caller in callers]
    for name in names:
        swap(nodes, name, node, 1)
    for caller in callers:
        program = "hammer" if caller == "hammer" else "client"
        assert nodes.working("node2", program) and nodes.working("node3", program), "they were not there any more"
    check_all(nodes, callers, begins)


def test_names_files_and_console(nodes: Nodes) -> None:
    swap_all(nodes, ("hammer",), ("naming", "files", "console", "block"), "node1")


@pytest.mark.long
def test_pipes_programs_counter_and_directory(nodes: Nodes, counter: bytes) -> None:
    put_file(nodes.cluster, counter, "/lib/servers/counter")
    swap_all(nodes, ("pipe", "programs", "counter", "cluster"), ("pipe", "programs", "counter", "directory"), "node1")


@pytest.mark.long
def test_at_the_clients_node(nodes: Nodes) -> None:
    """What the clients have there: memory, a program manager; their names are node 1's."""
    swap_all(nodes, ("counter",), ("memory", "programs", "naming", "directory"), "node2")


@pytest.mark.parametrize("node", ["node1", "node2"])
def test_the_network_itself(nodes: Nodes, node: str) -> None:
    swap_all(nodes, ("counter",), ("network",), node)


@pytest.mark.long
@pytest.mark.parametrize("node", ["node1", "node2"])
@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("name", SWAPPED)
def test_many_times(nodes: Nodes, name: str, caller: str, node: str) -> None:
    """Whoever calls, whatever is swapped, at either end."""
    begin = start(nodes, caller, 300)
    swap(nodes, name, node, 8)
    check_all(nodes, (caller,), [begin])
