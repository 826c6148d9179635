"""Frames that no station would send: noise, damage, strangers', replays, and sound ones (sealed with the cluster's key)
that make no sense. All of them come from a seed and from the frames that were on the wire so far.
"""

import random
from collections.abc import Callable
from dataclasses import replace

from atoll.abi import wire
from atoll.abi.objects import Kind as Handle
from atoll.abi.wire import Kind
from atoll.net.envelope import Announcement, Envelope, RemoteGate
from atoll.net.frame import ETHERNET, HEADER, Frame, FrameError, decode, fragments_of, sealed

NUMBER = 0xEE  # of the forger's station, which is a member as far as keys go
WORD = 2**64 - 1
SESSION = 0xF0_96E4
NAMES = (b"/services/nobody", b"/services/time", b"x" * wire.MAX_NAME, b"\xff\xfe", b"\0", b"")
JUMBO = 9000  # bytes


class Forger:
    """One that has the key, an address of its own, and ears."""

    def __init__(self, seed: int, key: bytes, address: bytes, victim: bytes) -> None:
        self.random = random.Random(seed)
        self.heard: list[bytes] = []  # others' frames
        self.targets: list[RemoteGate] = []  # gates that others were given
        self.peer = 0  # the victim's session with us
        self._key, self._address, self._victim = key, address, victim
        self._ways: tuple[Callable[[], bytes], ...] = (
            self.noise, self.truncated, self.flipped, self.stranger, self.replay, self.oversize, self.nonsense,
            self.nonsense, self.nonsense, self.request, self.request, self.announcement,
        )  # fmt: skip

    def hear(self, _time: int, _station: str, leaves: bool, data: bytes) -> None:
        """A frame on the wire."""
        if not leaves:
            return
        try:
            frame = decode(self._key, data)
        except FrameError:
            return
        if self._address not in (frame.destination, frame.source):
            self.heard.append(data)
        elif frame.kind is Kind.WELCOME:
            self.peer = frame.session

    def frame(self) -> bytes:
        """One more."""
        return self.random.choice(self._ways)()

    # ---- what is no frame of a member ----

    def noise(self) -> bytes:
        """Bytes, most of them with our EtherType."""
        head = self._victim + self._address + self.random.choice((b"\x88\xb5", b"\x88\xb5", b"\x08\x00"))
        return (head + self.random.randbytes(self.random.randrange(1500)))[: self.random.randrange(1, wire.MAX_FRAME)]

    def truncated(self) -> bytes:
        """The beginning of a frame."""
        whole = self.random.choice(self.heard)
        return whole[: self.random.randrange(1, len(whole))]

    def flipped(self) -> bytes:
        """A frame of which some bits are others."""
        whole = bytearray(self.random.choice(self.heard))
        for _ in range(self.random.randint(1, 8)):
            whole[self.random.randrange(len(whole))] ^= 1 << self.random.randrange(8)
        return bytes(whole)

    def stranger(self) -> bytes:
        """A frame that is sound, with another key."""
        body = self.random.choice(self.heard)[: -wire.SEAL_SIZE]
        return sealed(self.random.randbytes(16), body)

    def replay(self) -> bytes:
        """One that was on the wire before, in either direction."""
        return self.random.choice(self.heard)

    def oversize(self) -> bytes:
        """More than fits, or a size of the data that goes beyond the end."""
        whole = bytearray(self.random.choice(self.heard))
        if self.random.random() < 0.3:
            return bytes(whole) + self.random.randbytes(self.random.randrange(JUMBO))
        size = self.random.randrange(wire.FRAGMENT_SIZE, 1 << 16)
        whole[wire.DATA_SIZE : wire.DATA_SIZE + 2] = size.to_bytes(2, "little")
        return bytes(whole).ljust(wire.MAX_FRAME, b"\x55")

    # ---- what a member could say that has lost its mind ----

    def number(self) -> int:
        """A number as an error would have it: small, large, or any."""
        draw = self.random
        return draw.choice((draw.randrange(4), WORD - draw.randrange(4), 1 << draw.randrange(64), draw.getrandbits(64)))

    def sessions(self) -> tuple[int, int]:
        """Those of a frame: right ones, mostly."""
        return self.random.choice(((SESSION, self.peer), (SESSION, self.peer), (self.number(), self.number())))

    def nonsense(self) -> bytes:
        """Sealed, but with any fields."""
        draw = self.random
        kind = draw.choice((*Kind, draw.randrange(256)))
        data = draw.randbytes(draw.choice((0, 0, 8, wire.ENVELOPE_SIZE, draw.randrange(wire.FRAGMENT_SIZE + 1))))
        size = draw.choice((len(data), len(data), draw.randrange(wire.MAX_MESSAGE), draw.getrandbits(32)))
        count = draw.choice((fragments_of(size), draw.getrandbits(16))) & 0xFFFF
        head = ETHERNET.pack(draw.choice((self._victim, b"\xff" * 6)), self._address, wire.ETHERTYPE)
        head += HEADER.pack(
            draw.choice((wire.VERSION, wire.VERSION, draw.getrandbits(16))), *self.sessions(), self.number(), kind,
            draw.choice((0, 1, draw.getrandbits(16))), draw.choice((0, 0, draw.getrandbits(16))), count, size,
            draw.choice((len(data), len(data), draw.randrange(wire.FRAGMENT_SIZE + 1))), self.node(), self.number(),
        )  # fmt: skip
        return sealed(self._key, head + data)

    def node(self) -> int:
        """Whose frame that would be: ours, or a node's that never was."""
        return self.random.choice((NUMBER, NUMBER, 0, 0xFFFF, self.random.randrange(0x100, 0xFFFF)))

    def request(self) -> bytes:
        """A whole request or query whose envelope may say anything."""
        draw = self.random
        name = draw.choice(NAMES)
        target = draw.choice((RemoteGate(bytes(16)), RemoteGate(draw.randbytes(16), self.number()), *self.targets))
        envelope = Envelope(
            (self.number(), self.number(), self.number(), self.number()), target,
            RemoteGate(draw.randbytes(16), self.number()), draw.choice((0, 0, *Handle, self.number())),
            draw.choice((NUMBER, self.number())), draw.choice((0, 1, 2, 3, 4, self.number())),
            draw.choice((0, len(name), len(name), self.number())), draw.choice((0, 100, self.number())), self.number(),
        )  # fmt: skip
        message = envelope.encode() + name + bytes(-len(name) % 8) + draw.randbytes(draw.choice((0, 8, 700)))
        kind = draw.choice((Kind.REQUEST, Kind.REQUEST, Kind.QUERY, Kind.ANSWER, Kind.REPLY, Kind.WHO_HAS, Kind.I_HAVE))
        frame = Frame(
            self._victim, self._address, kind, *self.sessions(), self.number(), draw.randrange(100), 0, len(message),
            self.node(), self.number(), message,
        )  # fmt: skip
        return frame.encode(self._key)

    def announcement(self) -> bytes:
        """What a station says of itself, which may be anything."""
        draw = self.random
        number = draw.choice((NUMBER, NUMBER, self.node()))
        start = draw.choice((1, self.number()))
        speed, memory, free = self.number(), self.number(), self.number()
        incarnation, leaving = draw.choice((1, self.number())), draw.choice((0, 0, self.number()))
        said = Announcement(number, incarnation, start, speed, memory, free, leaving, "forger")
        data = bytearray(said.encode())
        if draw.random() < 0.3:
            data[wire.ANNOUNCED_NAME :] = draw.randbytes(wire.MAX_NODE_NAME)
            data[wire.ANNOUNCED_NAME_SIZE : wire.ANNOUNCED_NAME_SIZE + 8] = self.number().to_bytes(8, "little")
        return self.announced(bytes(data), number & 0xFFFF)

    def announced(self, data: bytes, node: int) -> bytes:
        """A frame that announces something."""
        everybody = b"\xff" * wire.ADDRESS_SIZE
        frame = Frame(everybody, self._address, Kind.ANNOUNCE, SESSION, 0, message_size=len(data), node=node, data=data)
        return frame.encode(self._key)

    def announcements(self) -> list[bytes]:
        """What a sane member would say of itself, when it comes and when it goes."""
        coming = Announcement(NUMBER, 1, 1, 10**9, 1 << 27, 1 << 26, 0, "forger")
        return [self.announced(each.encode(), NUMBER) for each in (coming, replace(coming, leaving=1))]

    def hello(self) -> bytes:
        """A question that a sane member would begin with."""
        return Frame(self._victim, self._address, Kind.HELLO, SESSION, 0, 1, node=NUMBER).encode(self._key)
