"""The network: what its server tells of itself, and what stations tell it about ports that they know of."""

from atoll.abi.types import Array, Slice, Text, u8, u64
from atoll.userland.runtime.interface import Interface, ServiceError, idempotent
from atoll.userland.runtime.messages import Gate

FAULTS = 7  # servers/network/frame.py: Fault


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
    clients: u64  # known now
    busy: u64  # calls in hand now
    exports: u64  # ports known beyond this node now


MEMBER_SIZE = 104  # bytes of a Member


class NoSuchNode(ServiceError):
    """No node of that number is known."""


class Member:
    """A node."""

    number: u64
    incarnation: u64
    is_up: u64
    since: u64
    heard: u64
    speed: u64
    memory: u64
    free: u64
    name_length: u64
    name: Array[u8, 32]


class Network(Interface, messages=0x1100, errors=(NoSuchNode,)):
    """What the network server does besides carrying calls."""

    @idempotent
    def figures(self) -> NetworkFigures:
        """What has happened so far."""

    @idempotent
    def members(self, first: u64, into: Slice[u8]) -> u64:
        """Members."""

    def watch(self, gate: Gate, bits: u64) -> None:
        """Watch."""

    @idempotent
    def naming(self, node: u64) -> Gate:
        """Names."""

    @idempotent
    def group(self, name: Text) -> Gate:
        """Group."""

    def join(self, name: Text, gate: Gate) -> None:
        """Join."""

    @idempotent
    def release(self, low: u64, high: u64) -> None:
        """Nobody at the caller's node needs the port of that identity any more. Unknown: nothing to do."""
