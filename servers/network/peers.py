"""The stations that we know: nodes and the host, each with its session with us, ours with it, and what it announced.

A pair of sessions is one acquaintance. When it ends on one side, that side draws a new session of its own and greets;
so frames of the old one are known for what they are, whenever they come.
"""

from atoll.abi import wire
from atoll.abi.types import Array, Text, u8, u64

MOST_PEERS = 64
MOST_NUMBERS = 256
CHANNELS = 64  # bits of a word
MOST_REQUESTS = 48  # of all of them in hand at one time, and threads that carry them out
NOWHERE = 0xFFFF_FFFF_FFFF_FFFF  # no peer, no call, no place


class Peer:
    """One station."""

    place: u64  # in the table
    number: u64  # the node's; 0: this place is free
    address: u64  # its Ethernet address

    # ---- the acquaintance ----
    ours: u64  # our session with it
    theirs: u64  # its with us; 0: not known yet
    heard: u64  # when a frame of it came last; nanoseconds
    probed: u64  # when we asked whether it lives
    next: u64  # number of our last transaction with it
    channels: u64  # a bit for each channel of ours that has a call

    # ---- what it announced ----
    is_node: bool  # it announces itself: then it is gone when it is silent
    is_up: bool
    since: u64  # when that changed
    incarnation: u64
    start: u64
    speed: u64
    memory: u64
    free: u64
    name_size: u64
    name: Array[u8, wire.MAX_NODE_NAME]

    def text(self) -> Text:
        """Its name."""
        return str(self.name[0 : self.name_size], "utf-8")

    def free_channel(self) -> u64:
        """A channel without a call, which has one from now on; NOWHERE: all have."""
        for channel in range(u64(CHANNELS)):
            bit = u64(1) << channel
            if self.channels & bit == 0:
                self.channels = self.channels | bit
                return channel
        return NOWHERE

    def give_channel(self, channel: u64) -> None:
        """Its call is over."""
        self.channels = self.channels & ~(u64(1) << channel)


class Peers:
    """All of them."""

    table: Array[Peer, MOST_PEERS]
    places: Array[u8, MOST_NUMBERS]  # by number: place + 1, 0: not known
    count: u64  # places that were ever used

    def find(self, number: u64) -> u64:
        """The place of a station; NOWHERE if we do not know it."""
        if number >= MOST_NUMBERS or self.places[number] == 0:
            return NOWHERE
        return u64(self.places[number]) - 1

    def meet(self, number: u64, address: u64, session: u64) -> u64:
        """The same, or a new place for it, with that session of ours; NOWHERE if there are too many stations."""
        place = self.find(number)
        if place != NOWHERE or number == 0 or number >= MOST_NUMBERS or self.count == MOST_PEERS:
            return place
        place = self.count
        self.count += 1
        self.places[number] = u8(place + 1)
        peer = self.table[place]
        peer.place, peer.number, peer.address, peer.ours = place, number, address, session
        return place


peers: Peers = Peers()
