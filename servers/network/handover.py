"""What a network server hands to its successor: acquaintances, proxies, exports, and the calls in hand both ways.

Tables go over as they lie in memory, handles beside them. Where a thread waits for a service's reply, one of the new
server's waits in its place (workers.py); if it was just about to call or to answer, the effect is told to be unknown.
Of what has come in part, the rest is asked for again; so is a whole reply.
"""

from atoll.abi.calls import Status
from atoll.abi.objects import NO_HANDLE
from atoll.abi.raw import address_of, size_of, view
from atoll.abi.types import u8, u16, u64
from atoll.abi.wire import ENVELOPE_SIZE, Outcome
from atoll.servers.network import requests as incoming
from atoll.servers.network import workers
from atoll.servers.network.calls import Call, Claimer, State, calls
from atoll.servers.network.exports import Export, exports
from atoll.servers.network.friends import MOST_LEAVERS, Leaver, leavers
from atoll.servers.network.groups import Joined, groups
from atoll.servers.network.line import Counts, line
from atoll.servers.network.members import Watcher, members
from atoll.servers.network.message import Message
from atoll.servers.network.outbox import outbox
from atoll.servers.network.parcels import parcels
from atoll.servers.network.passing import Passing
from atoll.servers.network.peers import CHANNELS, NOWHERE, Peer, peers
from atoll.servers.network.proxies import Held, Proxy, proxies
from atoll.servers.network.requests import Channel, requests
from atoll.userland.runtime.state import StateReader, StateRefused, StateWriter

STATE_VERSION = 8
MOST_BYTES = 512 << 10  # of all but messages


def state_size() -> u64:
    """The most bytes that the state takes."""
    size: u64 = MOST_BYTES
    for request in requests.table:
        size += request.message.size if request.state == incoming.State.ANSWERED else u64(0)
    for parcel in parcels.table:
        size += parcel.message.size
    return size


# ---- the old server's side ----


def write_state(writer: StateWriter) -> None:
    """All of it. Raises StateRefused."""
    if groups.count != 0:
        raise StateRefused("a group is being asked: try again")
    for leaver in leavers.table:
        if leaver.serial != 0 and leaver.reply != NO_HANDLE:
            raise StateRefused("friends of a port are being told: try again")
    writer.number(STATE_VERSION)
    for number in (line.start, line.drawn, members.since, peers.count, groups.last):
        writer.number(number)
    put(writer, address_of(line.counts), size_of(Counts))
    for place in range(peers.count):
        put(writer, address_of(peers.table[place]), size_of(Peer))
    write_exports(writer)
    write_proxies(writer)
    write_requests(writer)
    write_calls(writer)
    writer.number(outbox.count)
    for index in range(outbox.count):
        write_parcel(writer, outbox.waiting[index])
    put(writer, address_of(leavers.table), size_of(Leaver) * MOST_LEAVERS)
    for joined in groups.joined:
        writer.copied(joined.gate)
        put(writer, address_of(joined), size_of(Joined))
    for watcher in members.watchers:
        writer.copied(watcher.gate)
        put(writer, address_of(watcher), size_of(Watcher))


def put(writer: StateWriter, address: u64, size: u64) -> None:
    """A structure as it is."""
    writer.data(view(address, size))


def write_exports(writer: StateWriter) -> None:
    """Gates of this node that others have."""
    for number in (exports.used, exports.count, exports.made):
        writer.number(number)
    put(writer, address_of(exports.chains), 2 * u64(len(exports.chains)))
    for place in range(exports.used):
        writer.copied(exports.entries[place].gate)
        put(writer, address_of(exports.entries[place]), size_of(Export))


def write_proxies(writer: StateWriter) -> None:
    """Ports of others."""
    for number in (proxies.used, proxies.count, proxies.held_used, u64(proxies.held_free)):
        writer.number(number)
    for place in range(proxies.used):
        proxy = proxies.table[place]
        put(writer, address_of(proxy), size_of(Proxy))
        writer.moved(proxy.port.handle if proxy.is_used and not proxy.is_home else NO_HANDLE)
        writer.copied(proxy.manage if proxy.is_used and proxy.is_home else NO_HANDLE)
    for place in range(proxies.held_used):
        put(writer, address_of(proxies.held[place]), size_of(Held))
        writer.copied(proxies.held[place].keep)


def write_requests(writer: StateWriter) -> None:
    """What each channel of each peer asked last, and the replies that are kept."""
    for place in range(peers.count * CHANNELS):
        channel = requests.channels[place]
        state: u64 = incoming.State.FREE
        if channel.place != 0:
            state = requests.table[u64(channel.place) - 1].state
        is_kept = state == incoming.State.ANSWERED or state == incoming.State.WORKING
        writer.number(channel.last - 1 if state == incoming.State.COLLECTING else channel.last)
        writer.number(u64(channel.place) if is_kept else u64(0))
    for request in requests.table:
        if request.state == incoming.State.FREE or request.is_query:
            writer.number(0)
        elif request.state == incoming.State.ANSWERED or request.state == incoming.State.WORKING:
            writer.number(request.state)
            put(writer, address_of(request), address_of(request.message) - address_of(request))
            writer.copied(request.passing.handle)
            if request.state == incoming.State.ANSWERED:
                put(writer, address_of(request.message), request.message.size)
            else:
                writer.copied(workers.hold(request.place))
                put(writer, address_of(request.message), ENVELOPE_SIZE)
        else:
            writer.number(0)


def write_calls(writer: StateWriter) -> None:
    """Calls to other nodes. A request that may not have come wholly goes with them."""
    writer.number(calls.used)
    for place in range(calls.used):
        call = calls.table[place]
        put(writer, address_of(call), size_of(Call))
        if call.state == State.FREE:
            continue
        writer.moved(call.reply.handle)
        writer.copied(call.passing.handle)
        if call.state in (State.GREETING, State.SENT):
            put(writer, address_of(parcels.table[call.parcel].message), parcels.table[call.parcel].message.size)


def write_parcel(writer: StateWriter, place: u64) -> None:
    """A message that waits for its turn."""
    parcel = parcels.table[place]
    put(writer, address_of(parcel.passing), size_of(Passing))
    for number in (parcel.kind, parcel.badge, parcel.label):
        writer.number(number)
    writer.moved(parcel.reply.handle)
    writer.copied(parcel.passing.handle)
    put(writer, address_of(parcel.message), parcel.message.size)


# ---- the new server's side ----


def read_state(reader: StateReader) -> None:
    """All of it, in the same order. Raises StateRefused."""
    if reader.number() != STATE_VERSION:
        raise StateRefused("a network server of another version")
    parcels.start()
    line.start, line.drawn, members.since = reader.number(), reader.number(), reader.number()
    peers.count, groups.last = reader.number(), reader.number()
    reader.structure(address_of(line.counts), size_of(Counts))
    for place in range(peers.count):
        reader.structure(address_of(peers.table[place]), size_of(Peer))
        peers.places[peers.table[place].number] = u8(place + 1)
    read_exports(reader)
    read_proxies(reader)
    read_requests(reader)
    read_calls(reader)
    outbox.count = reader.number()
    for index in range(outbox.count):
        outbox.waiting[index] = read_parcel(reader)
    reader.structure(address_of(leavers.table), size_of(Leaver) * MOST_LEAVERS)
    for joined in groups.joined:
        gate = reader.copied()
        reader.structure(address_of(joined), size_of(Joined))
        joined.gate = gate
    for watcher in members.watchers:
        gate = reader.copied()
        reader.structure(address_of(watcher), size_of(Watcher))
        watcher.gate = gate


def read_exports(reader: StateReader) -> None:
    """Gates of this node that others have."""
    exports.used, exports.count, exports.made = reader.number(), reader.number(), reader.number()
    reader.structure(address_of(exports.chains), 2 * u64(len(exports.chains)))
    for place in range(exports.used):
        gate = reader.copied()
        reader.structure(address_of(exports.entries[place]), size_of(Export))
        exports.entries[place].gate = gate


def read_proxies(reader: StateReader) -> None:
    """Ports of others."""
    proxies.used, proxies.count, proxies.held_used = reader.number(), reader.number(), reader.number()
    proxies.held_free = u16(reader.number())
    for place in range(proxies.used):
        proxy = proxies.table[place]
        reader.structure(address_of(proxy), size_of(Proxy))
        reader.moved(address_of(proxy.port))
        proxy.manage = reader.copied()
    for place in range(proxies.held_used):
        reader.structure(address_of(proxies.held[place]), size_of(Held))
        proxies.held[place].keep = reader.copied()


def read_requests(reader: StateReader) -> None:
    """Those that threads of the old server were carrying out are ours, or else their effect is unknown."""
    for place in range(peers.count * CHANNELS):
        channel: Channel = requests.channels[place]
        channel.last, channel.place = reader.number(), u8(reader.number())
    for request in requests.table:
        state = reader.number()
        if state == incoming.State.FREE:
            continue
        reader.structure(address_of(request), address_of(request.message) - address_of(request))
        request.passing.handle = reader.copied()
        request.state, request.handle, request.until = state, NO_HANDLE, 0
        request.gate, request.is_gate_ours = NO_HANDLE, False
        if state == incoming.State.ANSWERED:
            read_message(reader, request.message)
            continue
        request.passing.clear()
        worker = workers.workers.table[request.place]
        worker.predecessor.handle = reader.copied()
        read_message(reader, request.message)
        if worker.predecessor.handle == NO_HANDLE:
            request.state = incoming.State.ANSWERED
            request.message.answer(Outcome.UNKNOWN, Status.PEER_DIED)


def read_calls(reader: StateReader) -> None:
    """Calls to other nodes: whatever had come of their replies is asked for again."""
    calls.used = reader.number()
    for place in range(calls.used):
        call = calls.table[place]
        reader.structure(address_of(call), size_of(Call))
        if call.state == State.FREE:
            continue
        calls.count += 1
        call.until = 0
        calls.by_channel[call.peer * CHANNELS + call.channel] = u16(place + 1)
        reader.moved(address_of(call.reply))
        call.passing.handle = reader.copied()
        call.parcel, call.due, call.is_whole = NOWHERE, 0, call.state in (State.GREETING, State.SENT)
        if call.state in (State.GREETING, State.SENT):
            call.parcel = parcels.take_any()
            read_message(reader, parcels.table[call.parcel].message)
            parcels.table[call.parcel].remember()
        elif call.state != State.CANCELLING:
            call.state = State.WORKING
        if call.claimer == Claimer.REQUEST or call.claimer in (Claimer.CLAIM, Claimer.COUNTED):
            call.claimer_number = 0  # its request is over: what is claimed is given back


def read_parcel(reader: StateReader) -> u64:
    """A message that waits for its turn."""
    place = parcels.take_any()
    parcel = parcels.table[place]
    reader.structure(address_of(parcel.passing), size_of(Passing))
    parcel.kind, parcel.badge, parcel.label = reader.number(), reader.number(), reader.number()
    reader.moved(address_of(parcel.reply))
    parcel.passing.handle = reader.copied()
    read_message(reader, parcel.message)
    return place


def read_message(reader: StateReader, message: Message) -> None:
    """Its bytes on the wire."""
    message.size = reader.data(view(address_of(message), size_of(Message) - 16))
