"""What was sent to proxies, on its way to the wire: in order, one at a time, unless somebody waits for the reply."""

from atoll.abi.calls import MAX_SEGMENT, Message
from atoll.abi.interfaces import NOT_TRANSFERABLE, UNREACHABLE
from atoll.abi.objects import NO_HANDLE
from atoll.abi.types import Array, u64
from atoll.abi.wire import Way
from atoll.servers.network import answers, groups
from atoll.servers.network.calls import Call, calls
from atoll.servers.network.crossing import copy_identity, leave
from atoll.servers.network.exports import close_quietly
from atoll.servers.network.parcels import COLLECTED, PARCELS, Parcel, parcels
from atoll.servers.network.peers import NOWHERE
from atoll.servers.network.proxies import GROUP, proxies
from atoll.userland.runtime.kernel_calls import clock


class Outbox:
    """Parcels that wait for their turn, the oldest first."""

    waiting: Array[u64, PARCELS]
    count: u64


outbox: Outbox = Outbox()


def filled(bits: u64) -> None:
    """The collector has filled parcels: the one that came first is taken first."""
    while bits != 0:
        first: u64 = NOWHERE
        for place in range(u64(COLLECTED)):
            is_filled = bits >> place & 1 != 0 and parcels.table[place].order != 0
            if is_filled and (first == NOWHERE or parcels.table[place].order < parcels.table[first].order):
                first = place
        if first == NOWHERE:
            break  # they were looked at already, before a swap that did not come about
        bits = bits & ~(u64(1) << first)
        parcels.table[first].order = 0
        collected(first)
    pump()


def collected(place: u64) -> None:
    """One message for a proxy."""
    parcel = parcels.table[place]
    proxy = proxies.of_label(parcel.label)
    envelope = parcel.message.envelope
    if proxy == NOWHERE:
        drop(place, UNREACHABLE)
        return
    match parcel.kind:
        case Message.CALL:
            envelope.way = Way.CALL
        case Message.SEND:
            envelope.way = Way.SEND
        case Message.NOTIFICATION:
            envelope.way = Way.NOTIFY
        case Message.LAST_HANDLE:
            envelope.way = Way.RELEASE
            envelope.words[0] = proxies.gone(proxy, parcel.badge)
            if envelope.words[0] == 0 or proxies.table[proxy].is_public:
                drop(place, 0)
                return
        case _:
            drop(place, 0)
            return
    copy_identity(proxies.table[proxy].identity, envelope.target)
    envelope.badge, envelope.room = parcel.badge, MAX_SEGMENT
    handle = parcel.handle
    if proxies.table[proxy].owner == GROUP:
        handle = NO_HANDLE  # that is refused when it is asked
    else:
        parcel.handle = NO_HANDLE
    if handle != NO_HANDLE and not leave(handle, proxies.table[proxy].owner, envelope, parcel.passing):
        drop(place, NOT_TRANSFERABLE)
        return
    outbox.waiting[outbox.count] = place
    outbox.count += 1


def drop(place: u64, code: u64) -> None:
    """It cannot be sent; who waits for an answer is told why."""
    parcel = parcels.table[place]
    close_quietly(parcel.handle)
    if parcel.reply.handle != NO_HANDLE:
        answers.refuse(parcel.reply.handle, code)
    parcels.give(place)


def pump() -> None:
    """Send all whose turn it is."""
    kept: u64 = 0
    now = clock()
    for index in range(outbox.count):
        place = outbox.waiting[index]
        if not send(place, parcels.table[place], now):
            outbox.waiting[kept] = place
            kept += 1
    outbox.count = kept


def send(place: u64, parcel: Parcel, now: u64) -> bool:
    """One of them; False if its turn has not come."""
    proxy = proxies.of_label(parcel.label)
    if proxy == NOWHERE:
        parcel.passing.settle(False)
        drop(place, UNREACHABLE)
        return True
    if proxies.table[proxy].is_sending:
        return False
    if proxies.table[proxy].owner == GROUP:
        return groups.ask(place, now)
    in_order = parcel.kind != Message.CALL
    if calls.begin(place, proxies.table[proxy].owner, in_order, now) is None:
        return False
    proxies.table[proxy].is_sending = in_order
    return True


def ended(call: Call) -> None:
    """A call is over: others may have their turn, or the proxy has had its time."""
    proxy = proxies.of_label(call.label)
    if proxy != NOWHERE:
        if call.in_order:
            proxies.table[proxy].is_sending = False
        if has_had_its_time(proxy):
            proxies.end(proxy)
    if outbox.count != 0:
        pump()


def has_had_its_time(place: u64) -> bool:
    """Whether a proxy's last gate has been given back, and nothing more that was sent to it is on its way."""
    proxy = proxies.table[place]
    if proxy.first != 0 or proxy.is_public or proxy.owner == GROUP or proxy.is_sending:
        return False
    for index in range(outbox.count):
        if parcels.table[outbox.waiting[index]].label == proxy.label:
            return False
    for number in range(u64(COLLECTED)):
        if parcels.table[number].order != 0 and parcels.table[number].label == proxy.label:
            return False
    return True
