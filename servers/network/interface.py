"""The network: who is in the cluster, the way to other nodes' names, groups; and what its server tells of itself."""

from atoll.abi.types import Array, Slice, Text, u8, u64
from atoll.userland.runtime.interface import Interface, ServiceError, idempotent
from atoll.userland.runtime.messages import Gate

FAULTS = 7  # servers/network/frame.py: Fault
MEMBER_SIZE = 104  # bytes of a Member
MAX_NODE_NAME = 32  # bytes
MAX_GROUP_NAME = 32


class NoSuchNode(ServiceError):
    """No node of that number is up."""


class NetworkFull(ServiceError):
    """The network server has no place for another of these."""


class BadGroup(ServiceError):
    """A group's name has 1 to 32 bytes."""


class BadDelivery(ServiceError):
    """There is no such delivery."""


class Member:
    """One node, as `members` tells it."""

    number: u64
    incarnation: u64  # how often it was switched on
    is_up: u64  # 1, or 0
    since: u64  # when that changed last, by this node's clock; nanoseconds
    heard: u64  # when it was heard last
    speed: u64  # instructions per second; 0: it does not know
    memory: u64  # bytes
    free: u64  # bytes that nobody used when it announced itself last
    name_length: u64
    name: Array[u8, MAX_NODE_NAME]


class NetworkFigures:
    """What has happened since the server's start."""

    received: u64  # frames
    sent: u64
    dropped: Array[u64, FAULTS]  # frames that were not taken: foreign, truncated, ... (by Fault)
    late: u64  # frames of a call that is over
    calls: u64  # requests given to services
    repeated: u64  # replies of which a client missed something
    refused: u64  # requests for which there was no room
    cancelled: u64
    stuck: u64  # frames that the card did not take
    asked: u64  # calls of this node's programs to others
    lost: u64  # of these, whose node was gone before it answered
    losses: u64  # stations that were gone, or had forgotten us
    clients: u64  # stations known now
    busy: u64  # requests of others in hand now
    waiting: u64  # calls to others in hand now
    exports: u64  # gates that others have now
    proxies: u64  # ports of others that are known here now
    redirected: u64  # of these, whose receivers have left this node, which sends on what comes for them


class Network(Interface, messages=0x1100, errors=(NoSuchNode, NetworkFull, BadGroup, BadDelivery)):
    """What the network server does besides carrying calls."""

    @idempotent
    def figures(self) -> NetworkFigures:
        """What has happened so far."""

    @idempotent
    def members(self, first: u64, into: Slice[u8]) -> u64:
        """Members, by number: all nodes that were ever heard of, and this one, from number `first` of the list on."""

    def watch(self, gate: Gate, bits: u64) -> None:
        """Notify that gate whenever a node comes or goes; until it is dead. Raises NetworkFull."""

    @idempotent
    def naming(self, node: u64) -> Gate:
        """The root of names of a node. Raises NoSuchNode, NetworkFull."""

    @idempotent
    def group(self, name: Text) -> Gate:
        """A gate to a group. A call through it goes to the members at all other nodes at once, and the first answer is
        the answer; without one for a second it raises Unreachable. Such a call has to be idempotent, carries no handles
        and fits into one frame each way (1.2 KB); a member that drops the reply handle does not answer. The gate cannot
        be sent to other nodes. Raises BadGroup, NetworkFull.
        """

    def join(self, name: Text, gate: Gate) -> None:
        """Calls to that group come to this gate too, instead of to this node's member so far. Raises BadGroup,
        NetworkFull.
        """

    def leaving(self, gate: Gate, delivery: u64) -> None:
        """The receiver of that gate's port is about to move to another node, by a message: what is to become of what
        others send to it (a Delivery of abi/wire.py; REDIRECT if nothing was said). With PREVENT it is answered when
        all nodes that have gates of it hold back what they would send. Raises NetworkFull, BadDelivery.
        """

    def staying(self, gate: Gate) -> None:
        """It does not move after all."""
