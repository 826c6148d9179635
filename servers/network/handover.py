"""What a network server hands to its successor: who calls, the replies that are kept, the ports known beyond the node.

A call that a thread is carrying out cannot go over: its effect is told to be unknown. A request of which only a part
has come is forgotten; its client sends it again.
"""

from atoll.abi.calls import MAX_SEGMENT, Status
from atoll.abi.objects import NO_HANDLE
from atoll.abi.types import u64
from atoll.abi.wire import Outcome
from atoll.servers.network.exchange import Exchange
from atoll.servers.network.transaction import MAX_CLIENTS, MAX_TRANSACTIONS, NOWHERE, Client, State, Transaction
from atoll.userland.runtime.state import StateReader, StateRefused, StateWriter

STATE_VERSION = 1
MOST_BYTES = 64 << 10  # of all but the replies that are kept


def state_size(exchange: Exchange) -> u64:
    """The most bytes that the state takes."""
    size: u64 = MOST_BYTES
    for transaction in exchange.transactions:
        size += transaction.reply_size if transaction.state == State.ANSWERED else u64(0)
    return size


def write_state(exchange: Exchange, writer: StateWriter) -> None:
    """The old server's side."""
    writer.number(STATE_VERSION)
    writer.number(exchange.session)
    writer.number(exchange.exports.made)
    for export in exchange.exports.entries:
        writer.copied(export.gate)
        if export.gate != NO_HANDLE:
            writer.number(export.identity.low)
            writer.number(export.identity.high)
    for client in exchange.clients:
        writer.number(u64(client.is_used))
        if client.is_used:
            write_client(exchange, client, writer)


def write_client(exchange: Exchange, client: Client, writer: StateWriter) -> None:
    """One client, and its call if that is known to be over."""
    state: u64 = State.FREE
    if client.place != NOWHERE:
        state = exchange.transactions[client.place].state
    last = client.last - 1 if state == State.COLLECTING else client.last
    for number in (client.session, client.channel, client.address, client.heard, last):
        writer.number(number)
    is_kept = state == State.WORKING or state == State.ANSWERED
    writer.number(u64(is_kept))
    if is_kept:
        write_reply(exchange.transactions[client.place], writer)


def write_reply(transaction: Transaction, writer: StateWriter) -> None:
    """What is kept of a call."""
    is_known = transaction.state == State.ANSWERED
    writer.number(transaction.outcome if is_known else u64(Outcome.UNKNOWN))
    for index in range(u64(4)):
        writer.number(transaction.reply_words[index] if is_known else u64(Status.PEER_DIED))
    writer.number(transaction.reply_target.low if is_known else u64(0))
    writer.number(transaction.reply_target.high if is_known else u64(0))
    writer.data(transaction.reply[0 : transaction.reply_size if is_known else u64(0)])


def read_state(exchange: Exchange, reader: StateReader) -> None:
    """The new server's side. Raises StateRefused."""
    if reader.number() != STATE_VERSION:
        raise StateRefused("a network server of another version")
    exchange.session = reader.number()
    exchange.exports.made = reader.number()
    for export in exchange.exports.entries:
        export.gate = reader.copied()
        if export.gate != NO_HANDLE:
            export.identity.low = reader.number()
            export.identity.high = reader.number()
    place: u64 = 0
    for index in range(u64(MAX_CLIENTS)):
        if reader.number() != 0:
            place = read_client(exchange, index, place, reader)


def read_client(exchange: Exchange, index: u64, place: u64, reader: StateReader) -> u64:
    """One client; `place` is the next free one for a call, and so is the result."""
    client = exchange.clients[index]
    client.is_used = True
    client.session, client.channel = reader.number(), reader.number()
    client.address, client.heard, client.last = reader.number(), reader.number(), reader.number()
    client.place = NOWHERE
    if reader.number() == 0:
        return place
    if place == MAX_TRANSACTIONS:
        raise StateRefused("more calls than this server has places for")
    client.place = place
    transaction = exchange.transactions[place]
    transaction.state, transaction.client, transaction.number = u64(State.ANSWERED), index, client.last
    transaction.outcome = reader.number()
    for word in range(u64(4)):
        transaction.reply_words[word] = reader.number()
    transaction.reply_target.low, transaction.reply_target.high = reader.number(), reader.number()
    transaction.reply_size = reader.data(transaction.reply[0:MAX_SEGMENT])
    transaction.seal_reply()
    return place + 1
