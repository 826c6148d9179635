"""Groups: a call to one is asked of everybody at once, in one frame; the first answer is the answer.

Members are asked at most three times, run each call like any other, and need not answer.
"""

from atoll.abi import wire
from atoll.abi.calls import NO_TIMEOUT, Message
from atoll.abi.interfaces import NOT_TRANSFERABLE, UNREACHABLE
from atoll.abi.objects import NO_HANDLE
from atoll.abi.raw import address_of, copy_memory, view
from atoll.abi.types import Array, Bytes, Text, u64
from atoll.abi.wire import Kind, Outcome
from atoll.servers.network import answers, workers
from atoll.servers.network import message as messages
from atoll.servers.network.crossing import copy_identity, mint_group
from atoll.servers.network.exports import close_quietly
from atoll.servers.network.frame import Frame
from atoll.servers.network.identity import Identity
from atoll.servers.network.line import line
from atoll.servers.network.parcels import parcels
from atoll.servers.network.peers import NOWHERE, Peer, peers
from atoll.servers.network.requests import Request, State, requests
from atoll.userland.runtime.kernel_errors import KernelError

MOST_GROUPS = 16  # that are joined here
MOST_QUERIES = 16  # in hand at one time
ASK_EVERY = 50 * wire.MILLISECOND
MOST_ASKED = 3
PATIENCE = 1_000 * wire.MILLISECOND  # until it is sure that nobody answers


class Joined:
    """A group that has a member here."""

    identity: Identity
    gate: u64  # NO_HANDLE: this place is free


class Query:
    """A call to a group."""

    number: u64  # 0: this place is free
    parcel: u64
    reply: u64
    asked: u64  # how often
    due: u64
    end: u64  # when nobody will answer any more


class Groups:
    """All of them."""

    joined: Array[Joined, MOST_GROUPS]
    queries: Array[Query, MOST_QUERIES]
    count: u64  # queries in hand
    last: u64  # number of the newest query


groups: Groups = Groups()

# ---- members here ----


def join(name: Text, gate: u64) -> bool:
    """Calls to the group come to that gate, which is ours now; False: there are too many groups."""
    identity = Identity()
    name_group(name, identity)
    place = find(identity)
    if place == NOWHERE:
        place = 0
        while place < MOST_GROUPS and groups.joined[place].gate != NO_HANDLE:
            place += 1
    if place == MOST_GROUPS:
        close_quietly(gate)
        return False
    close_quietly(groups.joined[place].gate)
    groups.joined[place].gate = gate
    copy_identity(identity, groups.joined[place].identity)
    return True


def find(identity: Identity) -> u64:
    """The place of a group that has a member here; NOWHERE if it has none."""
    for place in range(u64(MOST_GROUPS)):
        if groups.joined[place].gate != NO_HANDLE and groups.joined[place].identity.is_same(identity):
            return place
    return NOWHERE


def name_group(name: Text, identity: Identity) -> None:
    """The identity of a group: the same at all nodes."""
    line.key.name(f"group {name}", identity)


def asked(peer: Peer, frame: Frame, now: u64) -> None:
    """A query has come: if a member is here, and does not work on it already, a thread asks it."""
    number = frame.number(wire.TRANSACTION, 8)
    request = requests.new_query(peer.place, number, now)
    if request is None:
        return
    message = request.message
    message.expect(frame.number(wire.MESSAGE_SIZE, 4))
    place = find(message.envelope.target) if message.add(frame) and message.is_sensible() else NOWHERE
    if place == NOWHERE or message.envelope.name_size != 0:
        request.state = State.FREE
        return
    request.gate = groups.joined[place].gate
    workers.begin(request.place)


def answer(request: Request) -> None:
    """A member has answered, or not."""
    message = request.message
    request.state = State.FREE
    close_quietly(request.handle)
    request.handle = NO_HANDLE
    if message.envelope.way == Outcome.ANSWERED and message.size <= wire.FRAGMENT_SIZE:
        line.send_alone(peers.table[request.peer].address, Kind.ANSWER, request.number, as_bytes(message))


def as_bytes(message: messages.Message) -> Bytes:
    """A message of one fragment."""
    return view(address_of(message), message.size)


# ---- callers here ----


def gate_of(name: Text) -> u64:
    """A gate to a group; NO_HANDLE if there is no room."""
    identity = Identity()
    name_group(name, identity)
    try:
        return mint_group(identity)
    except KernelError:
        return NO_HANDLE


def ask(place: u64, now: u64) -> bool:
    """Send the message of a parcel to a group; False if there are too many queries now."""
    parcel = parcels.table[place]
    if parcel.kind != Message.CALL or parcel.message.size > wire.FRAGMENT_SIZE:
        give_up(place, UNREACHABLE)
        return True
    if parcel.handle != NO_HANDLE:
        close_quietly(parcel.handle)
        give_up(place, NOT_TRANSFERABLE)
        return True
    for query in groups.queries:
        if query.number == 0:
            groups.last += 1
            groups.count += 1
            query.number, query.parcel, query.reply, query.asked = groups.last, place, parcel.reply.handle, 0
            query.due, query.end = now, now + PATIENCE * line.patience
            return True
    return False


def give_up(place: u64, code: u64) -> None:
    """A message that cannot be asked."""
    if parcels.table[place].reply.handle != NO_HANDLE:
        answers.refuse(parcels.table[place].reply.handle, code)
    parcels.give(place)


def answered(frame: Frame) -> None:
    """An answer has come; only the first one finds its query."""
    number = frame.number(wire.TRANSACTION, 8)
    for query in groups.queries:
        if query.number == number and number != 0:
            message = parcels.table[query.parcel].message
            message.size = frame.number(wire.MESSAGE_SIZE, 4)
            data = frame.payload()
            copy_memory(address_of(message), address_of(data), u64(len(data)))
            answers.pass_on(query.reply, message, NO_HANDLE)
            end(query)
            return
    line.counts.late += 1


def end(query: Query) -> None:
    """It is over."""
    parcels.give(query.parcel)
    query.number = 0
    groups.count -= 1


def look(now: u64) -> u64:
    """Ask again, or give up; when to look again."""
    due: u64 = NO_TIMEOUT
    if groups.count == 0:
        return due
    for query in groups.queries:
        if query.number == 0:
            continue
        if now >= query.end:
            answers.refuse(query.reply, UNREACHABLE)
            end(query)
            continue
        if now >= query.due:
            query.asked += 1
            query.due = now + ASK_EVERY * line.patience if query.asked < MOST_ASKED else query.end
            line.send_alone(wire.EVERYBODY, Kind.QUERY, query.number, as_bytes(parcels.table[query.parcel].message))
        due = min(due, query.due)
    return due
