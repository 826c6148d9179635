"""Receivers that leave: who else has gates of their ports, and when those nodes are told.

Until somebody says otherwise a port's old node sends on what comes (REDIRECT). Otherwise the new node gets to know who
has which gates before the receive right itself, so that it can let their calls in and hears when they are gone; and
with PREVENT those nodes hold back what they would send, from before the receiver leaves until it has come.
"""

from collections.abc import Callable

from atoll.abi import wire
from atoll.abi.calls import MintFlag
from atoll.abi.objects import NO_HANDLE, Info
from atoll.abi.raw import address_of, at
from atoll.abi.types import Array, u64
from atoll.abi.wire import Delivery, Way
from atoll.servers.network import seeking
from atoll.servers.network.calls import Claimer, calls
from atoll.servers.network.exports import MOST_EXPORTS, close_quietly, exports
from atoll.servers.network.identity import Identity
from atoll.servers.network.line import line
from atoll.servers.network.message import Message
from atoll.servers.network.parcels import parcels
from atoll.servers.network.peers import NOWHERE, peers
from atoll.servers.network.proxies import proxies
from atoll.userland.runtime.kernel_calls import clock
from atoll.userland.runtime.kernel_errors import KernelError
from atoll.userland.runtime.objects import read_info

MOST_LEAVERS = 32
HANDLES = 1  # word of a gate's Info


class Friend:
    """One record of FRIENDS. (In the wire's order: abi/wire.py.)"""

    badge: u64
    node: u64
    times: u64


class Leaver:
    """A port whose receiver is about to leave."""

    serial: u64  # of the port; 0: this place is free
    delivery: u64
    waiting: u64  # nodes that have not yet said that they hold back
    reply: u64  # whom to tell when they have


class Leavers:
    """All of them."""

    table: Array[Leaver, MOST_LEAVERS]
    answer: Callable[[u64], None]  # that all hold back
    own: Array[u64, MOST_EXPORTS]  # badges of which this node has gates itself, of the port that leaves just now
    own_count: u64


leavers: Leavers = Leavers()


# ---- before it leaves ----


def prepare(serial: u64, delivery: u64) -> u64:
    """How a port is to leave; its place here, NOWHERE: there is no room. With PREVENT friends are told now."""
    place = find(serial)
    if place == NOWHERE:
        place = find(0)
    if place == NOWHERE:
        return NOWHERE
    leaver = leavers.table[place]
    leaver.serial, leaver.delivery, leaver.waiting, leaver.reply = serial, delivery, 0, NO_HANDLE
    if delivery == Delivery.PREVENT:
        tell_friends(place)
    elif delivery == Delivery.REDIRECT:
        leaver.serial = 0
    return place


def find(serial: u64) -> u64:
    """The place of a port's leaver, NOWHERE if it has none; of serial number 0, a free place."""
    for place in range(u64(MOST_LEAVERS)):
        if leavers.table[place].serial == serial:
            return place
    return NOWHERE


def is_leaving(serial: u64) -> bool:
    """Whether a port's receiver is about to leave, and its friends were told."""
    place = find(serial) if serial != 0 else NOWHERE
    return place != NOWHERE and leavers.table[place].delivery == Delivery.PREVENT


def forget(serial: u64) -> None:
    """It stays after all: who held back goes on."""
    place = find(serial)
    if place == NOWHERE or serial == 0:
        return
    identity = Identity()
    if leavers.table[place].delivery == Delivery.PREVENT and identity_of(serial, identity):
        seeking.announce(identity)
    leavers.table[place].serial = 0


def identity_of(serial: u64, identity: Identity) -> bool:
    """The identity of a port that others know; False if none does."""
    place = proxies.find_port(serial)
    if place == NOWHERE:
        return exports.find_port(serial, identity)
    identity.low, identity.high = proxies.table[place].identity.low, proxies.table[place].identity.high
    return True


def tell_friends(index: u64) -> None:
    """All nodes that have gates hold back from now on what they would send."""
    identity, leaver = Identity(), leavers.table[index]
    if not identity_of(leaver.serial, identity):
        return
    for peer in range(peers.count):
        if peers.table[peer].is_up and has_gates(identity, peer):
            place = new_message(identity, Way.HOLD)
            call = calls.begin(place, peer, False, clock()) if place != NOWHERE else None
            if call is not None:
                call.claimer, call.claimer_place = u64(Claimer.LEAVER), index
                leaver.waiting += 1
            elif place != NOWHERE:
                parcels.give(place)


def has_gates(identity: Identity, peer: u64) -> bool:
    """Whether a peer was given a gate of that port."""
    for place in range(exports.used):
        entry = exports.entries[place]
        if entry.gate != NO_HANDLE and entry.sent[peer] != 0 and entry.identity.is_same(identity):
            return True
    return False


def new_message(identity: Identity, way: u64) -> u64:
    """A parcel that says something of a port; NOWHERE if none is free."""
    place = parcels.take()
    if place != NOWHERE:
        message = parcels.table[place].message
        message.clear()
        message.envelope.target.low, message.envelope.target.high = identity.low, identity.high
        message.envelope.way = way
    return place


def held_back(index: u64) -> None:
    """One more holds back, or is gone. After the last one whoever has asked is told."""
    leaver = leavers.table[index]
    leaver.waiting -= min(leaver.waiting, u64(1))
    if leaver.waiting == 0 and leaver.reply != NO_HANDLE:
        leavers.answer(leaver.reply)
        leaver.reply = NO_HANDLE


# ---- when it leaves ----


def delivery_of(serial: u64, identity: Identity, peer: u64) -> u64:
    """How a port leaves for a peer: a Delivery. If it is to be so, the peer is told who has gates."""
    leaver = find(serial)
    if leaver == NOWHERE:
        return Delivery.REDIRECT
    delivery, leavers.table[leaver].serial = leavers.table[leaver].delivery, 0
    place = new_message(identity, Way.FRIENDS)
    if place == NOWHERE:
        return Delivery.REDIRECT
    describe(identity, peer, parcels.table[place].message)
    if calls.begin(place, peer, False, clock()) is None:
        parcels.give(place)
        return Delivery.REDIRECT
    return delivery


def describe(identity: Identity, peer: u64, message: Message) -> None:
    """Who else has gates of a port, and whether this node itself has."""
    size: u64 = 0
    leavers.own_count = 0
    for place in range(exports.used):
        entry = exports.entries[place]
        if entry.gate == NO_HANDLE or not entry.identity.is_same(identity):
            continue
        for other in range(peers.count):
            if entry.sent[other] != 0 and other != peer:
                size = add_friend(message, size, entry.badge, peers.table[other].number, u64(entry.sent[other]))
        if is_held_here(entry.gate):
            size = add_friend(message, size, entry.badge, line.number, 1)
            leavers.own[leavers.own_count] = entry.badge
            leavers.own_count += 1
    message.set_segment(size)


def add_friend(message: Message, size: u64, badge: u64, node: u64, times: u64) -> u64:
    """One more record; the bytes of all."""
    if size + wire.FRIEND_SIZE > wire.MAX_MESSAGE - wire.ENVELOPE_SIZE - wire.MAX_NAME:
        return size
    friend = at(Friend, address_of(message.data) + size)
    friend.badge, friend.node, friend.times = badge, node, times
    return size + wire.FRIEND_SIZE


def note_own(place: u64) -> None:
    """The gates of this node that were told are counted there: they are given back as those that came from there."""
    for number in range(leavers.own_count):
        proxies.note_own(place, leavers.own[number])


def is_held_here(gate: u64) -> bool:
    """Whether there are other handles of a gate than ours."""
    info = Info()
    read_info(gate, info)
    return info.words[HANDLES] > 1


# ---- at the other nodes ----


def told(message: Message, teller: u64) -> bool:
    """A peer tells that a port is about to leave it; False if that cannot be noted."""
    envelope = message.envelope
    if envelope.way == Way.FRIENDS:
        try:
            return meet(message, teller)
        except KernelError:
            return False
    place = proxies.find_away(envelope.target)
    if place != NOWHERE and proxies.table[place].owner == teller:
        seeking.hold(place, clock())
    return True


def meet(message: Message, source: u64) -> bool:
    """A port comes here: let those in who have gates of it; False if there is no room. Raises KernelError."""
    identity = message.envelope.target
    place = proxies.make(identity, source)
    if place == NOWHERE:
        return False
    segment = message.segment
    for offset in range(0, len(segment) - len(segment) % wire.FRIEND_SIZE, wire.FRIEND_SIZE):
        friend = at(Friend, address_of(segment) + offset)
        peer = peers.find(friend.node)
        if peer != NOWHERE:
            let_in(place, identity, friend, peer)
    proxies.table[place].are_friends_known = True
    return True


def let_in(place: u64, identity: Identity, friend: Friend, peer: u64) -> None:
    """A peer has a gate of a port that comes here. Raises KernelError."""
    export = exports.find(identity, friend.badge)
    if export == NOWHERE:
        gate = proxies.make_gate(place, friend.badge, MintFlag.TELL_LAST).handle
        export = exports.add(gate, identity, friend.badge, proxies.table[place].serial)
        if export == NOWHERE:
            close_quietly(gate)
            return
    exports.send(export, peer, friend.times)


def are_known(identity: Identity) -> bool:
    """Whether it is known who has gates of a port that comes."""
    place = proxies.find(identity)
    return place != NOWHERE and proxies.table[place].are_friends_known
