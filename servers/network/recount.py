"""Gates that were counted by a node which sends on: once everybody knows where the receiver is, they are counted there.

The node that has counted them says so to each node that has them (ELSEWHERE), that one to where the receiver is
(FRIENDS), and then answers; so they are never counted nowhere.
"""

from atoll.abi import wire
from atoll.abi.objects import NO_HANDLE
from atoll.abi.raw import address_of, at
from atoll.abi.types import u64
from atoll.abi.wire import Delivery, Outcome, Way
from atoll.servers.network import friends, station
from atoll.servers.network.calls import Claimer, State, calls
from atoll.servers.network.exports import exports
from atoll.servers.network.friends import Friend
from atoll.servers.network.line import line
from atoll.servers.network.message import Message
from atoll.servers.network.parcels import parcels
from atoll.servers.network.peers import NOWHERE, peers
from atoll.servers.network.proxies import Proxy, proxies
from atoll.servers.network.requests import Request
from atoll.userland.runtime.kernel_calls import clock

# ---- the node that sent on ----


def look_after(place: u64) -> None:
    """Tell those whose gates of a port we have counted, though everybody knows where it is."""
    proxy = proxies.table[place]
    if not proxy.has_moved or proxy.is_home or proxy.is_passing or proxy.delivery == Delivery.REDIRECT:
        return
    for peer in range(peers.count):
        if peers.table[peer].is_up and friends.has_gates(proxy.identity, peer) and not is_told(proxy.label, peer):
            tell(proxy, peer)


def is_told(label: u64, peer: u64) -> bool:
    """Whether a peer has been told, and has not answered."""
    for number in range(calls.used):
        call = calls.table[number]
        is_it = call.claimer == Claimer.COUNTER and call.claimer_number == label and call.peer == peer
        if is_it and call.state != State.FREE:
            return True
    return False


def tell(proxy: Proxy, peer: u64) -> None:
    """Tell one of them what we have counted for it. If there is no room now, it is told later."""
    place = friends.new_message(proxy.identity, Way.ELSEWHERE)
    if place == NOWHERE:
        return
    message, size = parcels.table[place].message, u64(0)
    for number in range(exports.used):
        entry = exports.entries[number]
        if entry.gate != NO_HANDLE and entry.sent[peer] != 0 and entry.identity.is_same(proxy.identity):
            size = friends.add_friend(message, size, entry.badge, peers.table[peer].number, u64(entry.sent[peer]))
    message.set_segment(size)
    message.envelope.words[0] = peers.table[proxy.owner].number if proxy.owner != NOWHERE else u64(0)
    call = calls.begin(place, peer, False, clock())
    if call is None:
        parcels.give(place)
        return
    call.claimer, call.claimer_place, call.claimer_number = u64(Claimer.COUNTER), 0, proxy.label


def is_counted(label: u64, peer: u64) -> None:
    """The receiver's node counts what that peer has."""
    place = proxies.of_label(label)
    if place != NOWHERE:
        exports.take_back(proxies.table[place].identity, peer)


# ---- the node that has gates ----


def asked(request: Request) -> None:
    """We are to be counted elsewhere; what is gone meanwhile, or has its receiver here, need not be."""
    envelope = request.message.envelope
    place, owner = proxies.find_away(envelope.target), peers.find(envelope.words[0])
    if place == NOWHERE:
        station.answer(request, Outcome.ANSWERED)
        return
    if owner != NOWHERE and proxies.table[place].owner == request.peer:
        proxies.found(place, owner)  # it had not heard it
    parcel = friends.new_message(envelope.target, Way.FRIENDS)
    owner = proxies.table[place].owner
    if parcel == NOWHERE or owner == NOWHERE or owner == request.peer or not peers.table[owner].is_up:
        if parcel != NOWHERE:
            parcels.give(parcel)
        station.answer(request, Outcome.NO_SUCH_PORT)
        return
    list_held(proxies.table[place], request.message, parcels.table[parcel].message)
    parcels.table[parcel].message.envelope.words[0] = wire.RECOUNTED
    call = calls.begin(parcel, owner, False, clock())
    if call is None:
        parcels.give(parcel)
        station.answer(request, Outcome.NO_SUCH_PORT)
        return
    call.claimer, call.claimer_place, call.claimer_number = u64(Claimer.COUNTED), request.place, request.number


def list_held(proxy: Proxy, told: Message, message: Message) -> None:
    """What of it is there still."""
    size, segment = u64(0), told.segment
    for offset in range(0, len(segment) - len(segment) % wire.FRIEND_SIZE, wire.FRIEND_SIZE):
        friend = at(Friend, address_of(segment) + offset)
        if proxies.find_held(proxy, friend.badge) != NOWHERE:
            size = friends.add_friend(message, size, friend.badge, line.number, friend.times)
    message.set_segment(size)
