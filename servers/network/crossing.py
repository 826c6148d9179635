"""Handles in messages on their way from node to node: what becomes of one that leaves, and of one that comes."""

from atoll.abi.objects import NO_HANDLE, Info, Kind, Right
from atoll.abi.types import u64
from atoll.servers.network import rights
from atoll.servers.network.exports import close_quietly, exports
from atoll.servers.network.identity import Identity
from atoll.servers.network.line import line
from atoll.servers.network.message import Envelope
from atoll.servers.network.passing import Passing
from atoll.servers.network.peers import NOWHERE, peers
from atoll.servers.network.proxies import GROUP, proxies
from atoll.userland.runtime.kernel_errors import KernelError
from atoll.userland.runtime.objects import duplicate, read_info

GATE_BADGE = 0  # words of a gate's Info
GATE_PORT = 2
FOR_OTHERS = Right.SEND | Right.MOVE | Right.DUPLICATE


# ---- out ----


def leave(handle: u64, peer: u64, envelope: Envelope, passing: Passing) -> bool:
    """Send a handle, which is ours, to a peer; False if it cannot cross, and then it is closed."""
    info = Info()
    read_info(handle, info)
    passing.clear()
    passing.peer = peer
    if info.kind == Kind.REPLY or info.kind == Kind.CALLER_GONE:  # (which the other node soon hears)
        envelope.handle_kind, envelope.handle_node = u64(Kind.REPLY), line.number
        if not rights.lend(handle, peer, envelope, passing):
            close_quietly(handle)
            return False
        return True
    if info.kind != Kind.GATE:
        close_quietly(handle)
        return False
    envelope.handle_kind, envelope.handle_badge = info.kind, info.words[GATE_BADGE]
    place = proxies.find_port(info.words[GATE_PORT])
    if place != NOWHERE and proxies.table[place].owner == GROUP:
        close_quietly(handle)  # whom it asks depends on where it is
        return False
    if place != NOWHERE:
        proxy = proxies.table[place]
        copy_identity(proxy.identity, envelope.handle)
        envelope.handle_node = peers.table[proxy.owner].number
        passing.handle = handle
        return True
    envelope.handle_node = line.number
    return leave_own(handle, info.words[GATE_PORT], peer, envelope, passing)


def leave_own(handle: u64, port: u64, peer: u64, envelope: Envelope, passing: Passing) -> bool:
    """The same for a gate to a port of this node."""
    identity = envelope.handle
    if not exports.find_port(port, identity):
        exports.draw(line.key, line.start, identity)
    place = exports.find(identity, envelope.handle_badge)
    if place != NOWHERE:
        close_quietly(handle)
    else:
        place = exports.add(handle, identity, envelope.handle_badge, port)
    if place == NOWHERE:
        close_quietly(handle)
        return False
    exports.send(place, peer)
    passing.export = place + 1
    return True


# ---- in ----


def has_to_be_claimed(envelope: Envelope, peer: u64) -> bool:
    """Whether the gate that came leads to a third node, which has to know of it before the sender drops its own."""
    if envelope.handle_kind != Kind.GATE or envelope.handle_node in (line.number, peers.table[peer].number):
        return False
    return exports.find(envelope.handle, envelope.handle_badge) == NOWHERE


def arrive(envelope: Envelope, peer: u64) -> u64:
    """The handle that came with a message of a peer; NO_HANDLE if there is none, no room, or it is of no use."""
    if envelope.handle_kind == Kind.REPLY:
        return rights.take(envelope.handle, peer)
    if envelope.handle_kind != Kind.GATE or envelope.handle.is_none:
        return NO_HANDLE
    try:
        place = exports.find(envelope.handle, envelope.handle_badge)
        if place != NOWHERE:
            return duplicate(exports.entries[place].gate, FOR_OTHERS)
        owner = peers.find(envelope.handle_node)
        gate = NOWHERE
        place = proxies.make(envelope.handle, peer if owner == NOWHERE else owner)
        if place != NOWHERE:
            gate = proxies.mint(place, envelope.handle_badge)
        return NO_HANDLE if gate == NOWHERE else gate
    except KernelError:
        return NO_HANDLE


def copy_identity(source: Identity, to: Identity) -> None:
    """The same identity."""
    to.low, to.high = source.low, source.high
