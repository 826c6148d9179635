"""Calls of other stations at this node: requests collected, given to threads, their replies kept until they are had.

Nothing here waits, and no timer resends: the client asks when it misses something. A transaction is carried out at
most once: of each channel of a peer we know the newest one's number, and frames of another acquaintance never get here.
"""

from collections.abc import Callable
from enum import IntEnum

from atoll.abi import wire
from atoll.abi.calls import NO_TIMEOUT
from atoll.abi.objects import NO_HANDLE
from atoll.abi.types import Array, u8, u64
from atoll.abi.wire import Kind, Outcome
from atoll.servers.network.crossing import leave
from atoll.servers.network.exports import close_quietly
from atoll.servers.network.frame import Fault, Frame, all_fragments, fragments_of
from atoll.servers.network.identity import Identity
from atoll.servers.network.line import line
from atoll.servers.network.message import Message
from atoll.servers.network.passing import Passing
from atoll.servers.network.peers import CHANNELS, MOST_PEERS, MOST_REQUESTS, Peer, peers

REMIND = 1_000 * wire.MILLISECOND  # a node that has a reply and whose acknowledgement was lost is told again
CANCEL_AGAIN = 5 * wire.MILLISECOND  # until a thread that was told to give up has done so


class State(IntEnum):
    """What is done for a request."""

    FREE = 0
    COLLECTING = 1  # its fragments are coming in
    WORKING = 2  # a thread calls the service
    ABANDONED = 3  # so it does, but nobody waits any more
    ANSWERED = 4  # the reply is kept


class Channel:
    """One channel of a peer."""

    last: u64  # number of its newest transaction
    place: u8  # where that is, + 1; 0: it is over, and any frame of it a late duplicate


class Request:
    """One transaction. While it is WORKING it belongs to the thread that calls the service."""

    state: u64
    place: u64
    peer: u64
    channel: u64
    number: u64
    heard: u64  # when its client last said something about it
    is_query: bool  # it belongs to no channel, and its reply is not kept
    target: Identity  # the port that is called
    gate: u64  # which is called; of a named service: NO_HANDLE
    until: u64  # it waits so long for a reply right that is to come with it (rights.py); 0: it does not
    is_gate_ours: bool  # it was made for this request, and is closed with it
    handle: u64  # that goes with the call; then the one that came with the answer
    passing: Passing  # that handle on its way to the client
    message: Message  # the request, then the reply


class Requests:
    """All that are in hand."""

    table: Array[Request, MOST_REQUESTS]
    channels: Array[Channel, MOST_PEERS * CHANNELS]
    due: u64  # when to look again

    ready: Callable[[Request], None]  # a request is here as a whole
    stop: Callable[[u64], None]  # let the thread give up what it waits for; it may just not be waiting

    # ---- frames in ----

    def arrived(self, peer: Peer, frame: Frame, now: u64) -> None:
        """What a client says about a call."""
        channel_number = frame.number(wire.CHANNEL, 2)
        if channel_number >= CHANNELS:
            line.counts.dropped[Fault.FIELDS] += 1
            return
        channel = self.channels[peer.place * CHANNELS + channel_number]
        number = frame.number(wire.TRANSACTION, 8)
        kind = frame.kind
        if number > channel.last:
            self.take_new(peer, channel, frame, now)
        elif number == channel.last and channel.place != 0:
            request = self.table[u64(channel.place) - 1]
            request.heard = now
            self.take(peer, request, frame)
        elif kind == Kind.CANCEL:
            line.say(peer, Kind.CANCELLED, channel_number, number)
        else:
            line.counts.late += 1

    def take_new(self, peer: Peer, channel: Channel, frame: Frame, now: u64) -> None:
        """The first that is heard of a transaction: with it the client is done with the one before."""
        kind, channel_number = frame.kind, frame.number(wire.CHANNEL, 2)
        number = frame.number(wire.TRANSACTION, 8)
        match kind:
            case Kind.ASK:
                line.say(peer, Kind.WANT, channel_number, number, NO_TIMEOUT)
            case Kind.CANCEL:
                self.finish(channel, True)
                channel.last = number
                line.say(peer, Kind.CANCELLED, channel_number, number)
            case Kind.REQUEST:
                self.finish(channel, True)
                request = self.free_request()
                if request is None:
                    line.counts.refused += 1
                    line.say(peer, Kind.BUSY, channel_number, number)
                    return
                channel.last, channel.place = number, u8(request.place + 1)
                request.state, request.heard = u64(State.COLLECTING), now
                request.peer, request.channel, request.number = peer.place, channel_number, number
                request.is_query, request.gate, request.handle, request.until = False, NO_HANDLE, NO_HANDLE, 0
                request.message.expect(frame.number(wire.MESSAGE_SIZE, 4))
                self.add(peer, request, frame)
            case _:
                line.counts.late += 1

    def take(self, peer: Peer, request: Request, frame: Frame) -> None:
        """A frame about a call that we have in hand."""
        match frame.kind:
            case Kind.REQUEST:
                if request.state == State.COLLECTING:
                    self.add(peer, request, frame)
                elif request.state == State.WORKING:
                    line.say(peer, Kind.WORKING, request.channel, request.number)
                else:
                    line.counts.late += 1
            case Kind.ASK:
                self.tell(peer, request, frame.number(wire.BITS, 8))
            case Kind.ACK:
                self.finish(self.channel_of(request), True)
            case _:
                self.finish(self.channel_of(request), False)
                line.say(peer, Kind.CANCELLED, request.channel, request.number)

    def add(self, peer: Peer, request: Request, frame: Frame) -> None:
        """One more fragment; with the last one the call is carried out."""
        message = request.message
        if not message.add(frame):
            line.counts.dropped[Fault.FIELDS] += 1
            return
        if message.missing != 0:
            return
        line.counts.calls += 1
        request.state = State.WORKING
        self.due = min(self.due, request.heard + wire.FORGET * line.patience)
        message.envelope.taken = 0
        if message.is_sensible():
            self.ready(request)
        else:
            message.answer(Outcome.NO_SUCH_PORT, 0)
            self.answered(request)

    def tell(self, peer: Peer, request: Request, missing: u64) -> None:
        """The client asks how far its call is."""
        match request.state:
            case State.COLLECTING:
                line.say(peer, Kind.WANT, request.channel, request.number, request.message.missing)
            case State.WORKING:
                line.say(peer, Kind.WORKING, request.channel, request.number)
            case _:
                line.counts.repeated += 1
                self.send(request, missing)

    # ---- calls ----

    def answered(self, request: Request) -> None:
        """The reply is in the message. What came with it becomes known beyond this node, or is closed."""
        if request.is_gate_ours:
            close_quietly(request.gate)
            request.gate, request.is_gate_ours = NO_HANDLE, False
        if request.state == State.ABANDONED:
            if request.handle != NO_HANDLE:
                self.leave_with(request)
                request.passing.settle(False)
            request.state = State.FREE
            return
        request.state = State.ANSWERED
        self.due = min(self.due, request.heard + REMIND * line.patience)
        if request.handle != NO_HANDLE and not self.leave_with(request):
            request.message.answer(Outcome.NOT_TRANSFERABLE, 0)
        self.send(request, all_fragments(fragments_of(request.message.size)))

    def leave_with(self, request: Request) -> bool:
        """The handle of the reply goes to the client."""
        handle = request.handle
        request.handle = NO_HANDLE
        return leave(handle, request.peer, request.message.envelope, request.passing)

    def send(self, request: Request, wanted: u64) -> None:
        """Fragments of the reply."""
        line.send(peers.table[request.peer], Kind.REPLY, request.channel, request.number, request.message, wanted)

    def finish(self, channel: Channel, was_taken: bool) -> None:
        """The channel's last transaction is over; whether the client took the handle that came with its reply."""
        if channel.place == 0:
            return
        request = self.table[u64(channel.place) - 1]
        channel.place = u8(0)
        if request.state == State.WORKING:
            request.state = State.ABANDONED
            line.counts.cancelled += 1
            self.stop(request.place)
            self.due = 0
            return
        request.passing.settle(was_taken)
        request.state = State.FREE

    def end_all(self, peer: u64) -> None:
        """The peer is gone, or has forgotten us: so are all its transactions."""
        for number in range(u64(CHANNELS)):
            channel = self.channels[peer * CHANNELS + number]
            self.finish(channel, True)
            channel.last = 0

    def look(self, now: u64) -> u64:
        """Cancel calls of stations that have vanished without a word; when to look again."""
        if now < self.due:
            return self.due
        self.due = NO_TIMEOUT
        for place in range(u64(MOST_REQUESTS)):
            request = self.table[place]
            if request.state == State.ABANDONED:
                self.stop(place)
                self.due = min(self.due, now + CANCEL_AGAIN)
            elif request.state == State.ANSWERED and peers.table[request.peer].is_node:
                if now >= request.heard + REMIND * line.patience:
                    request.heard = now
                    self.send(request, 1)
                self.due = min(self.due, request.heard + REMIND * line.patience)
            elif request.state == State.WORKING and not request.is_query:
                end = request.heard + wire.FORGET * line.patience
                if peers.table[request.peer].is_node:
                    continue  # it is gone when it is silent, and all its calls with it
                if now >= end:
                    self.finish(self.channel_of(request), True)
                else:
                    self.due = min(self.due, end)
        return self.due

    # ---- places ----

    def new_query(self, peer: u64, number: u64, now: u64) -> Request | None:
        """A place for a query; None if there is no room, or it is worked on already."""
        for other in self.table:
            is_same = other.is_query and other.peer == peer and other.number == number
            if is_same and other.state != State.FREE:
                return None
        request = self.free_request()
        if request is not None:
            request.state, request.is_query, request.heard = u64(State.WORKING), True, now
            request.peer, request.number = peer, number
            request.gate, request.handle, request.until = NO_HANDLE, NO_HANDLE, 0
        return request

    def channel_of(self, request: Request) -> Channel:
        """Where it is the newest."""
        return self.channels[request.peer * CHANNELS + request.channel]

    def free_request(self) -> Request | None:
        """A place for another call: a free one, or that of a reply which was had, or that nobody asked for long."""
        oldest: Request | None = None
        for place in range(u64(MOST_REQUESTS)):
            request = self.table[place]
            request.place = place
            if request.state == State.FREE:
                request.passing.clear()
                request.is_gate_ours = False
                return request
            is_kept = request.state == State.ANSWERED and not peers.table[request.peer].is_node
            if is_kept and (oldest is None or request.heard < oldest.heard):
                oldest = request
        if oldest is not None:
            self.finish(self.channel_of(oldest), True)
        return oldest


requests: Requests = Requests()
