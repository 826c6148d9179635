"""Two nodes that call each other over bad wires, and lose sight of each other: every call ends once, and honestly."""

import random
from collections.abc import Callable
from functools import partial
from heapq import heappop, heappush

from hypothesis import given, settings
from hypothesis import strategies as st

from atoll.abi import wire
from atoll.abi.wire import Kind
from atoll.net.frame import decode
from tests.net.guest import Node
from tests.net.simulation import KEY, LATENCY, Faults

ANSWERED = 4  # a request whose reply is kept
SECOND = 1000 * wire.MILLISECOND
ADDRESSES = (bytes.fromhex("020000000001"), bytes.fromhex("020000000002"))


class Pair:
    """Two nodes, the wire between them, the clock."""

    def __init__(self, faults: Faults, seed: int) -> None:
        self.random = random.Random(seed)
        self.faults = faults
        self.now = 0
        self.cut = False
        self.events: list[tuple[int, int, Callable[[], None]]] = []
        self.count = 0
        self.nodes = [
            Node(number + 1, ADDRESSES[number], KEY, partial(self.carry, to=1 - number), self.later)
            for number in range(2)
        ]
        self.due = [0, 0]
        self.places = [node.meet(2 - number, ADDRESSES[1 - number]) for number, node in enumerate(self.nodes)]

    def later(self, delay: int, event: Callable[[], None]) -> None:
        self.count += 1
        heappush(self.events, (self.now + delay, self.count, event))

    def carry(self, data: bytes, to: int) -> None:
        """One frame, or what the wire makes of it."""
        draw, faults = self.random.random, self.faults
        if self.cut or draw() < faults.loss:
            return
        for _ in range(2 if draw() < faults.doubling else 1):
            late = self.random.randrange(200) if draw() < faults.delay else 1
            arrives = bytearray(data)
            if draw() < faults.damage:
                arrives[self.random.randrange(len(data))] ^= 1 << self.random.randrange(8)
            self.later(late * LATENCY, lambda whole=bytes(arrives): self.arrive(whole, to))  # type: ignore[misc]

    def arrive(self, data: bytes, to: int) -> None:
        self.nodes[to].arrived(data, self.now)
        self.due[to] = 0

    def run(self, until: int) -> None:
        """Let time pass."""
        while True:
            for number, node in enumerate(self.nodes):
                if self.due[number] <= self.now:
                    self.due[number] = node.look(self.now)
            first = self.events[0][0] if self.events else until
            self.now = min(until, first, *self.due)
            if self.now >= until:
                return
            while self.events and self.events[0][0] <= self.now:
                heappop(self.events)[2]()

    def call(self, source: int, number: int, size: int) -> None:
        if not self.nodes[source].begin(self.places[source], number, bytes([number % 251]) * size, self.now):
            self.nodes[source].answers[number] = False
        self.due[source] = 0

    def lose(self, at: int) -> None:
        """A node thinks that the other is gone."""
        guest = self.nodes[at].guest
        guest.acquaintance.end(guest.peers.peers.table[self.places[at]])

    def cut_for(self, nanoseconds: int) -> None:
        self.cut = True
        self.later(nanoseconds, lambda: setattr(self, "cut", False))


EVENT = st.tuples(
    st.integers(0, 2000), st.sampled_from(["call", "call", "call", "call", "lose", "cut"]), st.integers(0, 1),
    st.integers(0, 4000),
)  # fmt: skip


def check(pair: Pair, calls: list[tuple[int, int, int]]) -> None:
    """All calls (source, number, size) have ended; none was done twice; nothing is left in hand."""
    for source, number, size in calls:
        answer = pair.nodes[source].answers[number]
        done = [words[0] for _, words, _ in pair.nodes[1 - source].executed].count(number)
        assert done <= 1
        if isinstance(answer, tuple):
            assert done == 1 and answer[0][0] == number + 1 and answer[1] == bytes([number % 251]) * size
        elif answer is False:
            assert done == 0
    for node in pair.nodes:
        assert not any(node.leaks().values()), node.leaks()


@settings(max_examples=12)
@given(
    st.integers(0, 2**32), st.floats(0, 0.3), st.floats(0, 0.4), st.floats(0, 0.4), st.floats(0, 0.2),
    st.lists(EVENT, min_size=1, max_size=14),
)  # fmt: skip
def test_any_pair_of_nodes(
    seed: int, loss: float, doubling: float, delay: float, damage: float, plan: list[tuple[int, str, int, int]]
) -> None:
    pair = Pair(Faults(loss, doubling, delay, damage), seed)
    calls = []
    for number, (time, what, at, size) in enumerate(sorted(plan)):
        pair.run(time * wire.MILLISECOND)
        if what == "call":
            calls.append((at, number, size))
            pair.call(at, number, size)
        elif what == "lose":
            pair.lose(at)
        else:
            pair.cut_for(size * wire.MILLISECOND)
    pair.run(pair.now + 10 * SECOND)
    pair.faults = Faults()
    pair.run(pair.now + 10 * SECOND)
    check(pair, calls)


def test_a_loss_of_sight_on_one_side_is_noticed_on_the_other() -> None:
    pair = Pair(Faults(), 1)
    pair.nodes[1].takes = 60 * SECOND
    pair.call(0, 1, 10)
    pair.run(SECOND)
    pair.lose(1)
    pair.run(3 * SECOND)
    assert pair.nodes[0].answers == {1: True}  # it may have happened
    assert pair.nodes[1].cancelled != []
    pair.nodes[1].takes = 1
    pair.call(0, 2, 10)
    pair.run(4 * SECOND)
    assert pair.nodes[0].answers[2] == ((3, 1, 1, 1), bytes([2]) * 10)


def test_a_lost_acknowledgement_does_not_keep_a_reply_for_ever() -> None:
    pair = Pair(Faults(), 1)
    for node in pair.nodes:
        node.guest.members.announce()
    pair.run(SECOND // 10)
    carry = pair.carry
    lost: list[bytes] = []

    def lossy(data: bytes, to: int) -> None:
        if decode(KEY, data).kind is Kind.ACK and len(lost) < 2:
            lost.append(data)
        else:
            carry(data, to)

    pair.nodes[0].guest.line.line.transmit = lambda frame: lossy(bytes(frame.bytes), 1)
    pair.call(0, 1, 10)
    pair.run(SECOND)
    kept = [int(request.state) for request in pair.nodes[1].guest.requests.requests.table]
    assert len(lost) == 1 and kept.count(ANSWERED) == 1
    pair.run(4 * SECOND)
    kept = [int(request.state) for request in pair.nodes[1].guest.requests.requests.table]
    assert len(lost) == 2 and kept.count(ANSWERED) == 0
    assert len(pair.nodes[1].executed) == 1
