"""Ports of this node that are known beyond it: network identities and their gates. Who knows one may send there."""

from atoll.abi.objects import NO_HANDLE
from atoll.abi.types import Array, u64
from atoll.userland.runtime.siphash import siphash

MAX_EXPORTS = 128


class Identity:
    """128 bits with no location in them; all 0: none."""

    low: u64
    high: u64


class Envelope:
    """How a message begins (abi/wire.py)."""

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


class Export:
    """One port."""

    identity: Identity
    gate: u64  # NO_HANDLE: this place is free


class Exports:
    """All of them."""

    entries: Array[Export, MAX_EXPORTS]
    made: u64  # identities so far

    def find(self, identity: Identity) -> u64:
        """The gate of an identity; NO_HANDLE if it is not known here."""
        for entry in self.entries:
            is_this = entry.identity.low == identity.low and entry.identity.high == identity.high
            if entry.gate != NO_HANDLE and is_this:
                return entry.gate
        return NO_HANDLE

    def add(self, gate: u64, first_key: u64, second_key: u64, session: u64, identity: Identity) -> bool:
        """A new identity for a gate; False if there is no room. Without the key nobody can guess one."""
        for entry in self.entries:
            if entry.gate == NO_HANDLE:
                self.made += 1
                entry.gate = gate
                entry.identity.low = siphash(first_key, second_key, f"low {session} {self.made}".encode())
                entry.identity.high = siphash(first_key, second_key, f"high {session} {self.made}".encode())
                identity.low, identity.high = entry.identity.low, entry.identity.high
                return True
        return False

    def remove(self, low: u64, high: u64) -> u64:
        """Forget an identity; its gate, which is the caller's now, or NO_HANDLE."""
        for entry in self.entries:
            if entry.gate != NO_HANDLE and entry.identity.low == low and entry.identity.high == high:
                gate = entry.gate
                entry.gate = NO_HANDLE
                return gate
        return NO_HANDLE
