"""Handles that cannot be taken as soon as they come: gates to third nodes, and reply rights.

Node 1 sends node 2 a gate to a port of node 3: node 2 claims it there, and only then says that it has taken it, so that
node 1 may drop its own. A reply right can be given on when its other half, the AWAIT (rights.py), is here too.
"""

from atoll.abi.calls import NO_TIMEOUT
from atoll.abi.objects import NO_HANDLE, Kind
from atoll.abi.types import u64
from atoll.abi.wire import ALONE, MILLISECOND, Outcome, Way
from atoll.servers.network import friends, moves, recount, rights, seeking, station
from atoll.servers.network.calls import Call, Claimer, State, calls
from atoll.servers.network.crossing import arrive, copy_identity, has_to_be_claimed, owner_of
from atoll.servers.network.exports import close_quietly
from atoll.servers.network.identity import Identity
from atoll.servers.network.line import line
from atoll.servers.network.message import Envelope, Message
from atoll.servers.network.parcels import parcels
from atoll.servers.network.peers import MOST_REQUESTS, NOWHERE, peers
from atoll.servers.network.proxies import proxies
from atoll.servers.network.requests import Request, requests
from atoll.servers.network.requests import State as RequestState
from atoll.userland.runtime.kernel_calls import clock
from atoll.userland.runtime.kernel_errors import KernelError

PATIENCE = 1_000 * MILLISECOND  # until a reply right is held for lost: those that wait for one keep others out
LOOK_EVERY = 100 * MILLISECOND


class Waiting:
    """Messages that cannot be given on before the reply right that came with them."""

    due: u64  # when to look at them


waiting: Waiting = Waiting()


def claim_for_call(call: Call, message: Message) -> bool:
    """A reply has come; False if it can be given on."""
    if must_wait(message.envelope, call.peer):
        call.until = wait()
        return True
    return begin(message.envelope, call.peer, Claimer.CALL, call.place, call.number)


def claim_for_request(request: Request) -> bool:
    """A request has come; False if it can be given on."""
    if must_wait(request.message.envelope, request.peer):
        request.until = wait()
        return True
    return begin(request.message.envelope, request.peer, Claimer.REQUEST, request.place, request.number)


def begin(envelope: Envelope, peer: u64, claimer: u64, claimer_place: u64, number: u64) -> bool:
    """Tell the node that the gate leads to. If that is impossible, no handle has come."""
    if not has_to_be_claimed(envelope, peer):
        return False
    owner = peers.find(owner_of(envelope))
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


def claim_on(request: Request, owner: u64) -> bool:
    """A peer claims a gate of a port that has moved on, and of which none is here: claim one there first; False: there
    is no room now.
    """
    place = parcels.take() if owner != NOWHERE and peers.table[owner].is_up else NOWHERE
    if place == NOWHERE:
        return False
    asked, message = request.message.envelope, parcels.table[place].message
    message.clear()
    copy_identity(asked.target, message.envelope.target)
    message.envelope.badge, message.envelope.way = asked.badge, u64(Way.CLAIM)
    call = calls.begin(place, owner, False, clock())
    if call is None:
        parcels.give(place)
        return False
    call.claimer, call.claimer_place, call.claimer_number = u64(Claimer.CLAIM), request.place, request.number
    return True


def finished(claim: Call, was_claimed: bool) -> None:
    """The third node has answered, or is gone."""
    if claim.claimer == Claimer.LEAVER:
        friends.held_back(claim.claimer_place)
        return
    request, call = requests.table[claim.claimer_place % MOST_REQUESTS], calls.table[claim.claimer_place]
    if claim.claimer == Claimer.CALL and call.state == State.CLAIMING and call.number == claim.claimer_number:
        if was_claimed or not is_sought(parcels.table[call.parcel].message.envelope, claim.peer):
            keep_if(parcels.table[call.parcel].message.envelope, was_claimed)
            calls.finish(call)
        else:
            call.until = wait()
    elif claim.claimer == Claimer.REQUEST and request.number == claim.claimer_number:
        if was_claimed or not is_sought(request.message.envelope, claim.peer):
            keep_if(request.message.envelope, was_claimed)
            station.deliver(request)
        else:
            request.until = wait()
    elif claim.claimer == Claimer.CLAIM and request.number == claim.claimer_number:
        moves.claimed_on(request, was_claimed)
    elif claim.claimer == Claimer.COUNTED and request.number == claim.claimer_number:
        station.answer(request, Outcome.ANSWERED if was_claimed else Outcome.NO_SUCH_PORT)
    elif was_claimed and claim.claimer == Claimer.COUNTER:
        recount.is_counted(claim.claimer_number, claim.peer)
    elif was_claimed and claim.claimer < Claimer.COUNTER:
        give_back(claim)


def keep_if(envelope: Envelope, was_claimed: bool) -> None:
    """A gate that could not be claimed has not come."""
    if not was_claimed:
        envelope.handle.clear()


def is_sought(envelope: Envelope, claimed_at: u64) -> bool:
    """The port is not where the gate was claimed: whether it may be elsewhere, or has come here."""
    try:
        place = proxies.make(envelope.handle, claimed_at)
    except KernelError:
        return False
    return place != NOWHERE and (proxies.table[place].is_home or seeking.miss(place, claimed_at))


def is_found(envelope: Envelope) -> bool:
    """Whether it is known where the port of a gate that came is, so that it can be claimed again."""
    place = proxies.find(envelope.handle)
    return envelope.handle_kind == Kind.GATE and place != NOWHERE and not proxies.table[place].is_seeking


def is_in_vain(envelope: Envelope) -> bool:
    """Whether nobody has it."""
    return envelope.handle_kind == Kind.GATE and proxies.find(envelope.handle) == NOWHERE


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


# ---- reply rights ----


def must_wait(envelope: Envelope, peer: u64) -> bool:
    """Whether a reply right is on its way to that message, or what has to be known of a receive right."""
    if envelope.handle_kind == Kind.PORT and envelope.handle_badge & ALONE == 0:
        return not friends.are_known(envelope.handle)
    return envelope.handle_kind == Kind.REPLY and rights.find(envelope.handle, peer) == NOWHERE


def wait() -> u64:
    """One more waits; how long."""
    now = clock()
    waiting.due = min(waiting.due, now + LOOK_EVERY)
    return now + PATIENCE * line.patience


def right_came(place: u64, number: u64, handle: u64) -> None:
    """A thread has made a reply right: the message that it belongs to may have been here before."""
    if rights.came(place, number, handle):
        right = rights.rights.table[place]
        go_on(right.identity, right.peer)


def go_on(identity: Identity, peer: u64) -> None:
    """Give on the message that has waited for that right, or for what is known of it."""
    for request in requests.table:
        envelope = request.message.envelope
        is_other = request.until == 0 or envelope.handle_kind == Kind.GATE or request.peer != peer
        if not is_other and envelope.handle.is_same(identity):
            station.deliver(request)
            return
    for place in range(calls.used):
        call = calls.table[place]
        if call.state != State.CLAIMING or call.until == 0 or call.peer != peer:
            continue
        envelope = parcels.table[call.parcel].message.envelope
        if envelope.handle_kind != Kind.GATE and envelope.handle.is_same(identity):
            calls.finish(call)
            return


def look(now: u64) -> u64:
    """Give on, without any right, what has waited too long, and let go what nobody waits for; when to look again."""
    if now < waiting.due:
        return waiting.due
    waiting.due = NO_TIMEOUT
    for request in requests.table:
        if request.until == 0:
            continue
        waiting.due = now + LOOK_EVERY
        is_over = now >= request.until or request.state == RequestState.ABANDONED
        if is_over or is_in_vain(request.message.envelope):
            request.message.envelope.handle.clear()
            station.deliver(request)
        elif is_found(request.message.envelope):
            request.until = 0
            if not claim_for_request(request):
                station.deliver(request)
    for place in range(calls.used):
        call = calls.table[place]
        if call.state != State.CLAIMING or call.until == 0:
            continue
        waiting.due = now + LOOK_EVERY
        if now >= call.until or is_in_vain(parcels.table[call.parcel].message.envelope):
            parcels.table[call.parcel].message.envelope.handle.clear()
            calls.finish(call)
        elif is_found(parcels.table[call.parcel].message.envelope):
            call.until = 0
            if not claim_for_call(call, parcels.table[call.parcel].message):
                calls.finish(call)
    return waiting.due
