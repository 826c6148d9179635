"""A message, whole: the envelope as it is on the wire (abi/wire.py), and behind it name and segment.

Both sides are little-endian, so an envelope in memory is one on the wire: nothing is packed, fragments are cut out.
"""

from atoll.abi import wire
from atoll.abi.calls import MAX_SEGMENT, Status
from atoll.abi.raw import address_of, copy_memory, view
from atoll.abi.types import Array, Bytes, Slice, Text, u8, u64
from atoll.abi.wire import Outcome
from atoll.servers.network.frame import Frame, all_fragments, fragment_size, fragments_of, padded
from atoll.servers.network.identity import Identity


class Envelope:
    """What a message says besides its segment. (In the wire's order: see there.)"""

    words: Array[u64, 4]
    target: Identity
    badge: u64
    handle: Identity
    handle_badge: u64
    handle_kind: u64
    handle_node: u64
    way: u64
    name_size: u64
    room: u64
    taken: u64

    @property
    def is_dead(self) -> bool:
        """Whether it is the answer of a port that nobody receives at any more."""
        return self.way == Outcome.NOT_TAKEN and self.words[0] == Status.DEAD


class Message:
    """Room for the longest message, and how much of it is there."""

    envelope: Envelope
    data: Array[u8, wire.MAX_MESSAGE - wire.ENVELOPE_SIZE]
    size: u64  # bytes on the wire
    have: u64  # a bit for each fragment that has come

    # ---- what it says ----

    def clear(self) -> None:
        """Say nothing."""
        envelope = self.envelope
        for index in range(u64(4)):
            envelope.words[index] = 0
        envelope.target.clear()
        envelope.badge, envelope.way, envelope.name_size, envelope.room, envelope.taken = 0, 0, 0, 0, 0
        self.drop_handle()
        self.size = wire.ENVELOPE_SIZE

    def drop_handle(self) -> None:
        """No handle travels with it."""
        envelope = self.envelope
        envelope.handle.clear()
        envelope.handle_badge, envelope.handle_kind, envelope.handle_node = 0, 0, 0

    def answer(self, outcome: u64, word: u64) -> None:
        """Become a reply without segment and handle. (Whether the request's handle was taken stays.)"""
        taken = self.envelope.taken
        self.clear()
        self.envelope.way, self.envelope.words[0], self.envelope.taken = outcome, word, taken

    @property
    def name(self) -> Text:
        """Which service is called; empty: a port."""
        return str(self.data[0 : self.envelope.name_size], "utf-8")

    @property
    def segment(self) -> Slice[u8]:
        """What goes with the words."""
        return self.data[padded(self.envelope.name_size) : self.size - wire.ENVELOPE_SIZE]

    def room(self, size: u64) -> Slice[u8]:
        """Where a segment of at most so many bytes comes; there is no name then."""
        return self.data[0 : min(size, u64(MAX_SEGMENT))]

    def set_segment(self, size: u64) -> None:
        """So many bytes have come there."""
        self.size = wire.ENVELOPE_SIZE + size

    def is_sensible(self) -> bool:
        """Whether its parts fit into it."""
        if self.size < wire.ENVELOPE_SIZE or self.envelope.name_size > wire.MAX_NAME:
            return False
        behind = wire.ENVELOPE_SIZE + padded(self.envelope.name_size)
        return behind <= self.size <= behind + MAX_SEGMENT

    # ---- fragments ----

    def fragment(self, index: u64) -> Bytes:
        """One of them."""
        return view(address_of(self) + index * wire.FRAGMENT_SIZE, fragment_size(self.size, index))

    def expect(self, size: u64) -> None:
        """A message of that size will come."""
        self.size = size
        self.have = 0

    def add(self, frame: Frame) -> bool:
        """A fragment has come; False if it cannot be one of this message."""
        if frame.number(wire.MESSAGE_SIZE, 4) != self.size:
            return False
        index = frame.number(wire.FRAGMENT, 2)
        data = frame.payload()
        copy_memory(address_of(self) + index * wire.FRAGMENT_SIZE, address_of(data), u64(len(data)))
        self.have = self.have | u64(1) << index
        return True

    @property
    def missing(self) -> u64:
        """A bit for each fragment that has not come."""
        return all_fragments(fragments_of(self.size)) & ~self.have
