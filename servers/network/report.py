"""What the network server tells of itself and of the cluster, in the records of its interface."""

from atoll.abi.raw import address_of, at
from atoll.abi.types import Slice, u8, u64
from atoll.abi.wire import Delivery
from atoll.servers.network.calls import calls
from atoll.servers.network.exports import exports
from atoll.servers.network.interface import MEMBER_SIZE, Member, NetworkFigures
from atoll.servers.network.line import line
from atoll.servers.network.members import members
from atoll.servers.network.peers import peers
from atoll.servers.network.proxies import proxies
from atoll.servers.network.requests import State, requests
from atoll.servers.network.station import card
from atoll.userland.runtime.kernel_calls import clock


def fill_figures(figures: NetworkFigures) -> None:
    """All counts."""
    counts = line.counts
    figures.received, figures.sent, figures.dropped = counts.received, counts.sent, counts.dropped
    figures.late, figures.calls, figures.repeated = counts.late, counts.calls, counts.repeated
    figures.refused, figures.cancelled, figures.stuck = counts.refused, counts.cancelled, card.dropped
    figures.asked, figures.lost, figures.losses = counts.asked, counts.lost, counts.losses
    figures.clients, figures.exports, figures.proxies = peers.count, exports.count, proxies.count
    figures.waiting = calls.count
    for place in range(proxies.used):
        proxy = proxies.table[place]
        is_redirected = proxy.has_moved and proxy.delivery == Delivery.REDIRECT and not proxy.is_home
        figures.redirected += u64(proxy.is_used and is_redirected)
    for request in requests.table:
        figures.busy += u64(request.state in (State.WORKING, State.ABANDONED))


def describe(first: u64, into: Slice[u8]) -> u64:
    """Members, by number, from that place of the list on; the bytes written."""
    place: u64 = 0
    used: u64 = 0
    for number in range(u64(256)):
        found = peers.find(number)
        is_node = number == line.number or (found < peers.count and peers.table[found].is_node)
        if is_node and place >= first and used + MEMBER_SIZE <= len(into):
            record = at(Member, address_of(into) + used)
            if number == line.number:
                write_own(record)
            else:
                write_peer(record, found)
            used += MEMBER_SIZE
        place += u64(is_node)
    return used


def write_own(record: Member) -> None:
    """This node."""
    own = members.own
    record.number, record.incarnation, record.is_up, record.since = own.number, own.incarnation, 1, members.since
    record.heard, record.speed, record.memory, record.free = clock(), own.speed, own.memory, own.free
    record.name_length, record.name = own.name_size, own.name


def write_peer(record: Member, place: u64) -> None:
    """Another."""
    peer = peers.table[place]
    record.number, record.incarnation, record.is_up = peer.number, peer.incarnation, u64(peer.is_up)
    record.since, record.heard, record.speed = peer.since, peer.heard, peer.speed
    record.memory, record.free = peer.memory, peer.free
    record.name_length, record.name = peer.name_size, peer.name
