"""Nodes that go, and links that are cut, at drawn times while all call all: all are told in time, nothing is left."""

import random
import re
from dataclasses import dataclass

import pytest

from tests.one_system.nodes import NODES, Nodes

KINDS = ("names", "files", "pipe", "programs", "counter")
SECOND = 1_000_000_000
SPAN = 0.1  # seconds that the clients work if nothing happens
TOLD = 3.7  # until a call to a dead node has failed: three of silence, 0.35 of asking for the port, and a little
NOTICED = 4.5  # until everything has been drawn from that
RESTARTED = 1.5  # until a node that was switched on again is known to all
# Each is what one type of error says: the last two are NoNode, when a program is to be started there.
TYPED = r"OutcomeUnknown|Unreachable|KernelError|no such name|ServiceError .*|this node (has fallen silent|is down)"
# What a kernel may have more of than before: the directory keeps gates to others' directories, found anew.
SLACK = {"gates": 4, "handles": 4}
LAST_WORDS = 0.005  # seconds from a program's end until its words are on the console


@dataclass(frozen=True)
class Caller:
    """A client at home on one node that uses another's services."""

    home: str
    other: str
    kind: str

    @property
    def number(self) -> str:
        """Another one for each."""
        return f"{NODES.index(self.home) + 1}{NODES.index(self.other) + 1}{KINDS.index(self.kind)}"

    def line(self, seconds: float) -> str:
        """Its line."""
        return f"client {self.kind} {self.number} {round(seconds * 1000)} {self.other} &"

    def said(self, printed: str) -> tuple[str, float]:
        """How it ended: its own words, and after how many seconds it knew. Fails if it said nothing."""
        found = re.search(rf"^{self.kind} {self.number}: (.*)$", printed, re.MULTILINE)
        assert found, f"{self} said nothing: {printed}"
        failed = re.fullmatch(r"(.*) after \d+ rounds, (\d+) ms", found[1])
        return (failed[1], int(failed[2]) / 1000) if failed else (found[1], 0)


def draw(chance: random.Random, count: int) -> list[Caller]:
    """So many kinds of client from each node to each other."""
    pairs = [(home, other) for home in NODES for other in NODES if home != other]
    return [Caller(*pair, kind) for pair in pairs for kind in chance.sample(KINDS, count)]


class Round:
    """Callers at work, and what becomes of them."""

    def __init__(self, nodes: Nodes, callers: list[Caller], seconds: float = SPAN) -> None:
        self.nodes, self.callers = nodes, callers
        self.early: list[Caller] = []
        self.begin = {node: len(nodes.cluster.find(node).console) for node in NODES}
        for node in NODES:
            lines = [caller.line(seconds) for caller in callers if caller.home == node]
            if lines:
                nodes.run(" ".join(lines), node)

    def pass_time(self, seconds: float) -> None:
        """Until something happens."""
        self.nodes.cluster.advance(seconds)

    def note_ended(self) -> None:
        """It has just happened, and has not touched those that had come to their end: some began early.

        Their last words may still be on their way; in so short a time nobody ends who waits for a node that is gone.
        """
        self.nodes.cluster.advance(LAST_WORDS)
        printed = {node: self.nodes.console(node, self.begin[node]) for node in NODES}
        self.early = [caller for caller in self.callers if f"{caller.kind} {caller.number}: " in printed[caller.home]]
        assert len(self.early) < len(self.callers), "all were too early"

    def is_over(self, up: tuple[str, ...]) -> bool:
        """Whether no client is there any more, on any of these nodes."""
        return not any(self.nodes.working(node, "client") for node in up)

    def said(self, caller: Caller) -> tuple[str, float]:
        """How one ended."""
        printed = self.nodes.console(caller.home, self.begin[caller.home])
        assert "WRONG" not in printed, printed
        return caller.said(printed)

    def check_content(self, up: tuple[str, ...] = NODES) -> None:
        """Those between these nodes have noticed nothing."""
        for caller in self.callers:
            if caller.home in up and caller.other in up:
                assert re.fullmatch(r"[1-9]\d* rounds", self.said(caller)[0]), (caller, self.said(caller))

    def check_told(self, homes: tuple[str, ...], gone: tuple[str, ...]) -> None:
        """Those that called who is gone have been told, with an error that says so, in time."""
        for caller in self.callers:
            if caller.home in homes and caller.other in gone and caller not in self.early:
                error, seconds = self.said(caller)
                assert re.fullmatch(TYPED, error), (caller, error)
                assert seconds <= TOLD, (caller, error, seconds)


def tallies(nodes: Nodes, up: tuple[str, ...] = NODES) -> dict[str, dict[str, int]]:
    """What each kernel counts."""
    found = {}
    for node in up:
        words = nodes.output("tally", node).split()
        found[node] = dict(zip(words[::2], map(int, words[1::2]), strict=True))
    return found


def work(nodes: Nodes, callers: list[Caller], seconds: float) -> None:
    """A round in which nothing happens."""
    undisturbed = Round(nodes, callers, seconds)
    nodes.until(lambda: undisturbed.is_over(NODES), seconds + 1)
    undisturbed.check_content()
    for node in NODES:
        nodes.run("wait", node)


@pytest.fixture(scope="module")
def worked(booted: Nodes) -> tuple[Nodes, dict[str, dict[str, int]]]:
    """The nodes after some work, with a name of each in the cluster: caches are full, what is counted is normal."""
    booted.restore()
    for number, node in enumerate(NODES, 1):
        booted.run(f"sh -c 'keep 1000 /of-{node} &'", node)
        booted.cluster.advance(0.05 * number)
    for _ in range(2):
        work(booted, draw(random.Random(0), len(KINDS)), 0.02)
    booted.cluster.advance(0.5)
    return Nodes(booted.cluster), tallies(booted)


def check_names(nodes: Nodes, up: tuple[str, ...], keepers: tuple[str, ...]) -> None:
    """Each of these nodes knows them, and the names that they keep, and no others."""
    for node in up:
        assert nodes.output("ls /nodes", node).split() == [*up]
        names = {line.split()[-1] for line in nodes.output("names /cluster", node).splitlines()}
        assert names == {f"/cluster/of-{keeper}" for keeper in keepers}


def check_tallies(nodes: Nodes, up: tuple[str, ...], before: dict[str, dict[str, int]]) -> None:
    """Nothing is left over."""
    for node, counted in tallies(nodes, up).items():
        for layout in ("taken", "mappings"):  # pages touched for the first time, and how many lie side by side
            counted.pop(layout)
        for name, count in counted.items():
            assert count <= before[node][name] + SLACK.get(name, 0), f"{node}: {count} {name}, not {before[node][name]}"


def crash(worked: tuple[Nodes, dict[str, dict[str, int]]], seed: int, kinds: int) -> None:
    """One node goes, and comes back."""
    nodes, before = worked
    nodes.restore()
    chance = random.Random(seed)
    callers = draw(chance, kinds)
    victim, delay = chance.choice(NODES), chance.uniform(0, SPAN)
    print(f"seed {seed}: {victim} after {delay} s")
    up = tuple(node for node in NODES if node != victim)
    disturbed = Round(nodes, callers)
    disturbed.pass_time(delay)
    nodes.cluster.crash(victim)
    nodes.cluster.node = nodes.cluster.find(up[0])
    disturbed.note_ended()
    nodes.until(lambda: disturbed.is_over(up), NOTICED)
    disturbed.check_content(up)
    disturbed.check_told(up, (victim,))
    nodes.cluster.advance(2)
    check_names(nodes, up, up)
    check_tallies(nodes, up, before)
    nodes.cluster.start(victim)
    nodes.run("true", victim)
    nodes.cluster.advance(RESTARTED)
    check_names(nodes, NODES, up)
    work(nodes, callers, 0.03)
    nodes.cluster.advance(1)
    check_tallies(nodes, up, before)


@pytest.mark.parametrize("seed", [1])
def test_a_node_crashes(worked: tuple[Nodes, dict[str, dict[str, int]]], seed: int) -> None:
    crash(worked, seed, 1)


@pytest.mark.long
@pytest.mark.parametrize("seed", [2, *range(100, 140)])
def test_a_node_crashes_at_any_time(worked: tuple[Nodes, dict[str, dict[str, int]]], seed: int) -> None:
    crash(worked, seed, 3)


def part(worked: tuple[Nodes, dict[str, dict[str, int]]], seed: int, islands: tuple[tuple[str, ...], ...]) -> None:
    """Nodes hear no others but those of their island, until all is healed."""
    nodes, before = worked
    nodes.restore()
    chance = random.Random(seed)
    callers, delay = draw(chance, 1), chance.uniform(0, SPAN)
    print(f"seed {seed}: after {delay} s")
    disturbed = Round(nodes, callers)
    disturbed.pass_time(delay)
    network = nodes.cluster.engine.network
    for place, island in enumerate(islands):
        for other in islands[place + 1 :]:
            for pair in ((one, two) for one in island for two in other):
                network.cut(*pair)
    disturbed.note_ended()
    nodes.until(lambda: disturbed.is_over(NODES), NOTICED)
    for island in islands:
        disturbed.check_content(island)
        disturbed.check_told(island, tuple(node for node in NODES if node not in island))
    nodes.cluster.advance(2)
    for island in islands:
        check_names(nodes, island, island)
    network.heal()
    nodes.cluster.advance(NOTICED)
    check_names(nodes, NODES, NODES)
    work(nodes, callers, 0.03)
    nodes.cluster.advance(1)
    check_tallies(nodes, NODES, before)


ISLANDS = {"one of three": (("node1",), ("node2", "node3")), "all": (("node1",), ("node2",), ("node3",))}


@pytest.mark.long
@pytest.mark.parametrize("islands", ISLANDS)
def test_a_partition(worked: tuple[Nodes, dict[str, dict[str, int]]], islands: str) -> None:
    part(worked, 3, ISLANDS[islands])


@pytest.mark.long
@pytest.mark.parametrize("islands", ISLANDS)
@pytest.mark.parametrize("seed", range(200, 210))
def test_a_partition_at_any_time(
    worked: tuple[Nodes, dict[str, dict[str, int]]], seed: int, islands: str
) -> None:
    part(worked, seed, ISLANDS[islands])
