"""Frames of the wire (layout: abi/wire.py) on the host: one object each, to bytes and back.

The guest has its own code for this (servers/network/frame.py); tests hold the two against each other.
"""

import struct
import zlib
from dataclasses import dataclass

from atoll.abi import wire
from atoll.abi.wire import Kind, Outcome
from atoll.net.siphash import siphash

ETHERNET = struct.Struct(">6s6sH")
HEADER = struct.Struct("<H3Q2B3H4I4Q16s")  # from FRAME_VERSION to DATA
SEAL = struct.Struct("<QI")
assert ETHERNET.size == wire.FRAME_VERSION and ETHERNET.size + HEADER.size == wire.DATA
assert SEAL.size == wire.SEAL_SIZE

NO_WORDS = (0, 0, 0, 0)
Words = tuple[int, int, int, int]


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
    name_size: int = 0
    room: int = 0
    outcome: Outcome = Outcome.ANSWERED
    words: Words = NO_WORDS
    target: bytes = bytes(16)
    data: bytes = b""

    def encode(self, key: bytes) -> bytes:
        """The frame as it goes over the wire."""
        count = fragments_of(self.message_size)
        head = ETHERNET.pack(self.destination, self.source, wire.ETHERTYPE) + HEADER.pack(
            wire.VERSION, self.session, self.peer, self.transaction, self.kind, self.name_size, self.channel,
            self.fragment, count, self.message_size, len(self.data), self.room, self.outcome, *self.words,
            self.target,
        )  # fmt: skip
        body = head + self.data + bytes(-len(head + self.data) % 8)
        body += struct.pack("<Q", siphash(key, body))
        return body + struct.pack("<I", zlib.adler32(body))


def decode(key: bytes, data: bytes) -> Frame:
    """The opposite of `encode`; raises FrameError."""
    if len(data) < wire.DATA + wire.SEAL_SIZE:
        raise FrameError("too short")
    destination, source, ethertype = ETHERNET.unpack_from(data)
    if ethertype != wire.ETHERTYPE:
        raise FrameError("another EtherType")
    (version, session, peer, transaction, kind, name_size, channel, fragment, count, message_size, data_size, room,
     outcome, *words, target) = HEADER.unpack_from(data, wire.FRAME_VERSION)  # fmt: skip
    end = -(-(wire.DATA + data_size) // 8) * 8
    if end + wire.SEAL_SIZE > len(data):
        raise FrameError("truncated")
    tag, checksum = SEAL.unpack_from(data, end)
    if checksum != zlib.adler32(data[: end + wire.TAG_SIZE]):
        raise FrameError("its checksum is wrong")
    if version != wire.VERSION or tag != siphash(key, data[:end]):
        raise FrameError("not from one of us")
    try:
        kind, outcome = Kind(kind), Outcome(outcome)
    except ValueError as error:
        raise FrameError(str(error)) from None
    if message_size > wire.MAX_MESSAGE or count != fragments_of(message_size) or fragment >= count:
        raise FrameError("fragments that cannot be")
    carries = kind in (Kind.REQUEST, Kind.REPLY)
    if data_size != (fragment_size(message_size, fragment) if carries else 0):
        raise FrameError("a fragment of the wrong size")
    return Frame(destination, source, kind, session, peer, transaction, channel, fragment, message_size, name_size,
                 room, outcome, tuple(words), target, data[wire.DATA : wire.DATA + data_size])  # fmt: skip


def fragments_of(size: int) -> int:
    """How many fragments a message has: one at least."""
    return max(-(-size // wire.FRAGMENT_SIZE), 1)


def fragment_size(size: int, index: int) -> int:
    """Bytes of one of a message's fragments."""
    return min(size - index * wire.FRAGMENT_SIZE, wire.FRAGMENT_SIZE)
