"""What was sent to proxies, on its way to the wire: in order, one at a time, unless somebody waits for the reply."""

from atoll.abi.calls import MAX_SEGMENT, Message, MintFlag
from atoll.abi.interfaces import NOT_TRANSFERABLE, UNREACHABLE
from atoll.abi.objects import NO_HANDLE
from atoll.abi.types import Array, u64
from atoll.abi.wire import OWN_GATES, Way
from atoll.servers.network import answers, claims, groups, seeking
from atoll.servers.network.calls import Call, Claimer, calls
from atoll.servers.network.collector import RIGHTS_LABEL
from atoll.servers.network.crossing import copy_identity, leave
from atoll.servers.network.exports import close_quietly, exports
from atoll.servers.network.message import Envelope
from atoll.servers.network.parcels import COLLECTED, PARCELS, Parcel, parcels
from atoll.servers.network.peers import NOWHERE
from atoll.servers.network.proxies import GROUP, proxies
from atoll.userland.runtime.kernel_calls import clock
from atoll.userland.runtime.kernel_errors import KernelError


class Outbox:
    """Parcels that wait for their turn, the oldest first."""

    waiting: Array[u64, PARCELS]
    count: u64
    is_pumping: bool
    is_asked: bool  # something has ended meanwhile


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
    """One message for a proxy, or a reply right that was made."""
    parcel = parcels.table[place]
    envelope = parcel.message.envelope
    if parcel.label == RIGHTS_LABEL:
        claims.right_came(envelope.words[0], envelope.words[1], parcel.reply.handle)
        parcels.give(place)
        return
    proxy = proxies.of_label(parcel.label)
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
            if not is_told(proxy, parcel.badge, envelope):
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


def is_told(place: u64, badge: u64, envelope: Envelope) -> bool:
    """The last handle of a gate is gone: whether the owner is to know (or the receiver, if it is to come here). A gate
    that we do not know was gone when the receiver moved away, who had not heard it.
    """
    proxy = proxies.table[place]
    if proxy.has_moved and proxies.find_held(proxy, badge) == NOWHERE:
        envelope.words[0], envelope.words[1] = 1, OWN_GATES
        return True
    envelope.words[0] = proxies.gone(place, badge)
    if envelope.words[0] == NOWHERE or proxy.is_public:
        return False
    return envelope.words[0] != 0 or proxy.are_friends_known


def tell_here(place: u64, badge: u64) -> None:
    """The last gate of a badge was here, and the receiver has come here meanwhile: told, unless others have some."""
    if exports.find(proxies.table[place].identity, badge) == NOWHERE:
        try:
            proxies.make_gate(place, badge, MintFlag.TELL_LAST).close()
        except KernelError:  # the port is gone
            return


def drop(place: u64, code: u64) -> None:
    """It cannot be sent; who waits for an answer is told why."""
    parcel = parcels.table[place]
    close_quietly(parcel.handle)
    if parcel.reply.handle != NO_HANDLE:
        answers.refuse(parcel.reply.handle, code)
    parcels.give(place)


def pump() -> None:
    """Send all whose turn it is. What ends by that may give others their turn."""
    outbox.is_asked = True
    if outbox.is_pumping:
        return
    outbox.is_pumping = True
    while outbox.is_asked:
        outbox.is_asked = False
        pump_once()
    outbox.is_pumping = False


def pump_once() -> None:
    """Each of them, if its turn has come."""
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
    is_news = parcel.kind == Message.LAST_HANDLE
    if is_news and (is_calling(place, parcel.label) or proxies.table[proxy].are_friends_known):
        return False
    if is_news and proxies.table[proxy].is_home:
        tell_here(proxy, parcel.badge)
        drop(place, 0)
        return True
    if proxies.table[proxy].owner == NOWHERE:  # its receiver has come here, and where it came from is gone
        parcel.passing.settle(False)
        drop(place, UNREACHABLE)
        return True
    if proxies.table[proxy].is_sending or proxies.table[proxy].is_seeking:
        return False
    if proxies.table[proxy].owner == GROUP:
        return groups.ask(place, now)
    in_order = parcel.kind != Message.CALL
    parcel.passing.address(proxies.table[proxy].owner)
    if calls.begin(place, proxies.table[proxy].owner, in_order, now) is None:
        return False
    proxies.table[proxy].is_sending = in_order
    return True


def is_calling(place: u64, label: u64) -> bool:
    """Whether something that was sent to a proxy before a parcel may not have come yet: a gate is given back behind all
    that was sent through it, or that would be refused.
    """
    if calls.is_on_way(label):
        return True
    for index in range(outbox.count):
        if outbox.waiting[index] == place:
            return False
        if parcels.table[outbox.waiting[index]].label == label:
            return True
    return False


def repeat(call: Call) -> bool:
    """Nothing was done, because the port is not there, or its node: have it sent where it is. False: it cannot be."""
    place = proxies.of_label(call.label)
    if place == NOWHERE or call.claimer != Claimer.NOBODY or call.is_lent:
        return False
    is_news = call.is_whole and parcels.table[call.parcel].kind == Message.LAST_HANDLE
    if not (is_news and proxies.table[place].is_home) and not seeking.miss(place, call.peer):
        return False
    if not call.is_whole or not call.passing.call_back():
        return False
    parcel = parcels.table[call.parcel]
    parcel.recall()
    parcel.reply.handle, parcel.passing = call.reply.handle, call.passing
    put_first(call.parcel)
    call.passing.clear()
    call.parcel = NOWHERE
    return True


def put_first(place: u64) -> None:
    """It waits before all others."""
    for index in range(outbox.count, 0, -1):
        outbox.waiting[index] = outbox.waiting[index - 1]
    outbox.waiting[0] = place
    outbox.count += 1


def ended(call: Call) -> None:
    """A call is over: others may have their turn, or the proxy has had its time."""
    proxy = proxies.of_label(call.label)
    if proxy != NOWHERE:
        if call.in_order:
            proxies.table[proxy].is_sending = False
        if not proxies.table[proxy].has_moved and has_had_its_time(proxy):
            proxies.end(proxy)  # (others are swept: moves.py)
    if outbox.count != 0:
        pump()


def has_had_its_time(place: u64) -> bool:
    """Whether a proxy's last gate has been given back, and nothing more that was sent to it is on its way."""
    proxy = proxies.table[place]
    if proxy.owner == GROUP or proxy.is_sending or not proxies.is_unused(place) or calls.is_on_way(proxy.label):
        return False
    for index in range(outbox.count):
        if parcels.table[outbox.waiting[index]].label == proxy.label:
            return False
    for number in range(u64(COLLECTED)):
        if parcels.table[number].order != 0 and parcels.table[number].label == proxy.label:
            return False
    return True
