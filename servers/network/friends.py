"""Receivers that leave: who else has gates of their ports, and when those nodes are told.

Until somebody says otherwise a port's old node sends on what comes (REDIRECT). Otherwise the new node gets to know who
has which gates before the receive right itself, so that it can let their calls in and hears when they are gone; and
with PREVENT those nodes hold back what they would send, from before the receiver leaves until it has come.
"""

from collections.abc import Callable

from atoll.abi import wire
from atoll.abi.calls import Call
from atoll.abi.objects import NO_HANDLE, Info
from atoll.abi.raw import address_of, at
from atoll.abi.types import Array, u64
from atoll.abi.wire import Delivery, Way
from atoll.servers.network import seeking
from atoll.servers.network.calls import Claimer, calls
from atoll.servers.network.exports import close_quietly, exports
from atoll.servers.network.identity import Identity
from atoll.servers.network.line import line
from atoll.servers.network.message import Message
from atoll.servers.network.parcels import parcels
from atoll.servers.network.peers import NOWHERE, peers
from atoll.servers.network.proxies import Held, proxies
from atoll.userland.runtime.kernel_calls import clock, system_call
from atoll.userland.runtime.kernel_errors import KernelError
from atoll.userland.runtime.objects import read_info

MOST_LEAVERS = 32
# ---- words of a gate's Info ----
BADGE = 0
HANDLES = 1
TELLS = 4


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


def delivery_of(serial: u64) -> u64:
    """How a port is to leave: a Delivery."""
    leaver = find(serial)
    if leaver == NOWHERE:
        return Delivery.REDIRECT
    leavers.table[leaver].serial = 0
    return leavers.table[leaver].delivery


def introduce(place: u64, peer: u64) -> u64:
    """A port is to leave for a peer, which is told who has gates: how it leaves. If that cannot be told, we send on."""
    proxy = proxies.table[place]
    message = new_message(proxy.identity, Way.FRIENDS)
    note_gates(place)
    if message != NOWHERE:
        describe(place, peer, parcels.table[message].message)
        if calls.begin(message, peer, False, clock()) is not None:
            proxy.senders = proxy.senders if proxy.delivery == Delivery.REDIRECT else u64(0)  # others learn where it is
            return proxy.delivery
        parcels.give(message)
    while proxy.first != 0:
        proxies.free_first(proxy)
    proxy.delivery = Delivery.REDIRECT
    return Delivery.REDIRECT | wire.ALONE


def note_gates(place: u64) -> None:
    """All gates of a port whose end its receiver wants to hear of are held here from now on."""
    port, info = proxies.table[place].port, Info()
    gate = system_call(Call.GATE_NEXT, port.handle, NO_HANDLE)
    while gate != NO_HANDLE:
        read_info(gate, info)
        if info.words[HANDLES] > 1 and info.words[TELLS] != 0:
            proxies.note(place, info.words[BADGE], gate)
        before = gate
        gate = system_call(Call.GATE_NEXT, port.handle, before)
        close_quietly(before)


def describe(place: u64, peer: u64, message: Message) -> None:
    """Who else has gates of a port, and whether this node itself has, or others that we have counted and go on to."""
    identity, size = proxies.table[place].identity, u64(0)
    for number in range(exports.used):
        entry = exports.entries[number]
        if entry.gate == NO_HANDLE or not entry.identity.is_same(identity):
            continue
        for other in range(peers.count):
            if entry.sent[other] != 0 and other != peer and proxies.table[place].delivery != Delivery.REDIRECT:
                size = add_friend(message, size, entry.badge, peers.table[other].number, u64(entry.sent[other]))
    number = u64(proxies.table[place].first)
    while number != 0:
        held = proxies.held[number - 1]
        if is_needed(held, place, peer):
            size = add_friend(message, size, held.badge, line.number, 1)
            held.came = 1
        number = u64(held.next)
    message.set_segment(size)


def is_needed(held: Held, place: u64, peer: u64) -> bool:
    """Whether anybody besides that peer sends through a gate of ours."""
    info = Info()
    read_info(held.keep, info)
    export = exports.find(proxies.table[place].identity, held.badge)
    if export == NOWHERE:
        return info.words[HANDLES] != 0
    entry = exports.entries[export]
    is_counted = proxies.table[place].delivery == Delivery.REDIRECT and entry.total > entry.sent[peer]
    return info.words[HANDLES] > 1 or is_counted


def add_friend(message: Message, size: u64, badge: u64, node: u64, times: u64) -> u64:
    """One more record; the bytes of all."""
    if size + wire.FRIEND_SIZE > wire.MAX_MESSAGE - wire.ENVELOPE_SIZE - wire.MAX_NAME:
        return size
    friend = at(Friend, address_of(message.data) + size)
    friend.badge, friend.node, friend.times = badge, node, times
    return size + wire.FRIEND_SIZE


# ---- at the other nodes ----


def told(message: Message, teller: u64) -> bool:
    """A peer tells that a port is about to leave it; False if that cannot be noted."""
    envelope = message.envelope
    if envelope.way == Way.FRIENDS:
        try:
            return come(message) if envelope.words[0] == wire.RECOUNTED else meet(message, teller)
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
    exports.take_back(identity, source)  # what it has it tells now
    let_all_in(place, message)
    proxies.table[place].are_friends_known = True
    return True


def come(message: Message) -> bool:
    """A node tells what else it has of a port that is here (recount.py); False: it is not. Raises KernelError."""
    place = proxies.find(message.envelope.target)
    if place == NOWHERE or not proxies.table[place].is_home:
        return False
    let_all_in(place, message)
    return True


def let_all_in(place: u64, message: Message) -> None:
    """All that a message names. Raises KernelError."""
    segment = message.segment
    for offset in range(0, len(segment) - len(segment) % wire.FRIEND_SIZE, wire.FRIEND_SIZE):
        friend = at(Friend, address_of(segment) + offset)
        peer = peers.find(friend.node)
        if peer != NOWHERE and peers.table[peer].is_up:
            let_in(place, proxies.table[place].identity, friend, peer)


def let_in(place: u64, identity: Identity, friend: Friend, peer: u64) -> None:
    """A peer has a gate of a port that comes here. Raises KernelError."""
    export = exports.find(identity, friend.badge)
    if export == NOWHERE:
        held = proxies.place_of_held(proxies.table[place], friend.badge)
        if held == NOWHERE:
            return
        gate = proxies.another(place, proxies.held[held]).handle
        export = exports.add(gate, identity, friend.badge, proxies.table[place].serial)
        if export == NOWHERE:
            close_quietly(gate)
            return
    exports.send(export, peer, friend.times)


def are_known(identity: Identity) -> bool:
    """Whether it is known who has gates of a port that comes."""
    place = proxies.find(identity)
    return place != NOWHERE and proxies.table[place].are_friends_known
