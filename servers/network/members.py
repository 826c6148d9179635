"""Who is there: nodes announce themselves, are doubted when they are silent, and declared gone when they stay so."""

from atoll.abi import wire
from atoll.abi.calls import NO_TIMEOUT
from atoll.abi.objects import Statistics
from atoll.abi.raw import address_of, view
from atoll.abi.types import Array, Bytes, Text, u8, u64
from atoll.abi.wire import Kind
from atoll.servers.network import acquaintance
from atoll.servers.network.exports import close_quietly
from atoll.servers.network.frame import Frame
from atoll.servers.network.line import line
from atoll.servers.network.peers import Peer, peers
from atoll.userland.runtime.kernel_calls import read_statistics
from atoll.userland.runtime.kernel_errors import KernelError
from atoll.userland.runtime.messages import Gate
from atoll.userland.runtime.objects import is_dead_gate

MOST_WATCHERS = 16
PAGE = 4096  # bytes


class Announcement:
    """What a node says of itself. (In the wire's order: abi/wire.py.)"""

    number: u64
    incarnation: u64
    start: u64
    speed: u64
    memory: u64
    free: u64
    leaving: u64
    name_size: u64
    name: Array[u8, wire.MAX_NODE_NAME]


class Watcher:
    """Who wants to be notified of each change."""

    gate: u64
    bits: u64


class Members:
    """What we know of the cluster."""

    own: Announcement
    since: u64  # when we came up
    next: u64  # when to announce ourselves again
    due: u64  # when to look at the others
    watchers: Array[Watcher, MOST_WATCHERS]


# ---- ourselves ----


def introduce(name: Text, incarnation: u64, speed: u64, now: u64) -> None:
    """Who we are."""
    own = members.own
    own.number, own.incarnation, own.start, own.speed = line.number, incarnation, line.start, speed
    own.name_size = min(u64(len(name)), u64(wire.MAX_NODE_NAME))
    own.name[0 : own.name_size] = name.encode()[0 : own.name_size]
    members.since, members.next, members.due = now, now, now


def announce(leaving: bool = False) -> None:
    """Tell everybody."""
    figures = Statistics()
    read_statistics(figures)
    own = members.own
    own.free = figures.free_pages * PAGE
    own.memory = (figures.free_pages + figures.used_pages) * PAGE
    own.leaving = u64(leaving)
    line.send_alone(wire.EVERYBODY, Kind.ANNOUNCE, 0, as_bytes(own))


def as_bytes(announcement: Announcement) -> Bytes:
    """As it is on the wire."""
    return view(address_of(announcement), wire.ANNOUNCEMENT_SIZE)


# ---- others ----


def announced(peer: Peer, frame: Frame, now: u64) -> None:
    """A node has told of itself; one that has started anew is not the one that we knew."""
    heard = Announcement()
    room = view(address_of(heard), wire.ANNOUNCEMENT_SIZE)
    room[:] = frame.payload()
    if heard.number != peer.number:
        return
    is_another = heard.incarnation != peer.incarnation or heard.start != peer.start
    if peer.is_up and (is_another or heard.leaving != 0):
        gone(peer, now)
    if heard.leaving != 0:
        return
    is_new = not peer.is_up
    peer.address, peer.heard, peer.is_node, peer.is_up = frame.source, now, True, True
    peer.incarnation, peer.start, peer.speed = heard.incarnation, heard.start, heard.speed
    peer.memory, peer.free = heard.memory, heard.free
    peer.name_size, peer.name = heard.name_size, heard.name
    if is_new:
        peer.since, members.due = now, 0
        announce()  # so that it knows us at once
        tell()


def gone(peer: Peer, now: u64) -> None:
    """A node is not there any more."""
    peer.is_up, peer.since = False, now
    acquaintance.end(peer)
    tell()


def renewed(peer: Peer, now: u64) -> None:
    """A node is there as before, but all gates between us are dead: that is told as if it had been away."""
    if peer.is_up:
        peer.since = now
        tell()


def look(now: u64) -> u64:
    """Announce ourselves when it is time, and see who is silent; when to look again."""
    if now >= members.next:
        members.next = now + wire.ANNOUNCE_EVERY * line.patience
        announce()
    if now >= members.due:
        members.due = NO_TIMEOUT
        for place in range(peers.count):
            if peers.table[place].is_up:
                members.due = min(members.due, watch_over(peers.table[place], now))
    return min(members.next, members.due)


def watch_over(peer: Peer, now: u64) -> u64:
    """One node that should be there; when to look at it again."""
    silence = now - min(peer.heard, now)
    if silence >= wire.SILENCE * line.patience:
        gone(peer, now)
        return NO_TIMEOUT
    if silence >= wire.DOUBT * line.patience:
        line.say(peer, Kind.PROBE)
        return now + wire.PROBE_EVERY * line.patience
    return peer.heard + wire.DOUBT * line.patience


# ---- who wants to know ----


def watch(gate: u64, bits: u64) -> bool:
    """Notify that gate, which is ours now, at each change; False: there is no place for another."""
    for watcher in members.watchers:
        if watcher.gate != 0 and is_dead_gate(watcher.gate):
            close_quietly(watcher.gate)
            watcher.gate = 0
        if watcher.gate == 0:
            watcher.gate, watcher.bits = gate, bits
            return True
    close_quietly(gate)
    return False


def tell() -> None:
    """Something has changed; who is not there any more to hear it is forgotten."""
    for watcher in members.watchers:
        if watcher.gate != 0:
            try:
                Gate(watcher.gate).notify(watcher.bits)
            except KernelError:
                close_quietly(watcher.gate)
                watcher.gate = 0


members: Members = Members()
