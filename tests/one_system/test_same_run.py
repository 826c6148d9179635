"""Work on three nodes over bad links is always the same run: by any number of threads, from a state in its midst."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias

import pytest

from atoll.cluster.cluster import Cluster
from atoll.net.capture import Capture
from tests.one_system.nodes import NODES, Nodes, spoil

LINES = {
    "node1": "client files 1 60 node2 & client names 2 60 node3 &",
    "node2": "client counter 3 60 @node3 &",
    "node3": "seq 300 @node1 | sort -r @node2 | wc &",
}
Seen: TypeAlias = tuple[str, bytes, list[bytes]]  # statistics, frames, consoles
FIRST, SECOND = 0.04, 0.9  # seconds: until the state is saved, and from there to the end


@contextmanager
def captured(cluster: Cluster, file: Path) -> Iterator[None]:
    """All frames go into a file."""
    with Capture(file, NODES) as capture:
        cluster.engine.network.taps.append(capture.frame)
        yield
        cluster.engine.network.taps.remove(capture.frame)


def begin(cluster: Cluster) -> None:
    """Some work on each node, which goes on by itself; a while of it."""
    spoil(cluster, 77)
    for node, line in LINES.items():
        cluster.run(line, node=node)
    cluster.advance(FIRST)


def end(cluster: Cluster, file: Path) -> Seen:
    """The rest of it: statistics, frames, consoles."""
    with captured(cluster, file):
        cluster.advance(SECOND)
    return json.dumps(cluster.stats()), file.read_bytes(), [bytes(node.console) for node in cluster.nodes]


@pytest.fixture(scope="module")
def unbroken(booted: Nodes, tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, Seen]:
    """One run by one thread, and its state in the midst."""
    booted.restore()
    begin(booted.cluster)
    state = booted.cluster.save()
    found = end(booted.cluster, tmp_path_factory.mktemp("run") / "unbroken.pcapng")
    for text in (b"files 1: ", b"names 2: "):
        assert text in found[2][0], found[2][0][-1000:]
    assert b"counter 3: " in found[2][1] and b"    300     300" in found[2][2], found[2]
    assert len(found[1]) > 10_000
    return state, found


def test_with_two_threads(
    booted: Nodes, make: Callable[[int], Cluster], unbroken: tuple[bytes, Seen], tmp_path: Path
) -> None:
    other = make(2)
    other.restore(booted.state)
    begin(other)
    found = end(other, tmp_path / "run.pcapng")
    other.engine.close()
    assert found == unbroken[1]


def test_from_a_state_in_its_midst(
    make: Callable[[int], Cluster], unbroken: tuple[bytes, Seen], tmp_path: Path
) -> None:
    state, expected = unbroken
    other = make(1)
    other.restore(state)
    found = end(other, tmp_path / "run.pcapng")
    other.engine.close()
    assert found == expected
