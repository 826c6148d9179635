"""What other nodes are told, of a port whose receiver has moved, when something of it is not needed here any more."""

from atoll.abi.types import u64
from atoll.abi.wire import Delivery, Way
from atoll.servers.network import friends
from atoll.servers.network.calls import calls
from atoll.servers.network.identity import Identity
from atoll.servers.network.parcels import parcels
from atoll.servers.network.peers import NOWHERE, peers
from atoll.servers.network.proxies import proxies
from atoll.userland.runtime.kernel_calls import clock


def say_goodbye(place: u64) -> bool:
    """To the node that has counted gates of ours, and counts on what we send on; False: there is no room now."""
    proxy = proxies.table[place]
    if proxy.is_home or not peers.table[proxy.owner].is_up:
        return True
    while proxy.first != 0:
        held = proxies.held[u64(proxy.first) - 1]
        if not say(proxy.identity, proxy.owner, Way.RELEASE, held.badge, held.came):
            return False
        proxies.free_first(proxy)
    return proxy.delivery != Delivery.REDIRECT or say(proxy.identity, proxy.owner, Way.GOODBYE)


def give_back_gates(place: u64) -> None:
    """The receiver has come here: gates that are here lead to it, no more by way of the node that has counted them."""
    proxy = proxies.table[place]
    peer = proxy.counted_by
    proxy.counted_by = NOWHERE
    number = u64(proxy.first) if peer != NOWHERE and peers.table[peer].is_up else u64(0)
    while number != 0:
        held = proxies.held[number - 1]
        say(proxy.identity, peer, Way.RELEASE, held.badge, held.came)
        number = u64(held.next)


def say(identity: Identity, peer: u64, way: u64, badge: u64 = 0, times: u64 = 0) -> bool:
    """Tell a peer something of a port; False: there is no room now."""
    place = friends.new_message(identity, way)
    if place == NOWHERE:
        return False
    envelope = parcels.table[place].message.envelope
    envelope.badge, envelope.words[0] = badge, times
    if calls.begin(place, peer, False, clock()) is None:
        parcels.give(place)
        return False
    return True
