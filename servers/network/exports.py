"""Ports of this node that are known beyond it: their identities, and the gates through which peers' calls come.

For each gate we count how often each peer was sent it and has not given it back: that is who may call through it, and
when nobody has it any more, our own is given up, so that its server hears of the last handle.
"""

from atoll.abi.objects import NO_HANDLE
from atoll.abi.types import Array, low8, u16, u32, u64, wrapping_add
from atoll.servers.network.identity import Identity, Key
from atoll.servers.network.peers import MOST_PEERS, NOWHERE
from atoll.userland.runtime.kernel_errors import KernelError
from atoll.userland.runtime.objects import close

MOST_EXPORTS = 512
CHAINS = 256


class Export:
    """One gate: a port and a badge."""

    gate: u64  # NO_HANDLE: this place is free
    identity: Identity
    badge: u64
    port: u64  # serial number
    is_public: bool  # everybody may call, and nobody gives it back
    next: u16  # of its chain: place + 1
    total: u64  # of what follows
    sent: Array[u32, MOST_PEERS]


class Exports:
    """All of them."""

    entries: Array[Export, MOST_EXPORTS]
    chains: Array[u16, CHAINS]  # place + 1 of the first with that hash
    count: u64
    used: u64  # places that were ever used
    made: u64  # identities so far

    # ---- finding ----

    def find(self, identity: Identity, badge: u64) -> u64:
        """The place of a gate; NOWHERE if it is not known here."""
        place = u64(self.chains[chain_of(identity, badge)])
        while place != 0:
            entry = self.entries[place - 1]
            if entry.badge == badge and entry.identity.is_same(identity):
                return place - 1
            place = u64(entry.next)
        return NOWHERE

    def find_any(self, identity: Identity, peer: u64) -> u64:
        """The place of any gate of a port that the peer has."""
        for place in range(self.used):
            entry = self.entries[place]
            if entry.gate != NO_HANDLE and entry.identity.is_same(identity) and self.may_call(place, peer):
                return place
        return NOWHERE

    def may_call(self, place: u64, peer: u64) -> bool:
        """Whether the peer was given that gate."""
        entry = self.entries[place]
        return entry.is_public or entry.sent[peer] != 0

    def find_port(self, serial: u64, identity: Identity) -> bool:
        """The identity of a port by its serial number; False if it has none, or is dead (0)."""
        if serial == 0:
            return False
        for place in range(self.used):
            entry = self.entries[place]
            if entry.gate != NO_HANDLE and entry.port == serial:
                identity.low, identity.high = entry.identity.low, entry.identity.high
                return True
        return False

    def serial_of(self, identity: Identity) -> u64:
        """The serial number of a port by its identity; NOWHERE if it is not known here."""
        for place in range(self.used):
            if self.entries[place].gate != NO_HANDLE and self.entries[place].identity.is_same(identity):
                return self.entries[place].port
        return NOWHERE

    # ---- adding, counting, giving up ----

    def draw(self, key: Key, start: u64, identity: Identity) -> None:
        """A new identity. Without the key nobody can guess one."""
        self.made += 1
        key.name(f"port {start} {self.made}", identity)

    def add(self, gate: u64, identity: Identity, badge: u64, port: u64, is_public: bool = False) -> u64:
        """A gate, which is ours from now on; its place, NOWHERE if there is no room."""
        place: u64 = 0
        while place < self.used and self.entries[place].gate != NO_HANDLE:
            place += 1
        if place == MOST_EXPORTS:
            return NOWHERE
        self.used = max(self.used, place + 1)
        self.count += 1
        entry = self.entries[place]
        entry.gate, entry.badge, entry.port, entry.is_public, entry.total = gate, badge, port, is_public, 0
        entry.identity.low, entry.identity.high = identity.low, identity.high
        for peer in range(u64(MOST_PEERS)):
            entry.sent[peer] = 0
        chain = chain_of(identity, badge)
        entry.next = self.chains[chain]
        self.chains[chain] = u16(place + 1)
        return place

    def send(self, place: u64, peer: u64, times: u64 = 1) -> None:
        """The peer has it so often more."""
        entry = self.entries[place]
        entry.sent[peer] = u32(entry.sent[peer] + times)
        entry.total += times

    def give_back(self, place: u64, peer: u64, times: u64) -> None:
        """The peer has it so often less."""
        entry = self.entries[place]
        times = min(times, u64(entry.sent[peer]))
        entry.sent[peer] = u32(entry.sent[peer] - times)
        entry.total -= times
        self.drop_unused(place)

    def hold(self, place: u64) -> None:
        """Keep it, though nobody may have it."""
        self.entries[place].total += 1

    def let_go(self, place: u64) -> None:
        """The opposite."""
        self.entries[place].total -= 1
        self.drop_unused(place)

    def drop_all(self, identity: Identity) -> None:
        """That port is elsewhere: no peer has gates of it by us any more."""
        for place in range(self.used):
            if self.entries[place].gate != NO_HANDLE and self.entries[place].identity.is_same(identity):
                self.remove(place)

    def take_back(self, identity: Identity, peer: u64) -> None:
        """The peer has no gate of that port any more."""
        for place in range(self.used):
            entry = self.entries[place]
            if entry.gate != NO_HANDLE and entry.sent[peer] != 0 and entry.identity.is_same(identity):
                self.give_back(place, peer, u64(entry.sent[peer]))

    def drop_unused(self, place: u64) -> None:
        """Nobody has it: our gate is given up."""
        entry = self.entries[place]
        if entry.total == 0 and not entry.is_public and entry.gate != NO_HANDLE:
            self.remove(place)

    def remove(self, place: u64) -> None:
        """It is not known any more."""
        entry = self.entries[place]
        chain = chain_of(entry.identity, entry.badge)
        if self.chains[chain] == place + 1:
            self.chains[chain] = entry.next
        else:
            before = u64(self.chains[chain]) - 1
            while self.entries[before].next != place + 1:
                before = u64(self.entries[before].next) - 1
            self.entries[before].next = entry.next
        close_quietly(entry.gate)
        entry.gate = NO_HANDLE
        self.count -= 1

    def forget_peer(self, peer: u64) -> None:
        """The peer has nothing any more."""
        for place in range(self.used):
            if self.entries[place].gate != NO_HANDLE and self.entries[place].sent[peer] != 0:
                self.give_back(place, peer, u64(self.entries[place].sent[peer]))


def chain_of(identity: Identity, badge: u64) -> u64:
    """Where to look."""
    return u64(low8(wrapping_add(identity.low, badge)))


def close_quietly(handle: u64) -> None:
    """Give up a handle, if it is one still."""
    if handle != NO_HANDLE:
        try:
            close(handle)
        except KernelError:
            return


exports: Exports = Exports()
