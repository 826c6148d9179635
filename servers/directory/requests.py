"""Requests that are not answered yet, in the order in which they came."""

from enum import IntEnum

from atoll.abi.types import Array, copy, u64
from atoll.servers.directory.interface import Outcome, Record

MOST_REQUESTS = 48


class Kind(IntEnum):
    """Who asks for what."""

    CHANGE = 0  # a program of this node
    SUBMITTED = 1  # another node's directory, for its program
    LOOKUP = 2  # of a name that is not there, as far as we know before we have heard from all
    RESOLVE = 3  # likewise
    WAIT = 4  # for a name, however long


class Request:
    """One of them."""

    reply: u64
    kind: Kind
    record: Record  # of the others only the name
    gate: u64  # ours; NO_HANDLE: none, or it is in the table already
    is_ordered: bool  # it has its version, and all nodes are told
    is_done: bool
    outcome: Outcome
    version: u64

    @property
    def is_change(self) -> bool:
        """Whether it changes a name."""
        return self.kind == Kind.CHANGE or self.kind == Kind.SUBMITTED


class Requests:
    """All of them."""

    items: Array[Request, MOST_REQUESTS]
    count: u64

    @property
    def is_full(self) -> bool:
        """Whether no other can wait."""
        return self.count == MOST_REQUESTS

    def add(self, kind: Kind, record: Record, gate: u64, reply: u64) -> None:
        """One more; there is room."""
        request = self.items[self.count]
        self.count += 1
        request.kind, request.reply, request.gate = kind, reply, gate
        request.record = record
        request.is_ordered, request.is_done = False, False

    def remove(self, place: u64) -> None:
        """It is answered."""
        for later in range(place + 1, self.count):
            self.items[later - 1] = copy(self.items[later])
        self.count -= 1

    def next_change(self) -> Request | None:
        """The change that is to be done, or being done: one after another."""
        for place in range(self.count):
            if self.items[place].is_change and not self.items[place].is_done:
                return self.items[place]
        return None
