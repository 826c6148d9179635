"""A station and a node's server joined by a bad wire, in virtual time and without a machine: the server's side is the
guest's own source, run by CPython.
"""

import ctypes
import importlib
import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from heapq import heappop, heappush
from typing import Any

from atoll.abi import wire
from atoll.abi.types import u64
from atoll.compiler.cpython import guest_modules
from atoll.net.envelope import Words
from atoll.net.fletcher import fletcher64
from atoll.net.siphash import siphash
from atoll.net.station import Call, Station

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


class Server:
    """The guest's exchange, and services that take a given time."""

    def __init__(self, session: int, send: Callable[[bytes], None], later: Callable[[int, Callable[[], None]], None]):
        self.exchange, self.frames = guest_exchange()
        self.alive = True
        reset(self.exchange)
        self.exchange.session, self.exchange.address = session, int.from_bytes(NODE, "little")
        self.exchange.first_key, self.exchange.second_key = (
            int.from_bytes(half, "little") for half in (KEY[:8], KEY[8:])
        )
        self.buffer = self.frames.Buffer()
        self.exchange.prepare = self.prepare
        self.exchange.transmit = lambda frame: send(bytes(frame.bytes))
        self.exchange.release = lambda low, high: None
        self.exchange.begin = self.begin
        self.exchange.stop = self.stop
        self.later = later
        self.executed: list[tuple[str, Words, bytes]] = []
        self.cancelled: list[int] = []
        self.takes = 1_000_000  # nanoseconds of a call
        self.now = 0

    def arrived(self, data: bytes) -> None:
        frame, _place = placed(self.frames, data)
        self.exchange.arrived(frame, self.now)

    def prepare(self, frame: Any) -> bool:
        """The card's side of sending: a place for the frame."""
        frame.place_in(self.buffer)
        return True

    def begin(self, place: int) -> None:
        self.later(self.takes, lambda: self.finish(int(place)))

    def stop(self, place: int) -> None:
        self.cancelled.append(int(place))

    def finish(self, place: int) -> None:
        """The service: gives its words plus one and its segment backwards."""
        if not self.alive:
            return
        transaction = self.exchange.transactions[place]
        words = tuple(int(word) for word in transaction.words)
        segment = bytes(transaction.segment)
        self.executed.append((str(transaction.name), words, segment))  # type: ignore[arg-type]
        transaction.outcome = 0
        for index, word in enumerate(words):
            transaction.reply_words[index] = (word + 1) % 2**64
        transaction.reply_size = min(len(segment), int(transaction.room))
        transaction.reply[0 : transaction.reply_size] = segment[::-1][: transaction.reply_size]
        self.exchange.answered(place)


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

    def new_server(self, session: int) -> Server:
        """Another start of the node's server: what the last one knew is gone."""
        if hasattr(self, "server"):
            self.server.alive = False
        return Server(session, lambda data: self.carry(data, self.to_station), self.later)

    def to_server(self, data: bytes) -> None:
        self.server.now = self.now
        self.server.arrived(data)

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


@cache
def guest_exchange() -> tuple[Any, Any]:
    """The guest's exchange (CPython takes a second to make one), and its module of frames; there hash and checksum,
    which test_frame.py looks at, are the host's.
    """
    with guest_modules():
        exchange = importlib.import_module("atoll.servers.network.exchange")
        frames: Any = importlib.import_module("atoll.servers.network.frame")
    frames.siphash_memory = lambda first, second, address, size: u64(siphash(KEY, ctypes.string_at(address, size)))
    frames.fletcher64_memory = lambda address, size: u64(fletcher64(ctypes.string_at(address, size)))
    return exchange.Exchange(), frames


def placed(frames: Any, data: bytes) -> tuple[Any, Any]:
    """A frame of the guest that has come, and the buffer in which it lies (as long as somebody has it)."""
    frame, buffer = frames.Frame(), frames.Buffer()
    frame.place_in(buffer)
    ctypes.memmove(int(frame.start), data, min(len(data), wire.MAX_FRAME))
    frame.place(frame.start, u64(len(data)))
    return frame, buffer


def reset(exchange: Any) -> None:
    """As new."""
    for client in exchange.clients:
        client.is_used, client.last = False, 0
    for transaction in exchange.transactions:
        transaction.state = 0


def guest_frame() -> Any:
    """The guest's module of frames."""
    with guest_modules():
        return importlib.import_module("atoll.servers.network.frame")
