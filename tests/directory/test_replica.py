"""The directories' protocol by itself: nodes that come and go, partitions, calls that are lost or answered late.

The model delivers calls of the real `Replica`s in any order. What it checks: a change that was confirmed stays as long
as one directory that has it lives and its owner does, and when all is well again all replicas are the same.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from atoll.compiler.cpython import guest_modules, run_module

NODES = (1, 2, 3)
NAMES = (b"/a", b"/b", b"/c")
FAR = 150  # steps after which all must be quiet

USES = '''
"""What the model is made of."""

from atoll.abi.types import u64
from atoll.servers.directory.interface import Change, Outcome, Record
from atoll.servers.directory.replica import Ask, Job, Replica, Told
from atoll.servers.directory.requests import Kind
'''


@pytest.fixture(scope="module")
def guest(tmp_path_factory: pytest.TempPathFactory) -> ModuleType:
    """The guest's modules, as CPython runs them."""
    path = tmp_path_factory.mktemp("directory") / "uses.py"
    path.write_text(USES)
    with guest_modules():
        return run_module(path)


SPARE: list[Any] = []  # replicas that have been used: to make another takes half a second


def fresh(guest: ModuleType) -> Any:
    """A replica that knows nothing."""
    if not SPARE:
        return guest.Replica()
    replica = SPARE.pop()
    for entry in replica.entries.items[0 : replica.entries.end]:
        entry.record, entry.gate = guest.Record(), 0
    for peer in replica.peers.items[0 : replica.peers.count]:
        peer.number, peer.incarnation, peer.session, peer.complete = 0, 0, 0, 0
        peer.is_up, peer.is_absent, peer.is_target = False, False, False
        peer.is_to_be_sent, peer.is_to_be_greeted = False, False
    replica.entries.end, replica.entries.waste_count, replica.peers.count, replica.requests.count = 0, 0, 0, 0
    replica.version, replica.lost, replica.pushed, replica.cursor = 0, 0, 0, 0
    replica.peers.knows_who_is_up, replica.write_failed, replica.push_failed = False, False, False
    return replica


class Directory:
    """A node: its replica, and the two callers with their jobs."""

    def __init__(self, guest: ModuleType, number: int, incarnation: int, session: int) -> None:
        self.replica: Any = fresh(guest)
        self.replica.peers.own_number = number
        self.replica.peers.own_incarnation = incarnation
        self.replica.session = session
        self.jobs: dict[str, Any] = {"write": guest.Job(), "push": guest.Job()}
        self.is_busy = {"write": False, "push": False}
        self.submitted: dict[str, Any] = {}  # by caller: the request at the first node


class World:
    """All nodes, who hears whom, and what was promised."""

    def __init__(self, guest: ModuleType) -> None:
        self.guest = guest
        self.incarnations = dict.fromkeys(NODES, 0)
        self.sessions = 0
        self.tickets = 0
        self.cut: set[frozenset[int]] = set()
        self.nodes: dict[int, Directory] = {}
        self.confirmed: dict[bytes, int] = {}  # by name: the ticket of the last change that was confirmed
        self.asked: dict[bytes, set[int]] = {name: set() for name in NAMES}  # tickets that were ever asked for
        for number in NODES:
            self.switch_on(number)

    # ---- what happens to nodes ----

    def switch_on(self, number: int) -> None:
        self.incarnations[number] += 1
        self.start_directory(number)

    def start_directory(self, number: int) -> None:
        self.switch_off(number)
        self.sessions += 1
        self.nodes[number] = Directory(self.guest, number, self.incarnations[number], self.sessions)

    def switch_off(self, number: int) -> None:
        if number in self.nodes:
            SPARE.append(self.nodes.pop(number).replica)

    def close(self) -> None:
        for number in NODES:
            self.switch_off(number)

    def hears(self, one: int, other: int) -> bool:
        return one in self.nodes and other in self.nodes and frozenset((one, other)) not in self.cut

    def look(self, number: int) -> None:
        """A node's network server tells its directory who is up."""
        if number in self.nodes:
            replica = self.nodes[number].replica
            for other in NODES:
                if other != number:
                    replica.see(other, self.incarnations[other], self.hears(number, other))
            replica.settle_members()
            self.go_on(number)

    # ---- requests ----

    def ask(self, number: int, name: bytes, change: int) -> None:
        if number not in self.nodes or self.nodes[number].replica.requests.is_full:
            return
        self.tickets += 1
        self.asked[name].add(self.tickets)
        record = self.guest.Record()
        record.owner, record.incarnation = number, self.incarnations[number]
        record.ticket, record.change, record.length = self.tickets, change, len(name)
        record.name[0 : len(name)] = name
        gate = 0 if change == self.guest.Change.REMOVE else self.tickets
        self.nodes[number].replica.requests.add(self.guest.Kind.CHANGE, record, gate, self.tickets)
        self.go_on(number)

    def go_on(self, number: int) -> None:
        """As the server's thread does after each message."""
        node = self.nodes[number]
        replica = node.replica
        if not node.is_busy["write"]:
            node.is_busy["write"] = replica.next_write(node.jobs["write"])
        if not node.is_busy["push"]:
            node.is_busy["push"] = replica.next_push(node.jobs["push"])
        place = 0
        while place < replica.requests.count:
            request = replica.requests.items[place]
            if request.is_done:
                if request.kind == self.guest.Kind.CHANGE:
                    self.answered(number, request)
                else:
                    self.answer_directory(request)
                replica.requests.remove(place)
            else:
                place += 1
        replica.entries.waste_count = 0

    def answered(self, number: int, request: Any) -> None:
        """A program is told: what is confirmed must be with all whom the node that ordered it sees."""
        if request.outcome == self.guest.Outcome.DONE:
            self.confirmed[bytes(request.record.text())] = int(request.record.ticket)

    def answer_directory(self, request: Any) -> None:
        """The directory that has submitted the change is told, if it still waits."""
        owner = self.nodes.get(int(request.record.owner))
        waits = owner is not None and owner.submitted.get("write", (0, 0))[0] == int(request.record.ticket)
        if owner is not None and waits:
            owner.submitted.pop("write")
            self.finish_job(int(request.record.owner), "write", self.guest.Told.ANSWERED,
                            request.outcome, int(request.version))

    # ---- calls ----

    def carry_out(self, number: int, caller: str) -> None:
        """The call that this thread makes arrives, or fails."""
        node = self.nodes.get(number)
        if node is None or not node.is_busy[caller]:
            return
        job, told = node.jobs[caller], self.guest.Told
        there = int(job.node)
        if not self.hears(number, there):
            node.submitted.pop(caller, None)
            self.finish_job(number, caller, told.FAILED, self.guest.Outcome.TRY_AGAIN, 0)
            return
        if caller in node.submitted:  # it waits for the answer, unless who has the request has died
            if node.submitted[caller][1] != int(self.nodes[there].replica.session):
                node.submitted.pop(caller)
                self.finish_job(number, caller, told.FAILED, self.guest.Outcome.TRY_AGAIN, 0)
            return
        other, ask, version = self.nodes[there].replica, self.guest.Ask, 0
        if job.ask == ask.SUBMIT:
            if other.requests.is_full:
                self.finish_job(number, caller, told.ANSWERED, self.guest.Outcome.TRY_AGAIN, 0)
                return
            node.submitted[caller] = (int(job.record.ticket), int(other.session))
            other.requests.add(self.guest.Kind.SUBMITTED, job.record, job.gate, 1)
            self.go_on(there)
            return
        if job.ask == ask.STORE:
            version = int(other.store(job.record, job.gate))
        elif job.ask == ask.GREET:
            other.greet(number, job.session)
        else:
            other.complete(number, self.incarnations[number], job.session)
        self.go_on(there)
        self.finish_job(number, caller, told.ANSWERED, self.guest.Outcome.DONE, version)

    def finish_job(self, number: int, caller: str, told: int, outcome: int, version: int) -> None:
        node = self.nodes[number]
        job = node.jobs[caller]
        job.told, job.outcome, job.version = told, outcome, version
        node.is_busy[caller] = False
        if caller == "write":
            node.replica.write_done(job)
        else:
            node.replica.push_done(job)
        self.go_on(number)

    # ---- in the end ----

    def heal(self) -> None:
        """All nodes are on and hear each other; everything that is to be said is said."""
        self.cut.clear()
        for number in NODES:
            if number not in self.nodes:
                self.switch_on(number)
        for number in NODES:
            self.look(number)
        for _ in range(FAR):
            for number in NODES:
                self.nodes[number].replica.try_again()
                self.go_on(number)
                self.carry_out(number, "push")
                self.carry_out(number, "write")
            if self.is_quiet():
                return
        pytest.fail("the directories find no end")

    def is_quiet(self) -> bool:
        return all(
            not node.is_busy["write"] and not node.is_busy["push"] and node.replica.requests.count == 0
            and node.replica.peers.is_ready
            for node in self.nodes.values()
        )

    def names_of(self, number: int) -> dict[bytes, tuple[int, int, int, int]]:
        """What a node knows: by name the version, who gave it, the ticket, the gate."""
        entries = self.nodes[number].replica.entries
        found = {}
        for place in range(entries.end):
            entry = entries.items[place]
            if entry.is_there:
                record = entry.record
                found[bytes(record.text())] = (
                    int(record.version), int(record.orderer), int(record.ticket), int(entry.gate),
                )
        return found


# ---- runs ----

EXAMPLES = 50

ONES = st.sampled_from(NODES)
PAIRS = st.sampled_from([frozenset((1, 2)), frozenset((1, 3)), frozenset((2, 3))])
WORK = st.tuples(st.just("work"), ONES, st.sampled_from(["write", "push"]))
ASK = st.tuples(st.just("ask"), ONES, st.sampled_from(NAMES), st.integers(0, 3))
TROUBLE = st.one_of(
    st.tuples(st.sampled_from(["look", "off", "on", "restart"]), ONES),
    st.tuples(st.sampled_from(["cut", "join"]), PAIRS),
)
STEPS = st.lists(st.one_of(WORK, WORK, WORK, ASK, st.tuples(st.just("look"), ONES), TROUBLE), max_size=50)


def do(world: World, step: tuple[Any, ...]) -> None:
    """One step of a run."""
    match step:
        case ("work", number, caller):
            world.carry_out(number, caller)
        case ("ask", number, name, change):
            world.ask(number, name, change)
        case ("look", number):
            world.look(number)
        case ("off", number):
            world.switch_off(number)
        case ("on", number) if number not in world.nodes:
            world.switch_on(number)
        case ("restart", number) if number in world.nodes:
            world.start_directory(number)
        case ("cut", pair):
            world.cut.add(pair)
        case ("join", pair):
            world.cut.discard(pair)


@settings(max_examples=EXAMPLES)
@given(steps=STEPS)
def test_in_the_end_all_have_the_same(guest: ModuleType, steps: list[tuple[Any, ...]]) -> None:
    world = World(guest)
    for number in NODES:
        world.look(number)
    for step in steps:
        do(world, step)
    world.heal()
    assert world.names_of(1) == world.names_of(2) == world.names_of(3)
    for name, (_, _, ticket, gate) in world.names_of(1).items():
        assert ticket in world.asked[name]
        assert gate == ticket
    world.close()


@settings(max_examples=EXAMPLES)
@given(steps=STEPS)
def test_what_was_confirmed_stays(guest: ModuleType, steps: list[tuple[Any, ...]]) -> None:
    """Each name is asked for once: it stays while its owner does, and some directory that has it."""
    world = World(guest)
    for number in NODES:
        world.look(number)
    owners: dict[bytes, tuple[int, int]] = {}
    lost: set[bytes] = set()
    for index, step in enumerate(steps):
        if step[0] == "ask":
            name = b"/%d" % index
            world.asked[name] = set()
            owners[name] = (step[1], world.incarnations[step[1]])
            do(world, ("ask", step[1], name, world.guest.Change.REGISTER))
        else:
            do(world, step)
        held = {name for number in world.nodes for name in world.names_of(number)}
        lost |= {name for name in world.confirmed if name not in held}
    promised = set(world.confirmed)
    world.heal()
    for name in promised - lost:
        number, incarnation = owners[name]
        if world.incarnations[number] == incarnation:
            assert name in world.names_of(number), name
    world.close()


@settings(max_examples=20)
@given(order=st.permutations([(number, caller) for number in NODES for caller in ("write", "push")] * 4))
def test_one_of_several_gets_a_name(guest: ModuleType, order: list[tuple[int, str]]) -> None:
    world = World(guest)
    world.heal()
    outcomes = []
    world.answered = lambda number, request: outcomes.append(int(request.outcome))  # type: ignore[method-assign]
    for number in NODES:
        world.ask(number, b"/a", guest.Change.REGISTER)
    for number, caller in order:
        world.carry_out(number, caller)
    world.heal()
    assert sorted(outcomes) == [guest.Outcome.DONE, guest.Outcome.TAKEN, guest.Outcome.TAKEN]
    world.close()


def test_a_removed_name_does_not_come_back(guest: ModuleType) -> None:
    """A node that was away brings the name that was removed meanwhile."""
    world = World(guest)
    world.heal()
    world.ask(2, b"/a", guest.Change.REGISTER)
    world.heal()
    assert set(world.names_of(3)) == {b"/a"}
    world.cut = {frozenset((1, 3)), frozenset((2, 3))}
    world.look(1)
    world.look(2)  # 3 has not noticed yet that it is alone
    world.ask(1, b"/a", guest.Change.REMOVE)
    for _ in range(20):
        for number in (1, 2):
            world.carry_out(number, "write")
    assert not world.names_of(1)
    assert not world.names_of(2)
    world.heal()
    assert not world.names_of(3)
