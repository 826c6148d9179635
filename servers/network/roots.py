"""Well-known ports: each node's root of names, whose identity follows from the key and the node's number."""

from atoll.abi.objects import Right
from atoll.abi.types import u64
from atoll.servers.network.exports import exports
from atoll.servers.network.identity import Identity
from atoll.servers.network.line import line
from atoll.servers.network.peers import NOWHERE, peers
from atoll.servers.network.proxies import proxies
from atoll.userland.runtime.kernel_errors import KernelError
from atoll.userland.runtime.objects import duplicate

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
