"""The way out: frames to one peer, or to everybody, made where the card sends them from. It knows no calls."""

from collections.abc import Callable

from atoll.abi import wire
from atoll.abi.types import Array, Bytes, u64
from atoll.servers.network.frame import Buffer, Frame, fragments_of
from atoll.servers.network.identity import Key
from atoll.servers.network.message import Message
from atoll.servers.network.peers import Peer
from atoll.userland.runtime.seal import SealKey

FAULTS = 7


class Counts:
    """What has happened since the start."""

    received: u64  # frames
    sent: u64
    dropped: Array[u64, FAULTS]  # frames that were not taken, by Fault
    late: u64  # frames of a transaction that is over
    calls: u64  # requests given to services
    repeated: u64  # replies of which a client missed something
    refused: u64  # requests for which there was no room
    cancelled: u64
    asked: u64  # calls to other nodes
    lost: u64  # of these, whose node is gone
    losses: u64  # stations that were declared gone


class Line:
    """Our place on the wire."""

    key: Key
    seal_key: SealKey  # drawn from it
    address: u64  # our Ethernet address
    number: u64  # our node's
    drawn: u64  # sessions so far
    start: u64  # of this network server: another number each time
    patience: u64  # all times are multiplied by it
    place: Callable[[Frame], bool]  # where the card can send from; False: it is stuck
    transmit: Callable[[Frame], None]  # let the card send that
    out: Frame
    spare: Buffer  # for a frame that the card does not take
    is_stuck: bool
    counts: Counts

    def begin(self, peer: Peer, kind: u64, channel: u64 = 0, transaction: u64 = 0) -> Frame:
        """A frame to a peer, without data as yet."""
        self.head(peer.address, kind, transaction)
        out = self.out
        out.put(wire.SESSION, 8, peer.ours)
        out.put(wire.PEER, 8, peer.theirs)
        out.put(wire.CHANNEL, 2, channel)
        return out

    def head(self, address: u64, kind: u64, transaction: u64) -> None:
        """What all frames have."""
        out = self.out
        self.is_stuck = not self.place(out)
        if self.is_stuck:
            out.place_in(self.spare)
        out.clear(address, self.address)
        out.put(wire.KIND, 1, kind)
        out.put(wire.TRANSACTION, 8, transaction)
        out.put(wire.FRAGMENTS, 2, 1)
        out.put(wire.NODE, 2, self.number)

    def finish(self) -> None:
        """Seal it and let it go."""
        self.out.seal(self.seal_key)
        if not self.is_stuck:
            self.counts.sent += 1
            self.transmit(self.out)

    def say(self, peer: Peer, kind: u64, channel: u64 = 0, transaction: u64 = 0, bits: u64 = 0) -> None:
        """A frame without data."""
        self.begin(peer, kind, channel, transaction).put(wire.BITS, 8, bits)
        self.finish()

    def send(self, peer: Peer, kind: u64, channel: u64, transaction: u64, message: Message, wanted: u64) -> None:
        """Those fragments of a message of which `wanted` has a bit."""
        count = fragments_of(message.size)
        for index in range(count):
            if wanted >> index & 1 != 0:
                out = self.begin(peer, kind, channel, transaction)
                out.put(wire.FRAGMENT, 2, index)
                out.put(wire.FRAGMENTS, 2, count)
                out.put(wire.MESSAGE_SIZE, 4, message.size)
                out.enclose(message.fragment(index))
                self.finish()

    def send_alone(self, address: u64, kind: u64, transaction: u64, data: Bytes) -> None:
        """A message of one frame that belongs to no call: to everybody, or to one station."""
        self.head(address, kind, transaction)
        self.out.put(wire.MESSAGE_SIZE, 4, u64(len(data)))
        self.out.enclose(data)
        self.finish()


line: Line = Line()
