"""What a node knows of those who call its services: clients, and the calls that they have in hand."""

from enum import IntEnum

from atoll.abi import wire
from atoll.abi.calls import MAX_SEGMENT
from atoll.abi.objects import NO_HANDLE, Kind
from atoll.abi.raw import address_of, at, view
from atoll.abi.types import Array, Bytes, Slice, Text, u8, u64
from atoll.servers.network.exports import Envelope, Identity
from atoll.servers.network.frame import Frame, all_fragments, fragment_size, fragments_of, padded

MAX_CLIENTS = 64
MAX_TRANSACTIONS = 8  # calls in hand at one time, and threads that carry them out
MESSAGE_WORDS = wire.MAX_MESSAGE // 8
REPLY_WORDS = (wire.ENVELOPE_SIZE + MAX_SEGMENT) // 8
NOWHERE = 0xFFFF_FFFF_FFFF_FFFF  # no client, no transaction


class Client:
    """One channel of a station: what it asked last."""

    is_used: bool
    session: u64
    channel: u64
    address: u64  # Ethernet address that it was heard from
    heard: u64  # when; nanoseconds
    last: u64  # number of its newest transaction
    place: u64  # where that is kept; NOWHERE: it is over, and any frame of it a late duplicate


class State(IntEnum):
    """What is done for a transaction."""

    FREE = 0
    COLLECTING = 1  # fragments of the request are coming in
    WORKING = 2  # a thread calls the service
    ABANDONED = 3  # so it does, but nobody waits any more
    ANSWERED = 4  # the reply is kept


class Transaction:
    """One call. While it is WORKING it belongs to the thread that calls the service, else to the exchange."""

    state: u64
    client: u64  # index
    number: u64

    # ---- the request ----
    have: u64  # a bit for each fragment that has come
    size: u64
    name_size: u64
    room: u64  # for the reply's segment
    gate: u64  # of the port that is called, if there is no name
    words: Array[u64, 4]
    message: Array[u64, MESSAGE_WORDS]

    # ---- the reply ----
    outcome: u64
    reply_words: Array[u64, 4]
    reply_size: u64  # of the segment
    reply_handle: u64  # that came with the reply; NO_HANDLE: none
    reply_target: Identity  # the port that it leads to, as the client will name it
    reply_message: Array[u64, REPLY_WORDS]

    def begin(self, client: u64, frame: Frame) -> None:
        """A new call, of which this fragment came first."""
        self.state = State.COLLECTING
        self.client = client
        self.number = frame.number(wire.TRANSACTION, 8)
        self.have = 0
        self.size = frame.number(wire.MESSAGE_SIZE, 4)
        self.reply_target.low, self.reply_target.high = 0, 0

    def add(self, frame: Frame) -> bool:
        """One more fragment of the request; False if it cannot be one of this."""
        if frame.number(wire.MESSAGE_SIZE, 4) != self.size:
            return False
        index = frame.number(wire.FRAGMENT, 2)
        start = index * wire.FRAGMENT_SIZE
        room: Slice[u8] = view(address_of(self.message), u64(wire.MAX_MESSAGE))
        room[start : start + fragment_size(self.size, index)] = frame.payload()
        self.have = self.have | u64(1) << index
        return True

    @property
    def envelope(self) -> Envelope:
        """What the request says, once it is all here."""
        return at(Envelope, address_of(self.message))

    def understand(self) -> bool:
        """Look at the envelope; False if it makes no sense."""
        envelope = self.envelope
        is_sound = envelope.name_size <= wire.MAX_NAME and envelope.room <= MAX_SEGMENT
        if not is_sound or wire.ENVELOPE_SIZE + padded(envelope.name_size) > self.size:
            return False
        self.name_size, self.room, self.words = envelope.name_size, envelope.room, envelope.words
        return True

    @property
    def missing(self) -> u64:
        """A bit for each fragment of the request that has not come."""
        return all_fragments(fragments_of(self.size)) & ~self.have

    @property
    def name(self) -> Text:
        """Which service is called."""
        return str(view(address_of(self.message) + wire.ENVELOPE_SIZE, self.name_size), "utf-8")

    @property
    def segment(self) -> Bytes:
        """What goes to the service with the words."""
        start = wire.ENVELOPE_SIZE + padded(self.name_size)
        return view(address_of(self.message) + start, self.size - start)

    @property
    def reply(self) -> Slice[u8]:
        """Where the reply's segment is."""
        return view(address_of(self.reply_message) + wire.ENVELOPE_SIZE, MAX_SEGMENT)

    def reply_part(self, index: u64) -> Bytes:
        """A fragment of the reply."""
        start = index * wire.FRAGMENT_SIZE
        size = fragment_size(wire.ENVELOPE_SIZE + self.reply_size, index)
        return view(address_of(self.reply_message) + start, size)

    def seal_reply(self) -> None:
        """The reply's envelope."""
        envelope = at(Envelope, address_of(self.reply_message))
        envelope.words, envelope.way = self.reply_words, self.outcome
        envelope.handle.low, envelope.handle.high = self.reply_target.low, self.reply_target.high
        envelope.handle_kind = u64(Kind.GATE) if self.reply_target.low != 0 else u64(Kind.NONE)

    def answer(self, outcome: u64, detail: u64) -> None:
        """The reply of a call that the service did not answer."""
        self.outcome = outcome
        self.reply_words[0], self.reply_words[1], self.reply_words[2], self.reply_words[3] = detail, 0, 0, 0
        self.reply_size = 0
        self.reply_handle = NO_HANDLE
