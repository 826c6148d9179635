"""Calls of this node's programs at other nodes, from the message that came to a proxy to the reply for the caller.

Nothing is ever waited for: frames and the clock drive each call. The server keeps quiet until it is asked, so whatever
is lost is asked for again from here.
"""

from collections.abc import Callable
from enum import IntEnum

from atoll.abi import wire
from atoll.abi.calls import NO_TIMEOUT
from atoll.abi.types import Array, u16, u64
from atoll.abi.wire import Kind, Outcome
from atoll.servers.network.frame import Frame
from atoll.servers.network.line import line
from atoll.servers.network.message import Message
from atoll.servers.network.parcels import Reply, parcels
from atoll.servers.network.passing import Passing
from atoll.servers.network.peers import CHANNELS, MOST_PEERS, NOWHERE, Peer, peers

MOST_CALLS = 256
LOOK_EVERY = 250 * wire.MILLISECOND  # whether callers still wait


class State(IntEnum):
    """How far a call is."""

    FREE = 0
    GREETING = 1  # nothing of it was sent: we do not know the node's session yet
    SENT = 2  # its request was sent, but may not have come
    WORKING = 3  # the server has it
    COLLECTING = 4  # its reply comes
    CLAIMING = 5  # its reply is here, with a gate to a third node, which is told first
    CANCELLING = 6  # nobody waits for it any more, and the server has to know


class Claimer(IntEnum):
    """Who waits until a third node knows that we have a gate."""

    NOBODY = 0
    REQUEST = 1  # that the gate came with
    CALL = 2  # with whose reply it came
    LEAVER = 3  # a receiver that is about to leave, and its friends to be told (friends.py)
    CLAIM = 4  # a peer that claims a gate of a port that has moved on (moves.py)
    COUNTER = 5  # we, who have counted a peer's gates that are to be counted elsewhere (recount.py)
    COUNTED = 6  # a peer that has counted ours


class Call:
    """One call."""

    state: u64
    place: u64  # in the table
    peer: u64
    channel: u64
    number: u64  # of the transaction
    parcel: u64  # with the request, or the reply; NOWHERE: neither is here
    reply: Reply  # whom to answer
    label: u64  # of the proxy that it came to
    is_whole: bool  # its request is in the parcel still, whatever has come of the reply
    in_order: bool  # what comes to that proxy behind it waits until it is over
    is_lent: bool  # whoever is to answer it is at that node: it awaits what is replied there (rights.py)
    until: u64  # CLAIMING: when it is given up that a reply right comes
    passing: Passing  # the handle that went with the request
    claimer: u64  # a Claimer: for whom it claims a gate
    claimer_place: u64  # where that is
    claimer_number: u64  # and which transaction it was then
    due: u64  # when to look after it
    wait: u64  # nanoseconds until the time after that

    @property
    def may_have_happened(self) -> bool:
        """Whether the service may have got it."""
        return self.state not in (State.GREETING, State.FREE)


class Calls:
    """All that are in hand."""

    table: Array[Call, MOST_CALLS]
    by_channel: Array[u16, MOST_PEERS * CHANNELS]  # place + 1
    used: u64  # places that were ever used
    count: u64
    due: u64  # when the first of them is
    checked: u64  # when it was last looked whether callers still wait

    # What becomes of a call. `answered`: with its reply; `failed`: with whether it may have happened; then `ended`.
    answered: Callable[[Call, Message], None]
    failed: Callable[[Call, bool], None]
    ended: Callable[[Call], None]
    came: Callable[[], None]  # a request is there
    claim: Callable[[Call, Message], bool]  # begin to claim the gate that came; False: there is no need
    is_waited_for: Callable[[Call], bool]
    repeat: Callable[[Call], bool]  # nothing was done: its parcel waits for another turn; False: it cannot

    def is_on_way(self, label: u64) -> bool:
        """Whether there is a call of that proxy whose request may not have come."""
        for place in range(self.used):
            call = self.table[place]
            if call.label == label and (call.state == State.GREETING or call.state == State.SENT):
                return True
        return False

    # ---- begin and end ----

    def begin(self, parcel: u64, to: u64, in_order: bool, now: u64) -> Call | None:
        """Send the parcel's message to a peer; None if there are too many calls now."""
        peer = peers.table[to]
        place: u64 = 0
        while place < self.used and self.table[place].state != State.FREE:
            place += 1
        channel = peer.free_channel() if place < MOST_CALLS else NOWHERE
        if channel == NOWHERE:
            return None
        self.used = max(self.used, place + 1)
        self.count += 1
        call = self.table[place]
        call.place, call.peer, call.channel, call.parcel = place, to, channel, parcel
        peer.next += 1
        call.number = peer.next
        call.reply, call.label, call.in_order = parcels.table[parcel].reply, parcels.table[parcel].label, in_order
        call.passing = parcels.table[parcel].passing
        parcels.table[parcel].passing.clear()  # it is the call's now: whatever comes into the parcel next has none
        parcels.table[parcel].remember()
        call.is_whole = True
        call.state, call.is_lent, call.until = u64(State.GREETING), False, 0
        call.claimer = u64(Claimer.NOBODY)
        self.by_channel[to * CHANNELS + channel] = u16(place + 1)
        line.counts.asked += 1
        self.rest(call, now)
        self.urge(call)
        return call

    def end(self, call: Call) -> None:
        """Nothing is to be done for it any more."""
        self.drop_parcel(call)
        peers.table[call.peer].give_channel(call.channel)
        self.by_channel[call.peer * CHANNELS + call.channel] = u16(0)
        call.state = State.FREE
        self.count -= 1
        self.ended(call)

    def drop_parcel(self, call: Call) -> None:
        """Its message is not needed any more."""
        call.is_whole = False
        if call.parcel != NOWHERE:
            parcels.give(call.parcel)
            call.parcel = NOWHERE

    def fail(self, call: Call) -> None:
        """It cannot be answered any more."""
        may_have_happened = call.may_have_happened
        if not may_have_happened and self.repeat(call):
            self.end(call)
            return
        call.passing.settle(may_have_happened)
        if call.state != State.CANCELLING:
            self.failed(call, may_have_happened)
        self.end(call)

    def cancel(self, call: Call, now: u64) -> None:
        """Nobody waits for it any more."""
        if call.state == State.GREETING:
            call.passing.settle(False)
            self.end(call)
            return
        self.drop_parcel(call)
        call.state = State.CANCELLING
        self.rest(call, now)
        self.urge(call)

    def end_all(self, peer: u64) -> None:
        """The peer has forgotten all calls of ours, or is gone."""
        for place in range(self.used):
            call = self.table[place]
            if call.peer == peer and call.state != State.FREE:
                line.counts.lost += 1
                self.fail(call)

    # ---- time ----

    def rest(self, call: Call, now: u64) -> None:
        """It goes on: no reason to ask soon."""
        call.wait = wire.FIRST_WAIT * line.patience
        call.due = now + call.wait
        self.due = min(self.due, call.due)

    def look(self, now: u64) -> u64:
        """Look after those whose time has come; when to look again."""
        if now < self.due:
            return self.due
        self.due = NO_TIMEOUT
        is_time = now - self.checked >= LOOK_EVERY
        if is_time:
            self.checked = now
        for place in range(self.used):
            call = self.table[place]
            if call.state == State.FREE:
                continue
            if is_time and call.state != State.CANCELLING and not self.is_waited_for(call):
                self.cancel(call, now)
                if call.state == State.FREE:
                    continue
            self.due = min(self.due, self.checked + LOOK_EVERY)
            if call.due <= now:
                call.wait = min(2 * call.wait, wire.LONGEST_WAIT * line.patience)
                call.due = now + call.wait
                self.urge(call)
            self.due = min(self.due, call.due)
        return self.due

    def urge(self, call: Call) -> None:
        """Send what the call needs now: a greeting, its request, or the question how it is."""
        peer = peers.table[call.peer]
        if call.state == State.CANCELLING:
            line.say(peer, Kind.CANCEL, call.channel, call.number)
        elif peer.theirs == 0:
            line.say(peer, Kind.HELLO)
        elif call.state == State.GREETING:
            call.state = State.SENT
            self.send(call, NO_TIMEOUT)
        elif call.state != State.CLAIMING:
            missing: u64 = NO_TIMEOUT
            if call.state == State.COLLECTING:
                missing = parcels.table[call.parcel].message.missing
            line.say(peer, Kind.ASK, call.channel, call.number, missing)

    def send(self, call: Call, wanted: u64) -> None:
        """Fragments of the request."""
        message = parcels.table[call.parcel].message
        line.send(peers.table[call.peer], Kind.REQUEST, call.channel, call.number, message, wanted)

    def welcome(self, peer: u64, now: u64) -> None:
        """The peer's session is known: what waited for it goes."""
        for place in range(self.used):
            call = self.table[place]
            if call.peer == peer and call.state == State.GREETING:
                self.rest(call, now)
                self.urge(call)

    # ---- frames in ----

    def arrived(self, peer: Peer, frame: Frame, now: u64) -> None:
        """What the server says of a call."""
        channel, number = frame.number(wire.CHANNEL, 2), frame.number(wire.TRANSACTION, 8)
        place = u64(self.by_channel[peer.place * CHANNELS + channel]) if channel < CHANNELS else u64(0)
        kind = frame.number(wire.KIND, 1)
        if place == 0 or self.table[place - 1].number != number or self.table[place - 1].state == State.GREETING:
            line.counts.late += 1
            if kind == Kind.REPLY and channel < CHANNELS:
                line.say(peer, Kind.ACK, channel, number)  # it was had: the acknowledgement was lost
            return
        call = self.table[place - 1]
        if kind == Kind.CANCELLED:
            if call.state == State.CANCELLING:
                call.passing.settle(False)
                self.end(call)
        elif call.state != State.CANCELLING:
            self.take(call, kind, frame, now)

    def take(self, call: Call, kind: u64, frame: Frame, now: u64) -> None:
        """The same, for a call that somebody waits for."""
        if kind == Kind.REPLY:
            self.collect(call, frame, now)
        elif kind == Kind.WANT and call.state == State.SENT:
            self.rest(call, now)
            self.send(call, frame.number(wire.BITS, 8))
        elif kind == Kind.WORKING and call.state == State.SENT:
            call.state = State.WORKING
            self.drop_parcel(call)
            self.came()

    def collect(self, call: Call, frame: Frame, now: u64) -> None:
        """A fragment of the reply: that the request has come is sure by that."""
        if call.state == State.CLAIMING:
            return
        if call.parcel == NOWHERE:
            call.parcel = parcels.take()
        if call.parcel == NOWHERE:
            return  # it is asked for again
        message = parcels.table[call.parcel].message
        if call.state != State.COLLECTING:
            call.state = State.COLLECTING
            message.expect(frame.number(wire.MESSAGE_SIZE, 4))
        if not message.add(frame):
            line.counts.late += 1
            return
        self.rest(call, now)
        if message.missing == 0:
            call.state = State.CLAIMING
            if not self.claim(call, message):
                self.finish(call)

    def finish(self, call: Call) -> None:
        """The reply is here, and what came with it can be taken."""
        message = parcels.table[call.parcel].message
        line.say(peers.table[call.peer], Kind.ACK, call.channel, call.number)
        if message.envelope.way == Outcome.NO_SUCH_PORT and self.repeat(call):
            self.end(call)
            return
        call.passing.settle(message.envelope.taken != 0)
        self.answered(call, message)
        self.end(call)


calls: Calls = Calls()
