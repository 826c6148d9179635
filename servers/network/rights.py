"""Reply rights that cross the wire. The caller's node *calls* the one that gets the right; by that the reply comes.

That call, an AWAIT, goes before the message with which the right travels. At the other node a thread carries it out as
a call to a port of our own, and the right to answer *that* is what the message's receiver gets. So a reply, a right
that was dropped, a caller that gave up and a node that died come back as they do for every call.
"""

from atoll.abi.calls import MAX_SEGMENT
from atoll.abi.objects import NO_HANDLE
from atoll.abi.types import Array, u64
from atoll.abi.wire import Way
from atoll.servers.network.calls import State, calls
from atoll.servers.network.exports import close_quietly, exports
from atoll.servers.network.identity import Identity
from atoll.servers.network.line import line
from atoll.servers.network.message import Envelope
from atoll.servers.network.parcels import parcels
from atoll.servers.network.passing import Passing
from atoll.servers.network.peers import MOST_REQUESTS, NOWHERE, peers
from atoll.userland.runtime.kernel_calls import clock


class Right:
    """A right of another node's caller, as it is here. It is at the place of the AWAIT among the requests."""

    identity: Identity  # none: this place is free
    peer: u64
    number: u64  # which of all that were ever here
    handle: u64  # to reply; NO_HANDLE: it is not made yet, or has gone to whom it was for


class Rights:
    """All of them."""

    table: Array[Right, MOST_REQUESTS]
    count: u64  # ever


rights: Rights = Rights()

# ---- the caller's node ----


def lend(handle: u64, peer: u64, envelope: Envelope, passing: Passing) -> bool:
    """A reply handle of ours goes to a peer with that message; False if it cannot, and is still ours."""
    place = parcels.take() if peers.table[peer].is_node else NOWHERE
    if place == NOWHERE:
        return False
    exports.draw(line.key, line.start, envelope.handle)
    parcel = parcels.table[place]
    parcel.message.clear()
    parcel.message.envelope.target.low, parcel.message.envelope.target.high = envelope.handle.low, envelope.handle.high
    parcel.message.envelope.way, parcel.message.envelope.room = u64(Way.AWAIT), MAX_SEGMENT
    parcel.reply.handle = handle
    call = calls.begin(place, peer, False, clock())
    if call is None:
        parcels.give(place)
        return False
    call.is_lent = True
    passing.call, passing.number = call.place + 1, call.number
    return True


def take_back(peer: u64, place: u64, number: u64) -> None:
    """The message with the right was not taken: the right is dropped, as any handle of such a message."""
    call = calls.table[place]
    if call.peer != peer or call.number != number or call.state in (State.FREE, State.CANCELLING):
        return
    close_quietly(call.reply.handle)
    call.reply.handle = NO_HANDLE
    calls.cancel(call, clock())


# ---- the node that gets it ----


def awaited(place: u64, peer: u64, identity: Identity) -> u64:
    """A peer awaits what is replied to that right, by the request in that place; the number of the right here."""
    right = rights.table[place]
    rights.count += 1
    right.identity.low, right.identity.high = identity.low, identity.high
    right.peer, right.number, right.handle = peer, rights.count, NO_HANDLE
    return right.number


def came(place: u64, number: u64, handle: u64) -> bool:
    """It is made, and can be given on; False if nobody awaits it any more."""
    right = rights.table[place]
    if right.identity.is_none or right.number != number:
        close_quietly(handle)
        return False
    right.handle = handle
    return True


def find(identity: Identity, peer: u64) -> u64:
    """The place of a right that is made and nobody has yet; NOWHERE if there is none."""
    for place in range(u64(MOST_REQUESTS)):
        right = rights.table[place]
        if right.handle != NO_HANDLE and right.peer == peer and right.identity.is_same(identity):
            return place
    return NOWHERE


def take(identity: Identity, peer: u64) -> u64:
    """The handle for the receiver of a message; NO_HANDLE if it is not here."""
    place = find(identity, peer)
    if place == NOWHERE:
        return NO_HANDLE
    handle = rights.table[place].handle
    rights.table[place].handle = NO_HANDLE
    return handle


def end(place: u64) -> None:
    """The request in that place is over."""
    close_quietly(rights.table[place].handle)
    rights.table[place].handle = NO_HANDLE
    rights.table[place].identity.clear()
