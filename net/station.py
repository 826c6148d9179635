"""A station's client side of the wire: calls of services at nodes, over frames that may be lost, doubled or late.

It neither waits nor knows a clock: whoever drives it brings frames and the time, and asks when it wants to be looked at
again. Nobody can call it; nodes ask it only whether it still lives. The server's side: servers/network.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from atoll.abi import wire
from atoll.abi.calls import MAX_SEGMENT, Status
from atoll.abi.wire import Kind, Outcome, Way
from atoll.net.envelope import NO_GATE, Envelope, RemoteGate, Words
from atoll.net.frame import ALL_FRAGMENTS, Frame, FrameError, decode, fragment_size, fragments_of, outcome_of

FIRST_TRANSACTION = 1
NUMBER = 0xFE  # of the host's station, among the nodes' numbers


class CallError(Exception):
    """A call did not bring an answer of the service; the text says what is known."""


class NoSuchService(CallError):
    """The node has no service of that name."""


class NotTaken(CallError):
    """The service did not get the call: nothing has happened."""


class Unreachable(NotTaken):
    """The node does not answer, and has not got the call."""


class EffectUnknown(CallError):
    """The service may have carried the call out, or a part of it, or not: nobody can tell."""


class NotTransferable(CallError):
    """The service answered, but with a handle that cannot cross the wire."""


@dataclass(frozen=True)
class Reply:
    """A service's answer."""

    words: Words
    segment: bytes
    gate: RemoteGate = NO_GATE  # that came with it


@dataclass
class Call:
    """A call in hand; over when it has a `reply` or an `error`."""

    address: bytes  # of the node
    service: str  # its name, or what to call it in messages
    channel: int
    transaction: int
    message: bytes  # envelope, name and segment
    heard: int  # when the node last said something about it, nanoseconds
    due: int  # when to look at it again
    wait: int  # how long to be patient next time
    sent_to: int | None = None  # the session that the request went to
    fragments: dict[int, bytes] = field(default_factory=dict)  # of the reply
    reply: Reply | None = None
    error: CallError | None = None

    @property
    def over(self) -> bool:
        """Whether there is nothing more to come."""
        return self.reply is not None or self.error is not None

    def result(self) -> Reply:
        """The reply; raises the error that came instead."""
        if self.error is not None:
            raise self.error
        assert self.reply is not None, "the call is not over"
        return self.reply


class Station:
    """One station. `send` is given each frame that leaves; all its times are multiplied by `patience`."""

    def __init__(
        self, address: bytes, key: bytes, session: int, send: Callable[[bytes], None], patience: int = 1
    ) -> None:
        self.address = address
        self.send = send
        self.dropped = 0  # frames that came and were none
        self.late = 0  # frames about calls that are over
        self._first_wait = wire.FIRST_WAIT * patience
        self._longest_wait = wire.LONGEST_WAIT * patience
        self._silence = wire.SILENCE * patience
        self._key = key
        self._session = session
        self._peers: dict[bytes, int] = {}  # sessions of nodes by their addresses
        self._next = FIRST_TRANSACTION
        self._calls: dict[int, Call] = {}  # by channel

    # ---- calls ----

    def begin(
        self, address: bytes, service: str, words: Words, segment: bytes, room: int, now: int,
        gate: RemoteGate = NO_GATE, way: Way = Way.CALL,
    ) -> Call:  # fmt: skip
        """Call a service of the node at an address, or through a gate that came from there (then the name is for
        messages only); `room`: bytes that the reply's segment may have.
        """
        name = service.encode() if gate == NO_GATE else b""
        if len(name) > wire.MAX_NAME or not service:
            raise ValueError(f"a service's name has 1 to {wire.MAX_NAME} bytes: {service!r}")
        if len(segment) > MAX_SEGMENT or not 0 <= room <= MAX_SEGMENT:
            raise ValueError(f"a segment has at most {MAX_SEGMENT} bytes")
        channel = next(number for number in range(len(self._calls) + 1) if number not in self._calls)
        envelope = Envelope(words, gate, way=way, name_size=len(name), room=room)
        message = envelope.encode() + name + bytes(-len(name) % 8) + segment
        call = Call(address, service, channel, self._next, message, now, now + self._first_wait, self._first_wait)
        self._next += 1
        self._calls[channel] = call
        self._ask(call)
        return call

    def cancel(self, call: Call) -> None:
        """Nobody waits for the call any more."""
        if not call.over:
            if call.sent_to is not None:
                self._say(call, Kind.CANCEL)
            self._fail(call, EffectUnknown if call.sent_to is not None else Unreachable, "cancelled")

    @property
    def idle(self) -> bool:
        """Whether no call is in hand."""
        return not self._calls

    def forget(self, address: bytes) -> None:
        """The node there starts anew: whatever session it had is gone."""
        self._peers.pop(address, None)

    # ---- time ----

    @property
    def due(self) -> int | None:
        """When to call `look`; None if nothing is waited for."""
        return min((call.due for call in self._calls.values()), default=None)

    def look(self, now: int) -> None:
        """Ask about calls that have been waited for long enough."""
        for call in [call for call in self._calls.values() if call.due <= now]:
            if call.sent_to is not None and now - call.heard >= self._silence:
                self._fail(call, EffectUnknown, f"silence for {self._silence // wire.MILLISECOND} ms")
                continue
            call.wait = min(2 * call.wait, self._longest_wait)
            call.due = now + call.wait
            self._ask(call)

    # ---- frames in ----

    def arrived(self, data: bytes, now: int) -> None:
        """A frame has come."""
        try:
            frame = decode(self._key, data)
        except FrameError:
            self.dropped += 1
            return
        if frame.destination != self.address:  # an announcement or a question to everybody
            return
        if frame.kind is Kind.PROBE:
            self._transmit(Frame(frame.source, self.address, Kind.ALIVE, self._session, frame.session, node=NUMBER))
            return
        if frame.peer != self._session:
            self.dropped += 1
            return
        call = self._calls.get(frame.channel)
        if call is None or call.transaction != frame.transaction or call.address != frame.source:
            self.late += 1
            return
        if frame.kind is Kind.WELCOME:
            self._meet(call, frame, now)
        elif frame.session == call.sent_to:
            call.heard = now
            self._take(call, frame, now)

    def _meet(self, call: Call, frame: Frame, now: int) -> None:
        """The node says which session it has; if it is another than was called, that one is gone."""
        if call.sent_to == frame.session:
            return
        self._peers[call.address] = frame.session
        if call.sent_to is not None:
            self._fail(call, EffectUnknown, "the node's network server was started anew meanwhile")
            return
        call.heard = now
        self._ask(call)
        self._be_patient(call, now)

    def _take(self, call: Call, frame: Frame, now: int) -> None:
        if frame.kind is Kind.REPLY:
            self._collect(call, frame)
            self._be_patient(call, now)
        elif frame.kind is Kind.WANT:
            self._send_request(call, frame.bits)
            self._be_patient(call, now)

    def _be_patient(self, call: Call, now: int) -> None:
        """It goes on: no reason to ask soon."""
        call.wait = self._first_wait
        call.due = now + call.wait

    def _collect(self, call: Call, frame: Frame) -> None:
        call.fragments[frame.fragment] = frame.data
        if len(call.fragments) < fragments_of(frame.message_size):
            return
        message = b"".join(call.fragments[index] for index in range(len(call.fragments)))
        envelope = Envelope.decode(message)
        self._say(call, Kind.ACK)
        self._end(call)
        try:
            outcome = outcome_of(envelope)
        except FrameError:
            self.dropped += 1
            outcome = Outcome.UNKNOWN
        if outcome is Outcome.ANSWERED:
            call.reply = Reply(envelope.words, message[wire.ENVELOPE_SIZE :], envelope.handle)
        else:
            call.error = failure(call.service, outcome, envelope.words[0])

    # ---- frames out ----

    def _ask(self, call: Call) -> None:
        """Send what the call needs now: a greeting, its request, or the question how it is."""
        peer = self._peers.get(call.address)
        if peer is None:
            self._say(call, Kind.HELLO)
        elif call.sent_to is None:
            call.sent_to = peer
            self._send_request(call, ALL_FRAGMENTS)
        else:
            self._say(call, Kind.ASK, self._missing(call))

    def _missing(self, call: Call) -> int:
        """A bit for each fragment of the reply that is not there."""
        return ALL_FRAGMENTS & ~sum(1 << index for index in call.fragments)

    def _send_request(self, call: Call, wanted: int) -> None:
        for index in range(fragments_of(len(call.message))):
            if wanted >> index & 1:
                start = index * wire.FRAGMENT_SIZE
                data = call.message[start : start + fragment_size(len(call.message), index)]
                frame = self._frame(call, Kind.REQUEST)
                self._transmit(replace(frame, fragment=index, data=data))

    def _say(self, call: Call, kind: Kind, bits: int = 0) -> None:
        self._transmit(replace(self._frame(call, kind), bits=bits))

    def _frame(self, call: Call, kind: Kind) -> Frame:
        return Frame(
            call.address, self.address, kind, self._session, call.sent_to or 0, call.transaction, call.channel,
            message_size=len(call.message), node=NUMBER,
        )  # fmt: skip

    def _transmit(self, frame: Frame) -> None:
        self.send(frame.encode(self._key))

    # ---- ends ----

    def _fail(self, call: Call, kind: type[CallError], why: str) -> None:
        call.error = kind(f"{call.service}: {why}")
        self._end(call)

    def _end(self, call: Call) -> None:
        del self._calls[call.channel]

    # ---- saving ----

    def save(self) -> dict[str, Any]:
        """What the station knows, between calls."""
        if self._calls:
            raise ValueError("a station cannot be saved while it waits for a call")
        peers = [[address, session] for address, session in self._peers.items()]
        return {"session": self._session, "next": self._next, "peers": peers}

    def restore(self, saved: dict[str, Any]) -> None:
        """The opposite of `save`."""
        self._calls.clear()
        self._session, self._next, self._peers = saved["session"], saved["next"], dict(saved["peers"])


def failure(service: str, outcome: Outcome, detail: int) -> CallError:
    """The error for an outcome that is no answer."""
    match outcome:
        case Outcome.NO_SUCH_SERVICE:
            return NoSuchService(f"{service}: there is no such service")
        case Outcome.NOT_TAKEN:
            return NotTaken(f"{service}: the call was refused: {status_name(detail)}")
        case Outcome.UNKNOWN:
            return EffectUnknown(f"{service}: died before it answered: {status_name(detail)}")
        case Outcome.NOT_TRANSFERABLE:
            return NotTransferable(f"{service}: answered with a handle that cannot cross the wire")
        case Outcome.NO_SUCH_PORT:
            return NotTaken(f"{service}: nobody receives there any more, or it was never given to the host")
    return EffectUnknown(f"{service}: the call was cancelled at the node")


def status_name(number: int) -> str:
    """A status of the kernel, as its name where it has one."""
    try:
        return Status(number).name
    except ValueError:
        return f"status {number:#x}"
