"""Well-known ports: each node's root of names, whose identity follows from the key and the node's number."""

from atoll.abi.objects import NO_HANDLE, Right
from atoll.abi.types import u64
from atoll.servers.network.exports import exports
from atoll.servers.network.identity import Identity
from atoll.servers.network.line import line
from atoll.servers.network.peers import NOWHERE, peers
from atoll.servers.network.proxies import proxies
from atoll.userland.runtime.kernel_errors import KernelError
from atoll.userland.runtime.objects import duplicate

HOST_NUMBER = 0xFE
NO_PORT = 0  # serial number of none: sent on by a program, our root of names is a port like any other


def publish(naming: u64) -> None:
    """Everybody may call this node's root of names."""
    identity = Identity()
    line.key.name(f"names {line.number}", identity)
    exports.add(duplicate(naming, Right.SEND | Right.MOVE | Right.DUPLICATE), identity, 0, NO_PORT, True)


def root_of(peer: u64) -> u64:
    """A gate to a node's root of names; NOWHERE if there is no room."""
    identity = Identity()
    line.key.name(f"names {peers.table[peer].number}", identity)
    try:
        place = proxies.make(identity, peer, True)
        return NOWHERE if place == NOWHERE else proxies.mint(place, 0)
    except KernelError:
        return NOWHERE


def release(low: u64, high: u64) -> None:
    """The host has no gate of that identity any more."""
    host = peers.find(HOST_NUMBER)
    if host == NOWHERE:
        return
    for place in range(exports.used):
        entry = exports.entries[place]
        if entry.gate != NO_HANDLE and entry.identity.low == low and entry.identity.high == high:
            exports.give_back(place, host, u64(entry.sent[host]))
