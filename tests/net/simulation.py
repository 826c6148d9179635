"""A station and a node's server joined by a bad wire, in virtual time and without a machine: the server's side is the
guest's own source, run by CPython.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from heapq import heappop, heappush

from atoll.abi import wire
from atoll.net.envelope import Words
from atoll.net.station import Call, Station
from tests.net.guest import Node

KEY = bytes(range(16))
NODE, HOST = bytes.fromhex("020000000001"), bytes.fromhex("0200000000fe")
LATENCY = 50_000
SESSION = 0x5E55_1011


@dataclass(frozen=True)
class Faults:
    """How bad the wire is: chances for each frame."""

    loss: float = 0.0
    doubling: float = 0.0
    delay: float = 0.0  # of a frame to come up to 200 latencies late
    damage: float = 0.0


class Simulation:
    """The wire and the clock."""

    def __init__(self, faults: Faults = Faults(), seed: int = 1) -> None:
        self.random = random.Random(seed)
        self.faults = faults
        self.now = 0
        self.events: list[tuple[int, int, Callable[[], None]]] = []
        self.count = 0
        self.cut = False
        self.log: list[bytes] = []
        self.station = Station(HOST, KEY, 0xC11E47, lambda data: self.carry(data, self.to_server))
        self.server = self.new_server(SESSION)

    def new_server(self, start: int) -> Node:
        """Another start of the node's server: what the last one knew is gone."""
        if hasattr(self, "server"):
            self.server.alive = False
        return Node(1, NODE, KEY, lambda data: self.carry(data, self.to_station), self.later, start)

    def to_server(self, data: bytes) -> None:
        self.server.arrived(data, self.now)

    def to_station(self, data: bytes) -> None:
        self.station.arrived(data, self.now)

    def later(self, delay: int, event: Callable[[], None]) -> None:
        self.count += 1
        heappush(self.events, (self.now + delay, self.count, event))

    def carry(self, data: bytes, receiver: Callable[[bytes], None]) -> None:
        """One frame over the wire, or what the wire makes of it."""
        self.log.append(data)
        draw, faults = self.random.random, self.faults
        if self.cut or draw() < faults.loss:
            return
        for _ in range(2 if draw() < faults.doubling else 1):
            late = self.random.randrange(200) if draw() < faults.delay else 1
            arrives = bytearray(data)
            if draw() < faults.damage:
                arrives[self.random.randrange(len(data))] ^= 1 << self.random.randrange(8)
            self.later(late * LATENCY, lambda whole=bytes(arrives): receiver(whole))  # type: ignore[misc]

    def step(self, limit: int) -> bool:
        """The next thing that happens; False if there is none before the limit."""
        due = self.station.due
        first = self.events[0][0] if self.events else None
        times = [time for time in (due, first) if time is not None]
        if not times or min(times) > limit:
            self.now = limit
            return False
        self.now = max(self.now, min(times))
        if first is not None and first <= self.now:
            heappop(self.events)[2]()
        else:
            self.station.look(self.now)
        return True

    def run(self, calls: list[Call], limit: int = 600_000 * wire.MILLISECOND) -> None:
        while not all(call.over for call in calls) and self.step(limit):
            pass

    def settle(self) -> None:
        """Whatever is still on its way arrives."""
        while self.events:
            self.step(self.now + 10**12)

    def begin(self, segment: bytes = b"", words: Words = (1, 2, 3, 4), service: str = "/services/echo") -> Call:
        return self.station.begin(NODE, service, words, segment, 1 << 16, self.now)
