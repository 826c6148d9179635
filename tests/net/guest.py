"""The guest's side of the wire, its own source run by CPython, without card, kernel and threads: one node, or several.

Only what costs much is smaller than on the machine: messages have at most MESSAGE bytes, and peers are few.
"""

import ctypes
import importlib
from collections.abc import Callable
from functools import cache
from types import SimpleNamespace
from typing import Any

from atoll.abi import wire
from atoll.abi.raw import address_of
from atoll.abi.types import u64
from atoll.compiler.cpython import guest_modules
from atoll.net.envelope import Words
from atoll.net.seal import tag_and_sum

MESSAGE = wire.ENVELOPE_SIZE + wire.MAX_NAME + 8192
PEERS = 4
NAMES = ("line", "peers", "parcels", "calls", "requests", "members", "acquaintance", "frame")

Send = Callable[[bytes], None]
Later = Callable[[int, Callable[[], None]], None]


@cache
def modules(copy: int, key: bytes) -> SimpleNamespace:
    """The guest's modules; each copy is a node of its own."""
    with guest_modules():
        layout: Any = importlib.import_module("atoll.abi.wire")
        layout.MAX_MESSAGE = MESSAGE  # (the guest's modules are others than the host's)
        peers: Any = importlib.import_module("atoll.servers.network.peers")
        peers.MOST_PEERS = u64(PEERS)
        made = {name: importlib.import_module(f"atoll.servers.network.{name}") for name in NAMES}
    found: Any = SimpleNamespace(**made)
    found.copy = copy
    found.frame.tag_and_sum = lambda _key, start, size: tuple(
        u64(value) for value in tag_and_sum(key, ctypes.string_at(start, size))
    )
    found.members.read_statistics = lambda into: None
    return found  # type: ignore[no-any-return]


class Node:
    """One node: what it sends goes to `send`; services give their words plus one and their segment backwards."""

    def __init__(self, number: int, address: bytes, key: bytes, send: Send, later: Later, start: int = 1) -> None:
        self.guest = modules(number, key)
        self.alive = True
        self.now = 0
        self.takes = wire.MILLISECOND
        self.later = later
        self.executed: list[tuple[str, Words, bytes]] = []
        self.cancelled: list[int] = []
        self.answers: dict[int, tuple[Words, bytes] | bool] = {}  # by number; a failure: whether it may have happened
        self.buffer = self.guest.frame.Buffer()
        self._reset()
        self._connect(number, address, key, send, start)

    def _reset(self) -> None:
        """As new."""
        peers, requests, calls = self.guest.peers.peers, self.guest.requests.requests, self.guest.calls.calls
        for number in range(256):
            peers.places[number] = 0
        peers.count = 0
        for peer in peers.table:
            peer.theirs, peer.next, peer.channels, peer.is_node, peer.is_up = 0, 0, 0, False, False
            peer.heard = peer.incarnation = peer.start = 0
        for channel in requests.channels:
            channel.last, channel.place = 0, 0
        for request in requests.table:
            request.state = 0
        for call in calls.table:
            call.state = 0
        calls.used, calls.count, calls.due, calls.checked, requests.due = 0, 0, 0, 0, 0
        self.guest.parcels.parcels.start()

    def _connect(self, number: int, address: bytes, key: bytes, send: Send, start: int) -> None:
        line, calls, requests = self.guest.line.line, self.guest.calls.calls, self.guest.requests.requests
        line.key.first, line.key.second = (int.from_bytes(half, "little") for half in (key[:8], key[8:]))
        line.number, line.address, line.start = number, int.from_bytes(address, "little"), start
        line.patience = 1
        line.place = self._place
        line.transmit = lambda frame: send(bytes(frame.bytes))
        calls.answered, calls.failed, calls.ended = self._answered, self._failed, lambda call: None
        calls.claim, calls.is_waited_for = lambda call, message: False, lambda call: True
        calls.came = lambda: None
        requests.ready, requests.stop = self._ready, lambda place: self.cancelled.append(int(place))
        self.guest.parcels.parcels.give_back = lambda place: None
        self.guest.acquaintance.clock = lambda: u64(self.now)
        self.guest.members.introduce(f"node{number}", 1, 0, u64(self.now))

    def _place(self, frame: Any) -> bool:
        frame.place_in(self.buffer)
        return True

    # ---- frames and time ----

    def arrived(self, data: bytes, now: int) -> None:
        """A frame has come."""
        self.now = now
        frame, _place = placed(self.guest.frame, data)
        self.guest.acquaintance.arrived(frame, u64(now))

    def look(self, now: int) -> int:
        """What time asks for; when to look again."""
        self.now = now
        due = self.guest.calls.calls.look(u64(now)), self.guest.requests.requests.look(u64(now))
        return int(min(*due, self.guest.members.look(u64(now))))

    # ---- services ----

    def _ready(self, request: Any) -> None:
        place = int(request.place)
        self.later(self.takes, lambda: self.finish(place))

    def finish(self, place: int) -> None:
        """A service has done its work."""
        if not self.alive:
            return
        request = self.guest.requests.requests.table[place]
        message = request.message
        words = tuple(int(word) for word in message.envelope.words)
        segment = bytes(message.segment)
        self.executed.append((str(message.name), words, segment))  # type: ignore[arg-type]
        room = int(message.envelope.room)
        message.clear()
        for index, word in enumerate(words):
            message.envelope.words[index] = (word + 1) % 2**64
        answer = segment[::-1][:room]
        message.data[0 : len(answer)] = answer
        message.set_segment(len(answer))
        self.guest.requests.requests.answered(request)

    # ---- calls to others ----

    def meet(self, number: int, address: bytes) -> int:
        """The place of another station."""
        peers, session = self.guest.peers.peers, self.guest.acquaintance.new_session(u64(number))
        return int(peers.meet(u64(number), u64(int.from_bytes(address, "little")), session))

    def begin(self, peer: int, number: int, segment: bytes, now: int) -> bool:
        """Call a peer's service; False if there are too many calls."""
        self.now = now
        place = self.guest.parcels.parcels.take()
        if place == self.guest.peers.NOWHERE:
            return False
        parcel = self.guest.parcels.parcels.table[place]
        message = parcel.message
        message.clear()
        message.envelope.words[0], message.envelope.room = number, 1 << 16
        message.data[0 : len(segment)] = segment
        message.set_segment(len(segment))
        parcel.reply.handle = number + 1
        return self.guest.calls.calls.begin(place, peer, False, u64(now)) is not None

    def _answered(self, call: Any, message: Any) -> None:
        self._note(int(call.reply.handle) - 1, (tuple(int(w) for w in message.envelope.words), bytes(message.segment)))

    def _failed(self, call: Any, may_have_happened: bool) -> None:
        self._note(int(call.reply.handle) - 1, bool(may_have_happened))

    def _note(self, number: int, what: Any) -> None:
        assert number not in self.answers, "a call ends once"
        self.answers[number] = what

    def leaks(self) -> dict[str, int]:
        """What is still in hand."""
        parcels, calls = self.guest.parcels, self.guest.calls.calls
        states = [int(request.state) for request in self.guest.requests.requests.table]
        return {
            "calls": int(calls.count), "parcels": int(parcels.OWN - parcels.parcels.free_count),
            "channels": sum(int(peer.channels) for peer in self.guest.peers.peers.table),
            "requests": sum(state not in (0, 4) for state in states),
        }  # fmt: skip


def placed(frames: Any, data: bytes) -> tuple[Any, Any]:
    """A frame of the guest that has come, and the buffer in which it lies (as long as somebody has it)."""
    frame, buffer = frames.Frame(), frames.Buffer()
    frame.place_in(buffer)
    ctypes.memmove(int(frame.start), data, min(len(data), wire.MAX_FRAME))
    frame.place(frame.start, u64(len(data)))
    return frame, buffer


@cache
def guest_frame() -> Any:
    """The guest's module of frames as it is, with its own seal; `draw_seal_key` is put in beside it."""
    with guest_modules():
        frame: Any = importlib.import_module("atoll.servers.network.frame")
        frame.draw_seal_key = importlib.import_module("atoll.userland.runtime.seal").draw_seal_key
    return frame


def guest_key(boot_key: bytes) -> Any:
    """A SealKey of that module, drawn from a boot key."""
    key = guest_frame().SealKey()
    first, second = (u64(int.from_bytes(half, "little")) for half in (boot_key[:8], boot_key[8:]))
    guest_frame().draw_seal_key(first, second, address_of(key))
    return key
