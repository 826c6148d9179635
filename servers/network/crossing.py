"""Handles in messages on their way from node to node: what becomes of one that leaves, and of one that comes."""

from atoll.abi import wire
from atoll.abi.objects import NO_HANDLE, Info, Kind, Right
from atoll.abi.types import u64
from atoll.abi.wire import Delivery
from atoll.servers.network import farewells, friends, rights, seeking
from atoll.servers.network.exports import close_quietly, exports
from atoll.servers.network.identity import Identity
from atoll.servers.network.line import line
from atoll.servers.network.message import Envelope
from atoll.servers.network.passing import Passing
from atoll.servers.network.peers import NOWHERE, peers
from atoll.servers.network.proxies import GROUP, PORT_SERIAL, proxies
from atoll.userland.runtime.kernel_errors import KernelError
from atoll.userland.runtime.messages import Port
from atoll.userland.runtime.objects import PORT_OF_GATE, duplicate, read_info

GATE_BADGE = 0  # word of a gate's Info
FOR_OTHERS = Right.SEND | Right.MOVE | Right.DUPLICATE


# ---- out ----


def leave(handle: u64, peer: u64, envelope: Envelope, passing: Passing) -> bool:
    """Send a handle, which is ours, to a peer; False if it cannot cross, and then it is closed."""
    info = Info()
    read_info(handle, info)
    passing.clear()
    passing.peer = peer
    envelope.handle_node = line.number
    match info.kind:
        case Kind.GATE:
            envelope.handle_kind, envelope.handle_badge = info.kind, info.words[GATE_BADGE]
            has_left = leave_gate(handle, info.words[PORT_OF_GATE], peer, envelope, passing)
        case Kind.PORT:
            envelope.handle_kind = info.kind
            has_left = leave_port(handle, info.words[PORT_SERIAL], peer, envelope, passing)
        case Kind.REPLY | Kind.CALLER_GONE:  # (which the other node soon hears)
            envelope.handle_kind = u64(Kind.REPLY)
            has_left = rights.lend(handle, peer, envelope, passing)
        case _:
            has_left = False
    if not has_left:
        close_quietly(handle)
    return has_left


def leave_gate(handle: u64, port: u64, peer: u64, envelope: Envelope, passing: Passing) -> bool:
    """Send a gate; False if it cannot cross."""
    place = proxies.find_port(port)
    if place == NOWHERE or proxies.table[place].is_home:
        return leave_own(handle, port, peer, envelope, passing)
    proxy = proxies.table[place]
    copy_identity(proxy.identity, envelope.handle)
    if proxy.owner == GROUP:
        envelope.handle_kind = wire.GROUP
        close_quietly(handle)
        return True
    envelope.handle_node = peers.table[proxy.owner].number
    passing.handle = handle
    return True


def leave_own(handle: u64, port: u64, peer: u64, envelope: Envelope, passing: Passing) -> bool:
    """The same for a gate to a port of this node."""
    find_identity(port, envelope.handle)
    place = exports.find(envelope.handle, envelope.handle_badge)
    if place == NOWHERE:
        place = exports.add(handle, envelope.handle, envelope.handle_badge, port)
        if place == NOWHERE:
            return False
    else:
        close_quietly(handle)
    exports.send(place, peer)
    passing.export, passing.export_of = place + 1, envelope.handle.low
    return True


def leave_port(handle: u64, port: u64, peer: u64, envelope: Envelope, passing: Passing) -> bool:
    """Send a receive right; the port becomes a proxy of ours."""
    if not peers.table[peer].is_node:
        return False
    proxies.end_dead()
    find_identity(port, envelope.handle)
    place = proxies.find_port(port)
    if place != NOWHERE:
        farewells.give_back_gates(place, peer)
    passing.port = proxies.take_port(envelope.handle, peer, Port(handle), friends.delivery_of(port))
    if passing.port == 0:
        return False
    envelope.handle_badge = friends.introduce(proxies.of_label(passing.port), peer)
    if envelope.handle_badge % wire.ALONE == Delivery.REDIRECT:
        exports.take_back(envelope.handle, peer)  # its gates lead there directly now
    else:
        exports.drop_all(envelope.handle)
    return True


def find_identity(port: u64, identity: Identity) -> None:
    """The identity of a port of this node by its serial number: a new one if it has none."""
    place = proxies.find_port(port)
    if place != NOWHERE:
        copy_identity(proxies.table[place].identity, identity)  # its receiver has come from another node
    elif not exports.find_port(port, identity):
        exports.draw(line.key, line.start, identity)


# ---- in ----


def owner_of(envelope: Envelope) -> u64:
    """The number of the node that a gate which came leads to from here."""
    place = proxies.find(envelope.handle)
    if place == NOWHERE:
        return line.number if is_exported(envelope) else envelope.handle_node
    proxy = proxies.table[place]
    return line.number if proxy.is_home else peers.table[proxy.owner].number


def is_exported(envelope: Envelope) -> bool:
    """Whether the gate that came is one of this node."""
    return exports.find(envelope.handle, envelope.handle_badge) != NOWHERE


def has_to_be_claimed(envelope: Envelope, peer: u64) -> bool:
    """Whether the gate that came leads to a third node, which has to know of it before the sender drops its own. (Also
    to the sender itself, if he thinks that it leads elsewhere: then he has not counted it.)
    """
    if envelope.handle_kind != Kind.GATE:
        return False
    owner = owner_of(envelope)
    if owner == line.number:
        return False
    return owner != peers.table[peer].number or owner != envelope.handle_node


def arrive(envelope: Envelope, peer: u64) -> u64:
    """The handle that came with a message of a peer; NO_HANDLE if there is none, no room, or it is of no use."""
    if envelope.handle.is_none:
        return NO_HANDLE
    try:
        match envelope.handle_kind:
            case Kind.GATE:
                return arrive_gate(envelope, peer)
            case Kind.PORT:
                return arrive_port(envelope.handle, peer, envelope.handle_badge % wire.ALONE)
            case Kind.REPLY:
                return rights.take(envelope.handle, peer)
            case wire.GROUP:
                return mint_group(envelope.handle)
            case _:
                return NO_HANDLE
    except KernelError:
        return NO_HANDLE


def arrive_gate(envelope: Envelope, peer: u64) -> u64:
    """A gate. Raises KernelError."""
    place = proxies.find(envelope.handle)
    export = exports.find(envelope.handle, envelope.handle_badge)
    if export != NOWHERE and (place == NOWHERE or proxies.table[place].is_home):
        return duplicate(exports.entries[export].gate, FOR_OTHERS)
    if place == NOWHERE and envelope.handle_node == line.number:
        return NO_HANDLE  # it led to a port that is gone
    if place == NOWHERE:
        owner = peers.find(envelope.handle_node)
        place = proxies.make(envelope.handle, peer if owner == NOWHERE else owner)
    gate = NOWHERE if place == NOWHERE else proxies.mint(place, envelope.handle_badge)
    if gate == NOWHERE:
        return NO_HANDLE
    if envelope.handle_node == peers.table[peer].number and proxies.table[place].owner != peer:
        farewells.give_back(envelope.handle, envelope.handle_badge, peer)  # it receives there, which we do not know
    return gate


def mint_group(identity: Identity) -> u64:
    """A gate to a group; NO_HANDLE if there is no room. Raises KernelError."""
    place = proxies.make(identity, GROUP, True)
    gate = NOWHERE if place == NOWHERE else proxies.mint(place, 0)
    return NO_HANDLE if gate == NOWHERE else gate


def arrive_port(identity: Identity, peer: u64, delivery: u64) -> u64:
    """A receive right: that of the port which stood for it here, or of a new one; unless the old node sends everything
    on, everybody is told. Raises KernelError.
    """
    proxies.end_dead()
    place = proxies.find(identity)
    if place == NOWHERE:
        place = proxies.make(identity, peer)
    if place == NOWHERE or proxies.table[place].is_home:
        return NO_HANDLE
    handle = proxies.give_port(place, peer, delivery)
    if delivery != Delivery.REDIRECT:
        seeking.announce(identity)
    return handle


def copy_identity(source: Identity, to: Identity) -> None:
    """The same identity."""
    to.low, to.high = source.low, source.high
