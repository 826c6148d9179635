"""Gates to third nodes: whoever gets one tells the node that it leads to, before the sender may drop its own.

Node 1 sends node 2 a gate to a port of node 3: node 2 claims it there, and only then says that it has taken it.
"""

from atoll.abi.objects import NO_HANDLE, Kind
from atoll.abi.types import u64
from atoll.abi.wire import Way
from atoll.servers.network import station
from atoll.servers.network.calls import Call, Claimer, State, calls
from atoll.servers.network.crossing import arrive, copy_identity, has_to_be_claimed
from atoll.servers.network.exports import close_quietly
from atoll.servers.network.message import Envelope, Message
from atoll.servers.network.parcels import parcels
from atoll.servers.network.peers import NOWHERE, peers
from atoll.servers.network.requests import Request, requests
from atoll.userland.runtime.kernel_calls import clock


def claim_for_call(call: Call, message: Message) -> bool:
    """A reply has come; False if nothing in it has to be claimed."""
    return begin(message.envelope, call.peer, Claimer.CALL, call.place, call.number)


def claim_for_request(request: Request) -> bool:
    """A request has come; False if nothing in it has to be claimed."""
    return begin(request.message.envelope, request.peer, Claimer.REQUEST, request.place, request.number)


def begin(envelope: Envelope, peer: u64, claimer: u64, claimer_place: u64, number: u64) -> bool:
    """Tell the node that the gate leads to. If that is impossible, no handle has come."""
    if not has_to_be_claimed(envelope, peer):
        return False
    owner = peers.find(envelope.handle_node)
    place = parcels.take() if owner != NOWHERE and peers.table[owner].is_up else NOWHERE
    if place == NOWHERE:
        envelope.handle.clear()
        return False
    message = parcels.table[place].message
    message.clear()
    copy_identity(envelope.handle, message.envelope.target)
    message.envelope.badge, message.envelope.way = envelope.handle_badge, u64(Way.CLAIM)
    call = calls.begin(place, owner, False, clock())
    if call is None:
        parcels.give(place)
        envelope.handle.clear()
        return False
    call.claimer, call.claimer_place, call.claimer_number = claimer, claimer_place, number
    return True


def finished(claim: Call, was_claimed: bool) -> None:
    """The third node has answered, or is gone."""
    if claim.claimer == Claimer.REQUEST:
        request = requests.table[claim.claimer_place]
        if not was_claimed:
            request.message.envelope.handle.clear()
        station.deliver(request)
        return
    call = calls.table[claim.claimer_place]
    if call.state == State.CLAIMING and call.number == claim.claimer_number:
        if not was_claimed:
            parcels.table[call.parcel].message.envelope.handle.clear()
        calls.finish(call)
    elif was_claimed:
        give_back(claim)


def give_back(claim: Call) -> None:
    """Nobody is there who could have it any more: it comes, and goes at once."""
    envelope = Envelope()
    reply = parcels.table[claim.parcel].message.envelope
    copy_identity(reply.handle, envelope.handle)
    envelope.handle_badge, envelope.handle_kind = reply.handle_badge, u64(Kind.GATE)
    envelope.handle_node = peers.table[claim.peer].number
    gate = arrive(envelope, claim.peer)
    if gate != NO_HANDLE:
        close_quietly(gate)
