"""The other nodes' directories: who is up, who lacks what we have, and from whom we have everything."""

from atoll.abi.types import Array, u64

MOST_PEERS = 200


class Peer:
    """Another node's directory."""

    number: u64
    incarnation: u64  # of its node, as the network server says
    is_up: bool
    is_absent: bool  # the node is up, but there is no directory yet: that will greet us
    is_to_be_sent: bool  # it lacks what we have
    is_to_be_greeted: bool  # we may lack what it has
    is_target: bool  # it has yet to confirm the change under way
    session: u64  # of its directory, as it has greeted us
    complete: u64  # from which incarnation we have everything; 0: none

    @property
    def is_there(self) -> bool:
        """Whether it counts: a change is confirmed when all who are there have it."""
        return self.is_up and not self.is_absent


class Peers:
    """All that were ever heard of."""

    items: Array[Peer, MOST_PEERS]
    count: u64
    own_number: u64
    own_incarnation: u64
    knows_who_is_up: bool

    def find(self, number: u64) -> Peer | None:
        """The node of that number."""
        for place in range(self.count):
            if self.items[place].number == number:
                return self.items[place]
        return None

    def find_or_add(self, number: u64) -> Peer | None:
        """The same, not up if it is new; None: it is ourselves, or there is no room."""
        peer = self.find(number)
        if peer is None and number != self.own_number and self.count < MOST_PEERS:
            peer = self.items[self.count]
            self.count += 1
            peer.number = number
        return peer

    def see(self, number: u64, incarnation: u64, is_up: bool) -> bool:
        """What the network server says of a node; whether that is new."""
        peer = self.find_or_add(number)
        if peer is None or (peer.is_up == is_up and peer.incarnation == incarnation):
            return False
        peer.incarnation, peer.is_up = incarnation, is_up
        peer.complete, peer.is_absent, peer.is_target = 0, False, False
        peer.is_to_be_greeted = is_up
        # It may have been away for us only: then it does not greet us. A session of long ago does no harm.
        peer.is_to_be_sent = peer.is_to_be_sent or (is_up and peer.session != 0)
        return True

    def suspect_all(self) -> None:
        """Gates that we hold or gave away may be dead: everything goes both ways once more."""
        for place in range(self.count):
            peer = self.items[place]
            peer.is_to_be_sent, peer.is_to_be_greeted = True, peer.is_up

    def look_again(self) -> None:
        """Perhaps those who were absent are there now."""
        for place in range(self.count):
            peer = self.items[place]
            peer.is_to_be_greeted = peer.is_to_be_greeted or (peer.is_up and peer.is_absent)

    def is_alive(self, number: u64, incarnation: u64) -> bool:
        """Whether that node is up, and has not been switched off since."""
        if number == self.own_number:
            return incarnation == self.own_incarnation
        peer = self.find(number)
        return peer is not None and peer.is_up and peer.incarnation == incarnation

    @property
    def is_ready(self) -> bool:
        """Whether we have what all others have: whoever gives versions must."""
        for place in range(self.count):
            peer = self.items[place]
            if peer.is_there and peer.complete != peer.incarnation:
                return False
        return self.knows_who_is_up

    @property
    def has_absent(self) -> bool:
        """Whether somebody is to be looked for again."""
        for place in range(self.count):
            if self.items[place].is_up and self.items[place].is_absent:
                return True
        return False

    def first(self) -> u64:
        """The node that gives versions: the lowest number of those who are there."""
        lowest = self.own_number
        for place in range(self.count):
            if self.items[place].is_there:
                lowest = min(lowest, self.items[place].number)
        return lowest
