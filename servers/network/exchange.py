"""The server's side of the wire: frames in, frames out, calls begun and ended. It knows neither card nor threads.

Nothing here waits, and no timer resends: the client asks when it misses something. What it is told not to know any
more, or never sent, it cannot make happen twice.
"""

from collections.abc import Callable

from atoll.abi import wire
from atoll.abi.calls import NO_TIMEOUT
from atoll.abi.types import Array, u64
from atoll.abi.wire import Kind, Outcome, Way
from atoll.servers.network.exports import Exports
from atoll.servers.network.frame import Fault, Frame, all_fragments, fragments_of
from atoll.servers.network.transaction import MAX_CLIENTS, MAX_TRANSACTIONS, NOWHERE, Client, State, Transaction

CANCEL_AGAIN = 5 * wire.MILLISECOND  # until a thread that was told to give up has done so
FAULTS = 7


class Counts:
    """What has happened since the start."""

    received: u64  # frames
    sent: u64
    dropped: Array[u64, FAULTS]  # frames that were not taken, by Fault
    late: u64  # frames of a transaction that is over
    calls: u64  # requests given to services
    repeated: u64  # replies of which a client missed something
    refused: u64  # requests for which there was no room
    cancelled: u64


class Exchange:
    """All calls from the wire."""

    session: u64  # ours
    address: u64  # our Ethernet address
    first_key: u64
    second_key: u64

    prepare: Callable[[Frame], bool]  # a place for a frame to send; False: it cannot be sent
    transmit: Callable[[Frame], None]  # it to the card
    release: Callable[[u64, u64], None]  # an identity that is not needed any more
    begin: Callable[[u64], None]  # let a thread carry out the transaction in that place
    stop: Callable[[u64], None]  # let the thread give up what it waits for; it may just not be waiting

    clients: Array[Client, MAX_CLIENTS]
    transactions: Array[Transaction, MAX_TRANSACTIONS]
    exports: Exports
    out: Frame
    counts: Counts

    # ---- frames in ----

    def arrived(self, frame: Frame, now: u64) -> None:
        """A frame has come."""
        self.counts.received += 1
        if frame.destination != self.address:
            return
        fault = frame.check(self.first_key, self.second_key)
        if fault != Fault.NONE:
            self.counts.dropped[fault] += 1
        elif frame.kind not in (Kind.HELLO, Kind.REQUEST, Kind.ASK, Kind.ACK, Kind.CANCEL):
            self.counts.dropped[Fault.FIELDS] += 1
        elif frame.number(wire.PEER, 8) != self.session:
            self.say(frame, Kind.WELCOME, 0)  # a HELLO, or the frame is for who was here before us
        elif frame.number(wire.KIND, 1) != Kind.HELLO:
            self.take(frame, now)

    def take(self, frame: Frame, now: u64) -> None:
        """A sound frame of somebody who knows us."""
        kind = frame.number(wire.KIND, 1)
        number = frame.number(wire.TRANSACTION, 8)
        index = self.client_of(frame)
        is_new = index == NOWHERE or self.clients[index].last < number
        if is_new and kind == Kind.ASK:
            self.say(frame, Kind.WANT, all_fragments(frame.number(wire.FRAGMENTS, 2)))
        elif is_new and kind != Kind.ACK:
            self.take_new(frame, index, now)
        elif index == NOWHERE or self.clients[index].last > number or self.clients[index].place == NOWHERE:
            self.counts.late += 1
        else:
            self.clients[index].heard = now
            self.take_known(frame, self.transactions[self.clients[index].place])

    def take_new(self, frame: Frame, known: u64, now: u64) -> None:
        """The first that is heard of a transaction: with it the client is done with the one before."""
        index = known if known != NOWHERE else self.new_client(now)
        if index == NOWHERE:
            self.refuse(frame)
            return
        client = self.clients[index]
        self.finish(client)
        client.is_used = True
        client.session, client.channel = frame.number(wire.SESSION, 8), frame.number(wire.CHANNEL, 2)
        client.address, client.heard = frame.source, now
        if frame.number(wire.KIND, 1) == Kind.CANCEL:
            client.last = frame.number(wire.TRANSACTION, 8)
            return
        place = self.new_transaction(now)
        if place == NOWHERE:
            self.refuse(frame)
            return
        client.last, client.place = frame.number(wire.TRANSACTION, 8), place
        self.transactions[place].begin(index, frame)
        self.take_known(frame, self.transactions[place])

    def take_known(self, frame: Frame, transaction: Transaction) -> None:
        """A frame about a call that we have in hand."""
        match frame.number(wire.KIND, 1):
            case Kind.REQUEST:
                self.take_fragment(frame, transaction)
            case Kind.ASK:
                self.tell(frame, transaction)
            case _:
                self.finish(self.clients[transaction.client])

    def take_fragment(self, frame: Frame, transaction: Transaction) -> None:
        """With its last fragment the request goes to a thread."""
        if transaction.state == State.WORKING:
            self.say(frame, Kind.WORKING, 0)
        elif transaction.state == State.COLLECTING:
            if not transaction.add(frame):
                self.counts.dropped[Fault.FIELDS] += 1
            elif transaction.missing == 0:
                self.carry_out(transaction, self.clients[transaction.client].place)
        else:
            self.counts.late += 1

    def carry_out(self, transaction: Transaction, place: u64) -> None:
        """The request is all here."""
        transaction.state = State.WORKING
        self.counts.calls += 1
        if not transaction.understand():
            transaction.answer(Outcome.NOT_TAKEN, 0)
            self.answered(place)
        elif transaction.envelope.way == Way.RELEASE:
            self.release(transaction.envelope.target.low, transaction.envelope.target.high)
            transaction.answer(Outcome.ANSWERED, 0)
            self.answered(place)
        else:
            if transaction.name_size == 0:
                transaction.gate = self.exports.find(transaction.envelope.target)
            self.begin(place)

    def tell(self, frame: Frame, transaction: Transaction) -> None:
        """The client asks how far its call is."""
        match transaction.state:
            case State.COLLECTING:
                self.say(frame, Kind.WANT, transaction.missing)
            case State.WORKING:
                self.say(frame, Kind.WORKING, 0)
            case _:
                self.counts.repeated += 1
                self.reply(transaction, frame.number(wire.BITS, 8))

    # ---- calls ----

    def answered(self, place: u64) -> None:
        """The thread has done its work."""
        transaction = self.transactions[place]
        if transaction.state == State.ABANDONED:
            transaction.state = State.FREE
            return
        transaction.state = State.ANSWERED
        transaction.seal_reply()
        self.reply(transaction, all_fragments(fragments_of(wire.ENVELOPE_SIZE + transaction.reply_size)))

    def finish(self, client: Client) -> None:
        """The client's last transaction is over."""
        if client.place == NOWHERE or not client.is_used:
            client.place = NOWHERE
            return
        transaction = self.transactions[client.place]
        if transaction.state == State.WORKING:
            transaction.state = State.ABANDONED
            self.counts.cancelled += 1
            self.stop(client.place)
        else:
            transaction.state = State.FREE
        client.place = NOWHERE

    def look(self, now: u64) -> u64:
        """Cancel calls of clients that have vanished; in how many nanoseconds to look again."""
        wait: u64 = NO_TIMEOUT
        for place in range(u64(MAX_TRANSACTIONS)):
            transaction = self.transactions[place]
            if transaction.state == State.WORKING:
                client = self.clients[transaction.client]
                if now - client.heard >= wire.FORGET:
                    self.finish(client)
                else:
                    wait = min(wait, client.heard + wire.FORGET - now)
            elif transaction.state == State.ABANDONED:
                self.stop(place)
            if transaction.state == State.ABANDONED:
                wait = min(wait, u64(CANCEL_AGAIN))
        return wait

    # ---- places ----

    def client_of(self, frame: Frame) -> u64:
        """The client that sent a frame; NOWHERE if we do not know it."""
        session, channel = frame.number(wire.SESSION, 8), frame.number(wire.CHANNEL, 2)
        for index in range(u64(MAX_CLIENTS)):
            client = self.clients[index]
            if client.is_used and client.session == session and client.channel == channel:
                return index
        return NOWHERE

    def new_client(self, now: u64) -> u64:
        """A place for another client: a free one, or that of one that can be forgotten."""
        for index in range(u64(MAX_CLIENTS)):
            if not self.clients[index].is_used:
                self.clients[index].place = NOWHERE
                return index
        for index in range(u64(MAX_CLIENTS)):
            client = self.clients[index]
            is_busy = client.place != NOWHERE and self.transactions[client.place].state == State.WORKING
            if not is_busy and now - client.heard >= wire.FORGET:
                self.finish(client)
                client.last = 0
                return index
        return NOWHERE

    def new_transaction(self, now: u64) -> u64:
        """A place for another call: a free one, or that of a reply that can be forgotten."""
        for place in range(u64(MAX_TRANSACTIONS)):
            if self.transactions[place].state == State.FREE:
                return place
        for place in range(u64(MAX_TRANSACTIONS)):
            transaction = self.transactions[place]
            is_busy = transaction.state in (State.WORKING, State.ABANDONED)
            client = self.clients[transaction.client]
            if not is_busy and now - client.heard >= wire.FORGET:
                self.finish(client)
                return place
        return NOWHERE

    # ---- frames out ----

    def refuse(self, frame: Frame) -> None:
        """There is no room for this call now."""
        self.counts.refused += 1
        self.say(frame, Kind.BUSY, 0)

    def say(self, asked: Frame, kind: u64, word: u64) -> None:
        """A frame without data, in answer to one."""
        if not self.address_to(asked.source, asked.number(wire.SESSION, 8), kind):
            return
        self.out.put(wire.TRANSACTION, 8, asked.number(wire.TRANSACTION, 8))
        self.out.put(wire.CHANNEL, 2, asked.number(wire.CHANNEL, 2))
        self.out.put(wire.FRAGMENTS, 2, 1)
        self.out.put(wire.BITS, 8, word)
        self.send()

    def reply(self, transaction: Transaction, wanted: u64) -> None:
        """The fragments of a reply that are wanted."""
        client = self.clients[transaction.client]
        count = fragments_of(wire.ENVELOPE_SIZE + transaction.reply_size)
        for index in range(count):
            if wanted >> index & 1 == 0 or not self.address_to(client.address, client.session, Kind.REPLY):
                continue
            self.out.put(wire.TRANSACTION, 8, transaction.number)
            self.out.put(wire.CHANNEL, 2, client.channel)
            self.out.put(wire.FRAGMENT, 2, index)
            self.out.put(wire.FRAGMENTS, 2, count)
            self.out.put(wire.MESSAGE_SIZE, 4, wire.ENVELOPE_SIZE + transaction.reply_size)
            self.out.enclose(transaction.reply_part(index))
            self.send()

    def address_to(self, address: u64, session: u64, kind: u64) -> bool:
        """Begin a frame; False if there is no place for it."""
        if not self.prepare(self.out):
            return False
        self.out.clear(address, self.address)
        self.out.put(wire.SESSION, 8, self.session)
        self.out.put(wire.PEER, 8, session)
        self.out.put(wire.KIND, 1, kind)
        return True

    def send(self) -> None:
        """Seal it and give it to the card."""
        self.out.seal(self.first_key, self.second_key)
        self.counts.sent += 1
        self.transmit(self.out)
