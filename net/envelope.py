"""What messages say (layout: abi/wire.py): the envelope of a call, and the announcement of a station, on the host."""

import struct
from dataclasses import dataclass, fields
from typing import NamedTuple

from atoll.abi import wire
from atoll.abi.objects import Kind

ENVELOPE = struct.Struct("<4Q16sQ16s7Q")
ANNOUNCEMENT = struct.Struct(f"<8Q{wire.MAX_NODE_NAME}s")
assert ENVELOPE.size == wire.ENVELOPE_SIZE and ANNOUNCEMENT.size == wire.ANNOUNCEMENT_SIZE

NO_WORDS = (0, 0, 0, 0)
NO_IDENTITY = bytes(wire.IDENTITY_SIZE)
Words = tuple[int, int, int, int]


class RemoteGate(NamedTuple):
    """A gate as it is known beyond its node: the port's identity, and the badge."""

    identity: bytes
    badge: int = 0


NO_GATE = RemoteGate(NO_IDENTITY)


@dataclass(frozen=True)
class Envelope:
    """The beginning of a message."""

    words: Words = NO_WORDS
    target: RemoteGate = NO_GATE
    handle: RemoteGate = NO_GATE
    handle_kind: int = Kind.NONE
    handle_node: int = 0
    way: int = 0
    name_size: int = 0
    room: int = 0
    taken: int = 0

    def encode(self) -> bytes:
        """As it goes over the wire."""
        return ENVELOPE.pack(
            *self.words, *self.target, *self.handle, self.handle_kind, self.handle_node, self.way, self.name_size,
            self.room, self.taken,
        )  # fmt: skip

    @staticmethod
    def decode(data: bytes) -> "Envelope":
        """The opposite; of a message's first bytes, ENVELOPE_SIZE at least."""
        w0, w1, w2, w3, target, badge, handle, handle_badge, *rest = ENVELOPE.unpack_from(data)
        return Envelope((w0, w1, w2, w3), RemoteGate(target, badge), RemoteGate(handle, handle_badge), *rest)


@dataclass(frozen=True)
class Announcement:
    """What a station says of itself."""

    number: int
    incarnation: int
    start: int
    speed: int
    memory: int
    free: int
    leaving: int
    name: str

    def encode(self) -> bytes:
        """As it goes over the wire."""
        name = self.name.encode()
        numbers = [getattr(self, each.name) for each in fields(self) if each.name != "name"]
        return ANNOUNCEMENT.pack(*numbers, len(name), name)

    @staticmethod
    def decode(data: bytes) -> "Announcement":
        """The opposite."""
        number, incarnation, start, speed, memory, free, leaving, size, name = ANNOUNCEMENT.unpack(data)
        text = name[:size].decode("utf-8", "replace")
        return Announcement(number, incarnation, start, speed, memory, free, leaving, text)
