"""Network identities: 128 bits that name a port beyond its node, with no location in them."""

from atoll.abi.types import Bytes, Text, u64
from atoll.userland.runtime.siphash import siphash


class Identity:
    """All 0: none."""

    low: u64
    high: u64

    @property
    def is_none(self) -> bool:
        """Whether it names nothing."""
        return self.low == 0 and self.high == 0

    def is_same(self, other: "Identity") -> bool:
        """Whether both name the same port."""
        return self.low == other.low and self.high == other.high

    def clear(self) -> None:
        """Name nothing."""
        self.low, self.high = 0, 0


class Key:
    """The cluster's key. Without it nobody can guess what is drawn with it."""

    first: u64
    second: u64

    def draw(self, text: Text) -> u64:
        """A number that belongs to a text: the same on all nodes, never 0."""
        return self.hash(text.encode()) | 1

    def hash(self, data: Bytes) -> u64:
        """SipHash with the key."""
        return siphash(self.first, self.second, data)

    def name(self, text: Text, identity: Identity) -> None:
        """The identity that belongs to a text."""
        identity.low = self.hash(f"low {text}".encode())
        identity.high = self.hash(f"high {text}".encode()) | 1
