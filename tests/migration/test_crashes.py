"""Whoever crashes at whichever message of a migration: the program never runs twice, and is lost only if nobody could
have kept it, which is reported then. Who cannot know waits for the other node, and `ps` says so.

A crash just before a message is one just after the message before it: with all of them every state is met.
"""

import re
from pathlib import Path

import pytest

from atoll.servers.migration.interface import Migration
from atoll.servers.mover.interface import NoSuchMigration
from atoll.servers.supervisor.interface import Supervisor
from tests.migration.crashes import DESTINATION, GONE, HOME, SETTLED, SOURCE, Moment, Ordeal
from tests.remote.system import System

MEMORY, DELIVERY = ("copy", "precopy", "reference"), ("redirect", "prevent", "recover")
PROGRAM = "traveller 60 {} 0"  # it has ports, and a name at home that leads to one of them
NAMES = ("offer", "request", "image", "link", "set_error", "state", "go", "pass_over")
MESSAGES = [text for name in NAMES for text in (name, f"{name} reply")]
BEFORE = 5_000  # nanoseconds: a node may be some instructions ahead of where it is told to stop
LOST = (129, 130)
SWAP = "swap {0} /lib/servers/{0}"
QUIET = 2.5  # seconds after which a source that says nothing has been asked, and what it has given up is dropped
SAID = 0.5  # seconds after which an order whose mover has died is answered
MISSED = 3.5  # seconds of silence after which a node counts as gone


@pytest.fixture(scope="session")
def ordeal(booted: System, repository: Path) -> Ordeal:
    return Ordeal(booted, repository, "copy", "prevent", PROGRAM)


@pytest.fixture(scope="session")
def moments(ordeal: Ordeal) -> dict[str, Moment]:
    """The first message of each kind."""
    found: dict[str, Moment] = {}
    for moment in ordeal.moments():
        found.setdefault(moment.name, moment)
    assert list(found) == MESSAGES
    return found


def crash(ordeal: Ordeal, time_ns: int, victims: tuple[str, ...]) -> dict[str, str]:
    """Nodes crash at a time, and come back if somebody waits for them; what `ps` said meanwhile."""
    ordeal.begin()
    ordeal.run_to(time_ns)
    for node in victims:
        ordeal.cluster.crash(node)
    ordeal.cluster.advance(GONE)
    seen = ordeal.states()
    assert len(ordeal.where()) <= 1
    if "in doubt" in seen.values():
        for node in victims:
            ordeal.cluster.start(node)
        ordeal.cluster.advance(SETTLED)
    assert len(ordeal.where()) <= 1
    return seen


def check(ordeal: Ordeal, moment: Moment, victims: tuple[str, ...], memory: str = "copy") -> None:
    """One trial: a crash just before a message."""
    seen = crash(ordeal, moment.time_ns - BEFORE, victims)
    status = ordeal.end()
    if victims == (DESTINATION,) and moment.time_ns < ordeal.handed_over_ns:
        assert status == 7, f"{moment.name}: the source had it"
    elif victims == (SOURCE,) and moment.time_ns > ordeal.complete_ns and memory != "reference":
        assert status == 7, f"{moment.name}: the destination had it"
    else:
        assert status in (7, *LOST) or memory == "reference", moment.name
    if victims == (SOURCE,) and moment.name == "go":
        assert seen[DESTINATION] == "in doubt"
    if victims == (DESTINATION,) and moment.name == "state reply":
        assert seen[SOURCE] == "in doubt"


# ---- one pair of strategies, each message; the source at one, the destination at the next ----


@pytest.mark.parametrize("place", range(0, len(MESSAGES), 2))
def test_the_source_crashes_before_a_request(ordeal: Ordeal, moments: dict[str, Moment], place: int) -> None:
    check(ordeal, moments[MESSAGES[place]], (SOURCE,))


@pytest.mark.parametrize("place", range(1, len(MESSAGES), 2))
def test_the_destination_crashes_before_a_reply(ordeal: Ordeal, moments: dict[str, Moment], place: int) -> None:
    check(ordeal, moments[MESSAGES[place]], (DESTINATION,))


# ---- silence ----


def test_a_partition_before_the_end_of_the_transfer(ordeal: Ordeal, moments: dict[str, Moment]) -> None:
    """The source gives up, the destination drops what it has."""
    ordeal.begin()
    ordeal.run_to(moments["image reply"].time_ns - BEFORE)
    ordeal.cluster.engine.network.cut(SOURCE, DESTINATION)
    ordeal.cluster.advance(MISSED)
    assert ordeal.where() == [SOURCE]
    ordeal.cluster.engine.network.heal()
    assert ordeal.end() == 7
    ordeal.cluster.advance(1.5)
    assert ordeal.states() == {}


@pytest.mark.parametrize(("message", "runs"), [("state reply", SOURCE), ("go reply", DESTINATION)])
def test_a_partition_leaves_a_side_in_doubt(
    ordeal: Ordeal, moments: dict[str, Moment], message: str, runs: str
) -> None:
    """Who cannot know waits until it hears the other again; then exactly one has it."""
    ordeal.begin()
    ordeal.run_to(moments[message].time_ns - BEFORE)
    ordeal.cluster.engine.network.cut(SOURCE, DESTINATION)
    ordeal.cluster.advance(GONE)
    assert ordeal.states()[SOURCE] == "in doubt"
    assert ordeal.where() == ([DESTINATION] if runs == DESTINATION else [])
    refused = ordeal.cluster.run(SWAP.format("mover"), node=SOURCE)
    assert refused.status != 0 and "a program is on its way" in refused.output
    ordeal.cluster.engine.network.heal()
    ordeal.cluster.advance(2.5)
    assert ordeal.end() == 7


# ---- the servers die, or are swapped ----


def kill(ordeal: Ordeal, moment: Moment, service: str, node: str) -> None:
    """One trial: a server of one end is killed just before a message. The program lives, and no part of it stays."""
    ordeal.begin()
    ordeal.run_to(moment.time_ns - BEFORE)
    ordeal.cluster.client(Supervisor, "/services/supervisor", node).kill(service)
    ordeal.cluster.advance(SAID)
    said = ordeal.system.run("cat said")[1] + ordeal.system.console("node1")[-1000:]
    where = ordeal.where()
    if service == "mover" and node == SOURCE:
        expected = "goes on where it was" if where == [SOURCE] else "frozen|moved in"
        assert re.search(expected, said), (moment.name, said, where)
    assert ordeal.end() == 7, moment.name
    ordeal.cluster.advance(QUIET)
    assert ordeal.states() == {}, moment.name


@pytest.mark.parametrize(
    ("service", "node", "message"),
    [
        ("mover", SOURCE, "image"),
        ("mover", SOURCE, "go reply"),
        ("mover", DESTINATION, "state reply"),
        ("mover", DESTINATION, "pass_over"),
        ("migration", SOURCE, "link"),
    ],
)
def test_a_server_is_killed(
    ordeal: Ordeal, moments: dict[str, Moment], service: str, node: str, message: str
) -> None:
    """Its successor gives the migration up, or finishes it."""
    kill(ordeal, moments[message], service, node)


def test_successors_know_where_a_program_is(ordeal: Ordeal) -> None:
    """It is ended from home, and its end is told there, though no mover is the one that had to do with its moves."""
    ordeal.begin()
    ordeal.cluster.advance(0.3)
    ordeal.cluster.client(Supervisor, "/services/supervisor", DESTINATION).kill("mover")
    for node in (HOME, SOURCE):
        assert ordeal.cluster.run(SWAP.format("migration"), node=node).status == 0
        assert ordeal.cluster.run(SWAP.format("mover"), node=node).status == 0
    assert ordeal.where() == [DESTINATION]
    ordeal.system.lines(f"kill -s 9 {ordeal.pid}")
    assert ordeal.system.run("wait %1")[0] == 9
    assert ordeal.states() == {}


# ---- what is given up otherwise ----


def number_of(pid: str) -> int:
    """The program manager's number of a pid as `ps` shows it: of the first incarnation of its node."""
    node, serial = pid.split(".")
    return int(node) << 48 | 1 << 32 | int(serial)


@pytest.mark.parametrize("message", ["image", pytest.param("link", marks=pytest.mark.long), "state"])
def test_it_is_cancelled(ordeal: Ordeal, moments: dict[str, Moment], message: str) -> None:
    """Until it is handed over; it goes on where it is."""
    ordeal.begin()
    ordeal.run_to(moments[message].time_ns - BEFORE)
    ordeal.cluster.client(Migration, "/services/migration", SOURCE).cancel(number_of(ordeal.pid))
    ordeal.cluster.advance(0.2)
    assert ordeal.where() == [SOURCE]
    assert ordeal.end() == 7


def test_what_has_been_handed_over_is_not_cancelled(ordeal: Ordeal, moments: dict[str, Moment]) -> None:
    ordeal.begin()
    ordeal.cluster.advance(0.5)
    with pytest.raises(NoSuchMigration, match="not on its way"):
        ordeal.cluster.client(Migration, "/services/migration", SOURCE).cancel(number_of(ordeal.pid))
    assert ordeal.end() == 7


def test_a_destination_that_is_not_there_is_refused(ordeal: Ordeal) -> None:
    ordeal.cluster.restore(ordeal.state)
    ordeal.cluster.crash(DESTINATION)
    status, output = ordeal.system.run(ordeal.line.replace(" > said &", ""))
    assert status != 0 and output.startswith("migrate:"), output
    assert ordeal.end() == 7


# ---- all nine pairs, all messages ----


@pytest.mark.long
@pytest.mark.parametrize("victims", [(SOURCE,), (DESTINATION,), (SOURCE, DESTINATION)])
@pytest.mark.parametrize("delivery", DELIVERY)
@pytest.mark.parametrize("memory", MEMORY)
def test_every_message(
    booted: System, repository: Path, memory: str, delivery: str, victims: tuple[str, ...]
) -> None:
    trial = Ordeal(booted, repository, memory, delivery, PROGRAM)
    passed = trial.moments()
    last = max(index for index, moment in enumerate(passed) if moment.name == "pass_over reply")
    unsent = {"image", "image reply"} if memory == "reference" else set()  # no page that was touched lately
    assert {moment.name for moment in passed} >= {*MESSAGES} - unsent
    for moment in passed[: last + 1]:
        check(trial, moment, victims, memory)


@pytest.mark.long
@pytest.mark.parametrize("node", [SOURCE, DESTINATION])
@pytest.mark.parametrize("service", ["mover", "migration"])
def test_a_server_is_killed_at_every_message(
    ordeal: Ordeal, moments: dict[str, Moment], service: str, node: str
) -> None:
    for moment in moments.values():
        kill(ordeal, moment, service, node)
