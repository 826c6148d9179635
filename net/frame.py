"""Frames of the wire (layout: abi/wire.py) on the host: one object each, to bytes and back.

The guest has its own code for this (servers/network/frame.py); tests hold the two against each other.
"""

import struct
from dataclasses import dataclass, field

from atoll.abi import wire
from atoll.abi.wire import Kind, Outcome
from atoll.net.envelope import Envelope
from atoll.net.seal import tag_and_sum

ETHERNET = struct.Struct(">6s6sH")
HEADER = struct.Struct("<H3QBx3HI2HQ")  # from FRAME_VERSION to DATA
SEAL = struct.Struct("<2Q")
assert ETHERNET.size == wire.FRAME_VERSION and ETHERNET.size + HEADER.size == wire.DATA
assert SEAL.size == wire.SEAL_SIZE

MESSAGES = (Kind.REQUEST, Kind.REPLY)  # of an envelope, what is called, and a segment
SINGLE = (Kind.WHO_HAS, Kind.I_HAVE, Kind.QUERY, Kind.ANSWER)  # the same, but always in one frame
ALL_FRAGMENTS = 2**64 - 1


class FrameError(Exception):
    """Bytes that are no frame of ours; the text says why."""


@dataclass(frozen=True)
class Frame:
    """What a frame says."""

    destination: bytes
    source: bytes
    kind: Kind
    session: int
    peer: int
    transaction: int = 0
    channel: int = 0
    fragment: int = 0
    message_size: int = 0
    node: int = 0
    bits: int = 0
    data: bytes = field(default=b"", repr=False)

    def encode(self, key: bytes) -> bytes:
        """The frame as it goes over the wire."""
        head = ETHERNET.pack(self.destination, self.source, wire.ETHERTYPE) + HEADER.pack(
            wire.VERSION, self.session, self.peer, self.transaction, self.kind, self.channel, self.fragment,
            fragments_of(self.message_size), self.message_size, len(self.data), self.node, self.bits,
        )  # fmt: skip
        return sealed(key, head + self.data)

    @property
    def envelope(self) -> Envelope | None:
        """That of the message, if it is one with an envelope, and begins here."""
        return Envelope.decode(self.data) if self.kind in (*MESSAGES, *SINGLE) and self.fragment == 0 else None


def sealed(key: bytes, body: bytes) -> bytes:
    """Header and data with the seal behind them."""
    body += bytes(-(len(body) - wire.DATA) % wire.DATA_UNIT)
    tag, total = tag_and_sum(key, body)
    return body + SEAL.pack(tag, (total + tag) % 2**64)


def decode(key: bytes, data: bytes) -> Frame:
    """The opposite of `encode`; raises FrameError."""
    if len(data) < wire.DATA + wire.SEAL_SIZE:
        raise FrameError("too short")
    destination, source, ethertype = ETHERNET.unpack_from(data)
    if ethertype != wire.ETHERTYPE:
        raise FrameError("another EtherType")
    (version, session, peer, transaction, kind, channel, fragment, count, message_size, data_size, node,
     bits) = HEADER.unpack_from(data, wire.FRAME_VERSION)  # fmt: skip
    end = wire.DATA + -(-data_size // wire.DATA_UNIT) * wire.DATA_UNIT
    if end + wire.SEAL_SIZE > min(len(data), wire.MAX_FRAME):
        raise FrameError("truncated")
    if version != wire.VERSION:
        raise FrameError(f"of version {version}, not {wire.VERSION}")
    tag, checksum = SEAL.unpack_from(data, end)
    right_tag, total = tag_and_sum(key, data[:end])
    if checksum != (total + tag) % 2**64:
        raise FrameError("its checksum is wrong")
    if tag != right_tag:
        raise FrameError("not from one of us")
    try:
        kind = Kind(kind)
    except ValueError as error:
        raise FrameError(str(error)) from None
    frame = Frame(destination, source, kind, session, peer, transaction, channel, fragment, message_size, node, bits,
                  data[wire.DATA : wire.DATA + data_size])  # fmt: skip
    check(frame, count)
    return frame


def check(frame: Frame, count: int) -> None:
    """Raise FrameError for what a sound frame cannot say of its message."""
    size = frame.message_size
    if size > wire.MAX_MESSAGE or count != fragments_of(size) or frame.fragment >= count:
        raise FrameError("fragments that cannot be")
    carried = 0
    if frame.kind in MESSAGES:
        carried = fragment_size(size, frame.fragment)
    elif frame.kind in SINGLE or frame.kind is Kind.ANNOUNCE:
        carried = size
    if len(frame.data) != carried:
        raise FrameError("a fragment of the wrong size")
    if frame.kind in (*MESSAGES, *SINGLE) and size < wire.ENVELOPE_SIZE:
        raise FrameError("no envelope")
    if frame.kind is Kind.ANNOUNCE and size != wire.ANNOUNCEMENT_SIZE:
        raise FrameError("no announcement")


def fragments_of(size: int) -> int:
    """How many fragments a message has: one at least."""
    return max(-(-size // wire.FRAGMENT_SIZE), 1)


def fragment_size(size: int, index: int) -> int:
    """Bytes of one of a message's fragments."""
    return min(size - index * wire.FRAGMENT_SIZE, wire.FRAGMENT_SIZE)


def outcome_of(envelope: Envelope) -> Outcome:
    """How the call ended whose reply has that envelope. Raises FrameError."""
    try:
        return Outcome(envelope.way)
    except ValueError as error:
        raise FrameError(str(error)) from None
