"""A program that computes, prints, reads and writes a file, calls services and is called from two other nodes, while it
moves at random moments from node to node: what it prints is byte for byte what the unmoved one prints, each call is
answered once, and in the end nothing is left anywhere.
"""

import random
import struct
from collections.abc import Iterable
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from atoll.servers.migration.interface import Migration
from tests.remote.system import NODES, System

Move = tuple[int, str, int, int]  # microseconds until then, where to, a MemoryStrategy, a Delivery
STRATEGIES = (0, 1, 2)
DELIVERIES = (0, 1, 2)
CALLS = 90  # of each caller
MANY_CALLS = 1500  # for five hundred moves
LOSS = 0.01
FORTY_STEPS = 150
SHORT = 40  # steps
EXAMPLES = 4 if settings().max_examples <= 100 else 50  # by the profile
SETTLE = 3.0  # seconds of virtual time in which network servers find what is not needed any more
LIMIT = 600.0  # seconds of virtual time


@dataclass(frozen=True)
class Outcome:
    """What can be seen of a run."""

    printed: str
    callers: tuple[str, ...]
    left: tuple[tuple[int, ...], ...]  # of each node, what `tally` says


def begin(system: System, steps: int, calls: int) -> int:
    """The traveller at home, a caller on each of the others; the traveller's pid."""
    system.restore()
    system.lines(f"traveller {steps} 5 2 > log &")
    system.cluster.advance(0.01)
    for number, node in enumerate(NODES[1:], 2):
        system.lines(f"caller {number} {calls} > log &", node)
    node, serial = system.programs()["traveller"].split(".")
    return int(node) << 48 | 1 << 32 | int(serial)


def travel(system: System, pid: int, moves: Iterable[Move]) -> int:
    """Order the moves, each where it is then; how many there were."""
    where, done = "node1", 0
    for pause, to, memory, delivery in moves:
        if to == where:
            continue
        system.cluster.advance(pause / 1e6)
        starter = system.cluster.client(Migration, "/services/migration", where)
        starter.migrate(struct.pack("<4Q", pid, NODES.index(to) + 1, memory, delivery))  # type: ignore[arg-type]
        where, done = to, done + 1
    return done


def finish(system: System) -> Outcome:
    """Wait for all, and count what there is."""
    status = system.cluster.run("wait %1", limit=LIMIT).status
    assert status == 7, system.console("node1")[-500:]
    for node in NODES[1:]:
        system.run("wait %1", node)
    callers = tuple(system.run("cat log", node)[1] for node in NODES[1:])
    printed = system.run("cat log")[1]
    system.cluster.advance(SETTLE)
    left = tuple(tuple(int(word) for word in system.lines("tally", node)[0].split()) for node in NODES)
    return Outcome(printed, callers, left)


def run(
    system: System, steps: int, moves: Iterable[Move], loss: float = 0.0, calls: int = CALLS
) -> tuple[Outcome, int]:
    """A whole run, and how often it moved."""
    pid = begin(system, steps, calls)
    if loss:
        system.cluster.engine.network.spoil(loss=loss)
    done = travel(system, pid, moves)
    system.cluster.engine.network.heal()
    return finish(system), done


def random_moves(count: int, seed: int) -> list[Move]:
    """So many, each to another node."""
    drawn, where = random.Random(seed), "node1"
    moves = []
    for _ in range(count):
        where = drawn.choice([node for node in NODES if node != where])
        moves.append((drawn.randrange(1000, 20_000), where, drawn.choice(STRATEGIES), drawn.choice(DELIVERIES)))
    return moves


@pytest.fixture(scope="session")
def warm(booted: System) -> System:
    """All that is made when it is first needed is there: everybody has sent a program to everybody once."""
    booted.restore()
    run_warm(booted)
    return System(booted.cluster)


def run_warm(system: System) -> None:
    """From each node to each, by reference."""
    pid = begin(system, 60, 10)
    travel(system, pid, [(1000, node, 2, 0) for node in ("node2", "node1", "node3", "node2", "node3", "node1")])
    finish(system)


def check_same(moved: Outcome, unmoved: Outcome, steps: int, calls: int = CALLS) -> None:
    """Nobody can see that it has moved, and nothing is left: no process, thread, port, gate, handle, no page."""
    assert moved.printed == unmoved.printed and len(moved.printed.splitlines()) == steps + 2
    assert moved.callers == unmoved.callers == tuple(f"caller {number}: {calls} answers\n" for number in (2, 3))
    for more in differences(moved, unmoved):
        assert not any(more), f"{more}"


def differences(moved: Outcome, unmoved: Outcome) -> list[list[int]]:
    """What there is more at each node."""
    nodes = zip(moved.left, unmoved.left, strict=True)
    return [[mine - other for mine, other in zip(*pair, strict=True)] for pair in nodes]


def test_forty_moves(warm: System) -> None:
    moved, done = run(warm, FORTY_STEPS, random_moves(40, 7))
    assert done == 40
    check_same(moved, run(warm, FORTY_STEPS, [])[0], FORTY_STEPS)


@pytest.mark.long
def test_five_hundred_moves_on_a_wire_that_loses_frames(warm: System) -> None:
    steps, count = 3000, 500
    unmoved, _ = run(warm, steps, [], calls=MANY_CALLS)
    moved, done = run(warm, steps, random_moves(count, 8), LOSS, MANY_CALLS)
    assert done == count
    check_same(moved, unmoved, steps, MANY_CALLS)


@pytest.fixture(scope="session")
def short_unmoved(warm: System) -> Outcome:
    return run(warm, SHORT, [])[0]


@settings(max_examples=EXAMPLES)
@given(some.lists(some.tuples(
    some.integers(0, 30_000), some.sampled_from(NODES), some.sampled_from(STRATEGIES), some.sampled_from(DELIVERIES),
), min_size=1, max_size=8))  # fmt: skip
def test_any_moves(warm: System, short_unmoved: Outcome, moves: list[Move]) -> None:
    """Of those that go wrong, the fewest and simplest are shown."""
    moved, _ = run(warm, SHORT, moves)
    check_same(moved, short_unmoved, SHORT)
