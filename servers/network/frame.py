"""A frame (layout: abi/wire.py) where it lies, mostly in the card's own buffers: its fields, its seal, whether it is
sound. Its place is a multiple of 8 with room for a whole frame, so each field is one load or store.
"""

from enum import IntEnum

from atoll.abi import wire
from atoll.abi.raw import address_of, load8, load16, load32, load64, store8, store16, store32, store64, view
from atoll.abi.types import Array, Bytes, Slice, low8, low16, low32, u8, u64, wrapping_add, wrapping_shl
from atoll.userland.runtime.seal import SealKey, tag_and_sum

WORD = 8  # bytes
ROOM = (wire.MAX_FRAME + WORD - 1) // WORD  # words of the longest frame
ETHERTYPE: u64 = wire.ETHERTYPE << 8 & 0xFF00 | wire.ETHERTYPE >> 8  # as a little-endian number


class Fault(IntEnum):
    """Why a frame is not taken."""

    NONE = 0
    FOREIGN = 1  # another EtherType: not of this protocol
    TRUNCATED = 2
    VERSION = 3
    CHECKSUM = 4
    TAG = 5  # not from one of us
    FIELDS = 6  # fields that make no sense


class Buffer:
    """A place for a frame that is in none of the card's."""

    words: Array[u64, ROOM]


class Frame:
    """One frame."""

    start: u64  # its place
    size: u64  # bytes, seal included

    # ---- where it lies ----

    def place(self, start: u64, size: u64) -> None:
        """Its place and, if it came, its size. (What is behind the longest frame is not looked at.)"""
        self.start = start
        self.size = min(size, u64(wire.MAX_FRAME))

    def place_in(self, buffer: Buffer) -> None:
        """Lie in a buffer, without anything in it that counts."""
        self.place(address_of(buffer), 0)

    @property
    def bytes(self) -> Bytes:
        """All of it."""
        return view(self.start, self.size)

    # ---- numbers ----

    def number(self, offset: u64, size: u64) -> u64:
        """A little-endian number of 1, 2, 4 or 8 bytes."""
        address = self.start + offset
        match size:
            case 8:
                return load64(address)
            case 4:
                return u64(load32(address))
            case 2:
                return u64(load16(address))
            case _:
                return u64(load8(address))

    def put(self, offset: u64, size: u64, value: u64) -> None:
        """Write the low bytes of a number, little-endian."""
        address = self.start + offset
        match size:
            case 8:
                store64(address, value)
            case 4:
                store32(address, low32(value))
            case 2:
                store16(address, low16(value))
            case _:
                store8(address, low8(value))

    @property
    def kind(self) -> u64:
        """What it says: a Kind."""
        return self.number(wire.KIND, 1)

    @property
    def source(self) -> u64:
        """The Ethernet address of the sender, as a number, the first byte lowest."""
        return self.number(wire.SOURCE, 2) | self.number(wire.SOURCE + 2, 4) << 16

    @property
    def destination(self) -> u64:
        """That of the receiver."""
        return self.number(wire.DESTINATION, 4) | self.number(wire.DESTINATION + 4, 2) << 32

    @property
    def data_size(self) -> u64:
        """Bytes of the message in this frame."""
        return self.number(wire.DATA_SIZE, 2)

    def payload(self) -> Bytes:
        """Those bytes."""
        return view(self.start + wire.DATA, self.data_size)

    # ---- on its way out ----

    def clear(self, destination: u64, source: u64) -> None:
        """Begin a new frame without data, from one Ethernet address to another."""
        for word in range(u64(wire.DATA // WORD)):
            store64(self.start + word * WORD, 0)
        self.put(wire.DESTINATION, 8, destination | wrapping_shl(source, 48))
        self.put(wire.SOURCE + 2, 4, source >> 16)
        self.put(wire.TYPE, 2, ETHERTYPE)
        self.put(wire.FRAME_VERSION, 2, wire.VERSION)

    def enclose(self, data: Bytes) -> None:
        """Put in its part of the message, at most FRAGMENT_SIZE bytes (IndexError). (Copied quickly from aligned.)"""
        room: Slice[u8] = view(self.start + wire.DATA, u64(wire.FRAGMENT_SIZE))
        room[0 : len(data)] = data
        self.put(wire.DATA_SIZE, 2, u64(len(data)))

    def seal(self, key: SealKey) -> None:
        """The last thing before it is sent."""
        data_size = self.data_size
        end = data_end(data_size)
        for offset in range(wire.DATA + data_size, end):
            self.put(offset, 1, 0)
        tag, total = tag_and_sum(address_of(key), self.start, end)
        self.put(end, wire.TAG_SIZE, tag)
        self.put(end + wire.TAG_SIZE, wire.CHECKSUM_SIZE, wrapping_add(total, tag))
        self.size = end + wire.SEAL_SIZE

    # ---- on its way in ----

    def check(self, key: SealKey) -> u64:
        """Whether it is whole and from one of us: a Fault."""
        if self.size < wire.TYPE + 2 or self.number(wire.TYPE, 2) != ETHERTYPE:
            return Fault.FOREIGN
        end = data_end(self.data_size)
        if self.size < wire.DATA or end + wire.SEAL_SIZE > self.size:  # longer is sound: a card may pad short frames
            return Fault.TRUNCATED
        if self.number(wire.FRAME_VERSION, 2) != wire.VERSION:
            return Fault.VERSION
        tag = self.number(end, wire.TAG_SIZE)
        right_tag, total = tag_and_sum(address_of(key), self.start, end)
        if self.number(end + wire.TAG_SIZE, wire.CHECKSUM_SIZE) != wrapping_add(total, tag):
            return Fault.CHECKSUM
        if tag != right_tag:
            return Fault.TAG
        return Fault.NONE if self.is_sensible() else Fault.FIELDS

    def is_sensible(self) -> bool:
        """Whether what it says of its message can be."""
        size, index = self.number(wire.MESSAGE_SIZE, 4), self.number(wire.FRAGMENT, 2)
        count = self.number(wire.FRAGMENTS, 2)
        if size > wire.MAX_MESSAGE or count != fragments_of(size) or index >= count:
            return False
        match self.kind:
            case wire.Kind.REQUEST | wire.Kind.REPLY:
                return size >= wire.ENVELOPE_SIZE and self.data_size == fragment_size(size, index)
            case wire.Kind.WHO_HAS | wire.Kind.I_HAVE | wire.Kind.QUERY | wire.Kind.ANSWER:
                return size >= wire.ENVELOPE_SIZE and count == 1 and self.data_size == size
            case wire.Kind.ANNOUNCE:
                return self.is_announcement()
            case _:
                return self.data_size == 0

    def is_announcement(self) -> bool:
        """Whether it holds an announcement, with the whole name of a node."""
        if self.data_size != wire.ANNOUNCEMENT_SIZE or self.number(wire.MESSAGE_SIZE, 4) != wire.ANNOUNCEMENT_SIZE:
            return False
        return self.number(wire.DATA + wire.ANNOUNCED_NAME_SIZE, 8) <= wire.MAX_NODE_NAME


def fragments_of(size: u64) -> u64:
    """How many fragments a message has: one at least."""
    return max((size + wire.FRAGMENT_SIZE - 1) // wire.FRAGMENT_SIZE, u64(1))


def fragment_size(size: u64, index: u64) -> u64:
    """Bytes of one of a message's fragments."""
    return min(size - index * wire.FRAGMENT_SIZE, u64(wire.FRAGMENT_SIZE))


def all_fragments(count: u64) -> u64:
    """A bit for each fragment."""
    return ((u64(1) << (count - 1)) - 1) * 2 + 1


def padded(size: u64) -> u64:
    """A size, rounded up to a multiple of 8."""
    return (size + WORD - 1) // WORD * WORD


def data_end(size: u64) -> u64:
    """Where data of that size ends in a frame, padding included."""
    return wire.DATA + (size + wire.DATA_UNIT - 1) // wire.DATA_UNIT * wire.DATA_UNIT
