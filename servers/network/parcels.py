"""Buffers for messages that leave, as the kernel gave them to us, and for the replies to them.

Most go round between two threads: the collector fills a free one with the next message for a proxy and tells its bit,
the other tells the bit back when it is free. While none is free the kernel keeps the callers waiting.
"""

from collections.abc import Callable

from atoll.abi.objects import NO_HANDLE
from atoll.abi.types import Array, u64
from atoll.servers.network.message import Envelope, Message
from atoll.servers.network.passing import Passing
from atoll.servers.network.peers import NOWHERE
from atoll.userland.runtime.state import StateRefused

COLLECTED = 16  # that go round
OWN = 16  # for replies to calls that have given theirs back, and for what we say ourselves
PARCELS = COLLECTED + OWN


class Reply:
    """The right to answer a caller; a structure, so that a successor can be told where it lies."""

    handle: u64  # NO_HANDLE: nobody waits for an answer


class Parcel:
    """One message, and what the kernel said of it."""

    message: Message
    kind: u64  # a Message of abi/calls.py
    badge: u64
    label: u64
    reply: Reply  # whom to answer
    handle: u64  # what came with it
    passing: Passing  # that handle, once it is on its way
    asked: Envelope  # of the request, which a reply is written over
    asked_size: u64
    order: u64  # when it was collected: counts; 0: it was looked at

    def remember(self) -> None:
        """The request is about to go."""
        self.asked, self.asked_size = self.message.envelope, self.message.size

    def recall(self) -> None:
        """It is the request again. (What says that nothing was done has no segment.)"""
        self.message.envelope, self.message.size = self.asked, self.asked_size


class Parcels:
    """All of them."""

    table: Array[Parcel, PARCELS]
    free_own: Array[u64, OWN]
    free_count: u64
    is_started: bool
    lent: u64  # of those that go round, a bit for each that a predecessor's messages are in
    give_back: Callable[[u64], None]  # to the collector

    def start(self) -> None:
        """All are free."""
        for place in range(u64(OWN)):
            self.free_own[place] = COLLECTED + place
        self.free_count, self.is_started = OWN, True

    def take_any(self) -> u64:
        """One for a message of a predecessor, before the collector begins. Raises StateRefused."""
        for place in range(u64(COLLECTED)):
            if self.lent >> place & 1 == 0:
                self.lent = self.lent | u64(1) << place
                return place
        place = self.take()
        if place == NOWHERE:
            raise StateRefused("more messages than this server has room for")
        return place

    def take(self) -> u64:
        """One of our own; NOWHERE if none is free."""
        if self.free_count == 0:
            return NOWHERE
        self.free_count -= 1
        place = self.free_own[self.free_count]
        self.table[place].reply.handle, self.table[place].handle, self.table[place].label = NO_HANDLE, NO_HANDLE, 0
        return place

    def give(self, place: u64) -> None:
        """It is not needed any more."""
        if place < COLLECTED:
            self.give_back(place)
        else:
            self.free_own[self.free_count] = place
            self.free_count += 1


parcels: Parcels = Parcels()
