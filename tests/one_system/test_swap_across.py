"""Servers are swapped at either end of the wire while clients on other nodes call without a pause, and see nothing of it."""

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
WHO_CALLS = {
    "naming": "hammer", "files": "hammer", "console": "hammer", "block": "hammer", "pipe": "pipe",
    "programs": "programs", "counter": "counter", "directory": "cluster", "network": "hammer",
}  # fmt: skip
AT_THE_CLIENTS = ("network", "memory", "programs", "naming", "directory")
LEAST_ROUNDS = 4


@pytest.fixture(scope="module")
def counter(cache: Cache) -> bytes:
    """The one server whose program is not on the disk."""
    from pathlib import Path

    return compile_file(Path("servers/counter/main.py"), "program", cache=cache)


def start(nodes: Nodes, caller: str, milliseconds: int) -> int:
    """Two clients begin; where the console of node 1 stood."""
    nodes.run("mkdir /variants")
    begin = len(nodes.cluster.find("node1").console)
    line = HAMMER if caller == "hammer" else CLIENT
    for number in (2, 3):
        nodes.run(line.format(kind=caller, number=number, milliseconds=milliseconds))
    return begin


def swap(nodes: Nodes, name: str, node: str, swaps: int) -> None:
    """Several times, at moments that have nothing to do with what the clients do."""
    for turn in range(swaps):
        nodes.cluster.advance(0.003 + 0.0011 * turn)
        status, output = nodes.run(f"swap {name} /lib/servers/{name}", node)
        assert status == 0, output
    nodes.cluster.node = nodes.cluster.find(node)
    assert services(nodes.cluster)[name].version == swaps
    nodes.cluster.node = nodes.cluster.find("node1")


def check(nodes: Nodes, caller: str, begin: int) -> None:
    """All clients are content, and everything that was printed is there once, in its order."""
    assert nodes.run("wait")[0] == 0
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


def swap_under_load(nodes: Nodes, name: str, caller: str, node: str, swaps: int) -> None:
    """All of it."""
    program = "hammer" if caller == "hammer" else "client"
    begin = start(nodes, caller, 40 + 30 * swaps)
    swap(nodes, name, node, swaps)
    assert nodes.working("node2", program) and nodes.working("node3", program), "they were not there any more"
    check(nodes, caller, begin)


@pytest.mark.parametrize("name", WHO_CALLS)
def test_at_the_servers_node(nodes: Nodes, counter: bytes, name: str) -> None:
    if name == "counter":
        put_file(nodes.cluster, counter, "/lib/servers/counter")
    swap_under_load(nodes, name, WHO_CALLS[name], "node1", 2)


@pytest.mark.parametrize("name", AT_THE_CLIENTS)
def test_at_the_clients_node(nodes: Nodes, name: str) -> None:
    swap_under_load(nodes, name, "hammer" if name == "network" else WHO_CALLS.get(name, "counter"), "node2", 2)


@pytest.mark.long
@pytest.mark.parametrize("node", ["node1", "node2"])
@pytest.mark.parametrize("caller", sorted(set(WHO_CALLS.values())))
@pytest.mark.parametrize("name", [name for name in WHO_CALLS if name != "counter"])
def test_many_times(nodes: Nodes, name: str, caller: str, node: str) -> None:
    """Whoever calls, whatever is swapped, at either end."""
    swap_under_load(nodes, name, caller, node, 10)
