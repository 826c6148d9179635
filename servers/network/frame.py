"""A frame (layout: abi/wire.py) in a buffer of its own: its fields, its seal, and whether one that came is sound."""

from enum import IntEnum

from atoll.abi import wire
from atoll.abi.types import Array, Bytes, low8, u8, u64, wrapping_add
from atoll.userland.runtime.siphash import siphash

ADLER_MODULUS = 65521  # the largest prime below two to the 16 (RFC 1950)


class Fault(IntEnum):
    """Why a frame is not taken."""

    NONE = 0
    FOREIGN = 1  # another EtherType: not of this protocol
    TRUNCATED = 2
    CHECKSUM = 3
    VERSION = 4
    TAG = 5  # not from one of us
    FIELDS = 6  # fields that make no sense


class Frame:
    """One frame."""

    data: Array[u8, wire.MAX_FRAME]
    size: u64  # bytes, seal included

    # ---- numbers ----

    def number(self, offset: u64, size: u64) -> u64:
        """A little-endian number of so many bytes."""
        value: u64 = 0
        for place in range(size):
            value = value | u64(self.data[offset + place]) << (8 * place)
        return value

    def put(self, offset: u64, size: u64, value: u64) -> None:
        """Write the low bytes of a number, little-endian."""
        for place in range(size):
            self.data[offset + place] = low8(value >> (8 * place))

    def address(self, offset: u64) -> u64:
        """An Ethernet address as a number."""
        return self.number(offset, wire.ADDRESS_SIZE)

    def word(self, index: u64) -> u64:
        """One of the four words."""
        return self.number(wire.WORDS + 8 * index, 8)

    def put_word(self, index: u64, value: u64) -> None:
        """Set one of the four words."""
        self.put(wire.WORDS + 8 * index, 8, value)

    @property
    def data_size(self) -> u64:
        """Bytes of the message in this frame."""
        return self.number(wire.DATA_SIZE, 4)

    def payload(self) -> Bytes:
        """Those bytes."""
        return self.data[wire.DATA : wire.DATA + self.data_size]

    # ---- on its way out ----

    def clear(self) -> None:
        """Begin a new frame without data."""
        for place in range(u64(wire.DATA)):
            self.data[place] = 0
        self.data[wire.TYPE] = low8(wire.ETHERTYPE >> 8)
        self.data[wire.TYPE + 1] = low8(wire.ETHERTYPE)
        self.put(wire.FRAME_VERSION, 2, wire.VERSION)

    def enclose(self, data: Bytes) -> None:
        """Put in its part of the message."""
        self.put(wire.DATA_SIZE, 4, u64(len(data)))
        self.data[wire.DATA : wire.DATA + len(data)] = data

    def seal(self, first_key: u64, second_key: u64) -> None:
        """The last thing before it is sent."""
        end = padded(wire.DATA + self.data_size)
        for place in range(wire.DATA + self.data_size, end):
            self.data[place] = 0
        self.put(end, wire.TAG_SIZE, siphash(first_key, second_key, self.data[0:end]))
        end += wire.TAG_SIZE
        self.put(end, wire.CHECKSUM_SIZE, checksum(self.data[0:end]))
        self.size = end + wire.CHECKSUM_SIZE

    # ---- on its way in ----

    def take(self, received: Bytes) -> None:
        """Copy a frame that came; of one that is too long, what fits."""
        self.size = u64(min(len(received), wire.MAX_FRAME))
        self.data[0 : self.size] = received[0 : self.size]

    def check(self, first_key: u64, second_key: u64) -> u64:
        """Whether it is whole and from one of us: a Fault."""
        if self.size < wire.TYPE + 2 or self.data[wire.TYPE] != low8(wire.ETHERTYPE >> 8):
            return Fault.FOREIGN
        if self.data[wire.TYPE + 1] != low8(wire.ETHERTYPE):
            return Fault.FOREIGN
        if self.size < wire.DATA + wire.SEAL_SIZE:
            return Fault.TRUNCATED
        end = padded(wire.DATA + self.data_size)
        if end + wire.SEAL_SIZE > self.size:  # a card may pad short frames, so longer is sound
            return Fault.TRUNCATED
        tag_end = end + wire.TAG_SIZE
        if self.number(tag_end, wire.CHECKSUM_SIZE) != checksum(self.data[0:tag_end]):
            return Fault.CHECKSUM
        if self.number(wire.FRAME_VERSION, 2) != wire.VERSION:
            return Fault.VERSION
        if self.number(end, wire.TAG_SIZE) != siphash(first_key, second_key, self.data[0:end]):
            return Fault.TAG
        return Fault.NONE if self.is_sensible() else Fault.FIELDS

    def is_sensible(self) -> bool:
        """Whether what it says of its message can be."""
        size, count = self.number(wire.MESSAGE_SIZE, 4), self.number(wire.FRAGMENTS, 2)
        index = self.number(wire.FRAGMENT, 2)
        if size > wire.MAX_MESSAGE or count != fragments_of(size) or index >= count:
            return False
        if self.number(wire.NAME_SIZE, 1) > wire.MAX_NAME or padded(self.number(wire.NAME_SIZE, 1)) > size:
            return False
        carries = self.number(wire.KIND, 1) in (wire.Kind.REQUEST, wire.Kind.REPLY)
        return self.data_size == (fragment_size(size, index) if carries else 0)


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
    return (size + 7) // 8 * 8


def checksum(data: Bytes) -> u64:
    """Adler-32. (So few bytes cannot overflow the sums: no checks, and one remainder at the end does.)"""
    low: u64 = 1
    high: u64 = 0
    for byte in data:
        low = wrapping_add(low, byte)
        high = wrapping_add(high, low)
    return high % ADLER_MODULUS << 16 | low % ADLER_MODULUS
