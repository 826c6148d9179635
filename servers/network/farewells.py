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
    """To the node that counts on what we send on; False: there is no room now."""
    proxy = proxies.table[place]
    if proxy.is_home or proxy.delivery != Delivery.REDIRECT or not peers.table[proxy.owner].is_up:
        return True
    return say(proxy.identity, proxy.owner, Way.GOODBYE)


def give_back_gates(place: u64, next_peer: u64 = NOWHERE) -> None:
    """The receiver has come here: gates that are here lead to it, no more by way of the node that has counted them. (If
    it leaves for that one now, that is told what there is.)
    """
    proxy = proxies.table[place]
    peer = proxy.counted_by
    if peer == NOWHERE or peer == next_peer or not peers.table[peer].is_up or say(proxy.identity, peer, Way.GOODBYE):
        proxy.counted_by = NOWHERE


def give_back(identity: Identity, badge: u64, peer: u64) -> None:
    """A gate that a peer has counted for us is counted by another."""
    say(identity, peer, Way.RELEASE, badge, 1)


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
