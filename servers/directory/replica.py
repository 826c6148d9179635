"""The protocol of the directories, as decisions only: what came in, what is to be told to whom next. Calls nobody.

The first node that is up orders changes: it gives each a version and tells all others before it confirms. Nodes that
meet send each other all they have, and keep the later change of each name. Two jobs can be under way, one of a kind: a
*write* does the oldest request, a *push* brings a node up to date.
"""

from enum import IntEnum

from atoll.abi.objects import NO_HANDLE
from atoll.abi.types import u64
from atoll.servers.directory.entries import NOWHERE, Entries, Entry, is_same_request
from atoll.servers.directory.interface import Change, Outcome, Record
from atoll.servers.directory.peers import Peer, Peers
from atoll.servers.directory.requests import Kind, Request, Requests

NOBODY = 0


class Ask(IntEnum):
    """What a job calls."""

    NOTHING = 0
    SUBMIT = 1
    STORE = 2
    GREET = 3
    COMPLETE = 4


class Told(IntEnum):
    """How a job's call went."""

    ANSWERED = 0
    ABSENT = 1  # the node is there, but no directory
    FAILED = 2  # nobody knows


class Job:
    """A call of another node's directory."""

    ask: Ask
    node: u64
    record: Record
    gate: u64  # not the job's: to be duplicated; NO_HANDLE: none goes with it
    session: u64  # of a push that is complete

    # the answer
    told: Told
    outcome: Outcome
    version: u64


class Replica:
    """One node's part."""

    entries: Entries
    peers: Peers
    requests: Requests
    session: u64  # a number that no directory of this node had before us
    version: u64  # the highest seen
    lost: u64  # names of ours that another's later change took
    pushed: u64  # the node that is being sent everything; NOBODY: none
    cursor: u64  # the next entry for it
    write_failed: bool  # try again a little later
    push_failed: bool

    # ---- what comes in ----

    def see(self, number: u64, incarnation: u64, is_up: bool) -> None:
        """What the network server says of a node."""
        if self.peers.see(number, incarnation, is_up) and self.pushed == number:
            self.pushed = NOBODY

    def settle_members(self) -> None:
        """All nodes have been seen: names of those that are gone go too."""
        self.peers.knows_who_is_up = True
        self.write_failed, self.push_failed = False, False
        for place in range(self.entries.end):
            entry = self.entries.items[place]
            if entry.is_there and not self.peers.is_alive(entry.record.owner, entry.record.incarnation):
                self.entries.forget(entry)

    def store(self, record: Record, gate: u64) -> u64:
        """Another directory tells a change. A name of a node that is not up here will come from that node itself."""
        self.version = max(self.version, record.version)
        if record.change != Change.REMOVE and not self.peers.is_alive(record.owner, record.incarnation):
            self.entries.drop(gate)
            return self.version
        known = self.entries.of(record.text())
        is_taken = known is not None and self.is_taken(known, record)
        if self.entries.merge(record, gate) and is_taken:
            self.lost += 1
        return self.version

    def is_taken(self, known: Entry, record: Record) -> bool:
        """Whether a name of this node goes to somebody who has registered it without knowing of us."""
        is_ours = known.is_there and known.record.owner == self.peers.own_number
        return is_ours and record.change == Change.REGISTER and not is_same_request(known.record, record)

    def greet(self, node: u64, session: u64) -> None:
        """That node lacks what we have."""
        peer = self.peers.find_or_add(node)
        if peer is None:
            return
        peer.is_absent, peer.is_to_be_sent = False, True
        if peer.session != session:  # its predecessor may have died before it sent us all
            peer.session = session
            peer.is_to_be_greeted = peer.is_to_be_greeted or peer.complete != peer.incarnation
            if self.pushed == node:
                self.pushed = NOBODY

    def complete(self, node: u64, incarnation: u64, session: u64) -> None:
        """That node has sent everything; to a predecessor of ours, if the session is not this one."""
        peer = self.peers.find_or_add(node)
        if peer is not None and session == self.session:
            peer.is_absent = False
            peer.complete = incarnation

    # ---- the write ----

    def next_write(self, job: Job) -> bool:
        """The next call for the oldest change; False: there is none, or it cannot be done now."""
        while not self.write_failed and self.peers.is_ready:
            request = self.requests.next_change()
            if request is None:
                return False
            if request.is_ordered:
                peer, entry = self.next_target(), self.entries.of(request.record.text())
                if peer is not None and entry is not None:  # the name may have a later change by now: that is told
                    job.ask, job.node, job.record, job.gate = Ask.STORE, peer.number, entry.record, entry.gate
                    return True
                finish(request, Outcome.DONE, request.record.version)
            elif self.peers.first() != self.peers.own_number and request.kind == Kind.CHANGE:
                job.ask, job.node, job.gate = Ask.SUBMIT, self.peers.first(), request.gate
                job.record = request.record
                job.record.version = self.version
                return True
            else:
                self.order(request)
        return False

    def order(self, request: Request) -> None:
        """Give a change its version, if it can be done, and put it into our table."""
        record = request.record
        entry = self.entries.of(record.text())
        is_first = self.peers.first() == self.peers.own_number
        if not is_first or not self.peers.is_alive(record.owner, record.incarnation):
            finish(request, Outcome.TRY_AGAIN, 0)
        elif entry is not None and is_same_request(entry.record, record):  # it was asked for once more
            record.version, record.orderer = entry.record.version, entry.record.orderer
            self.begin_telling(request)
        elif record.change == Change.REGISTER and entry is not None and entry.is_there:
            finish(request, Outcome.TAKEN, 0)
        elif record.change == Change.REMOVE and (entry is None or not entry.is_there):
            finish(request, Outcome.NO_SUCH_NAME, 0)
        elif not self.entries.has_room(record.text()):
            finish(request, Outcome.FULL, 0)
        else:
            self.version = max(self.version, record.version) + 1
            record.version, record.orderer = self.version, self.peers.own_number
            self.entries.merge(record, request.gate)
            request.gate = NO_HANDLE
            self.begin_telling(request)

    def begin_telling(self, request: Request) -> None:
        """All who are there are to have it."""
        request.is_ordered = True
        for place in range(self.peers.count):
            self.peers.items[place].is_target = self.peers.items[place].is_there

    def next_target(self) -> Peer | None:
        """Who is to be told next."""
        for place in range(self.peers.count):
            if self.peers.items[place].is_target:
                return self.peers.items[place]
        return None

    def write_done(self, job: Job) -> None:
        """How the call went."""
        if job.told == Told.FAILED:
            self.write_failed = True
        if job.ask == Ask.SUBMIT:
            self.submit_done(job)
            return
        peer = self.peers.find(job.node)
        if peer is not None and job.told != Told.FAILED:
            peer.is_target = False
            peer.is_absent = job.told == Told.ABSENT
        if job.told == Told.ANSWERED:
            self.version = max(self.version, job.version)

    def submit_done(self, job: Job) -> None:
        """The first node has answered, or not."""
        request = self.requests.next_change()
        peer = self.peers.find(job.node)
        if job.told == Told.ABSENT and peer is not None:
            peer.is_absent = True
        elif job.told == Told.ANSWERED and job.outcome == Outcome.TRY_AGAIN:
            self.write_failed = True
        elif job.told == Told.ANSWERED and request is not None:
            finish(request, job.outcome, job.version)

    # ---- the push ----

    def next_push(self, job: Job) -> bool:
        """The next call that brings somebody up to date; False: all are."""
        job.gate = NO_HANDLE
        if self.pushed != NOBODY and not self.push_failed:
            self.go_on_pushing(job)
            return True
        for place in range(self.peers.count):
            peer = self.peers.items[place]
            if self.push_failed or not peer.is_up:
                continue
            if peer.is_to_be_greeted:
                peer.is_to_be_greeted = False
                job.ask, job.node, job.session = Ask.GREET, peer.number, self.session
                return True
            if peer.is_to_be_sent and not peer.is_absent:
                peer.is_to_be_sent = False
                self.pushed, self.cursor = peer.number, 0
                self.go_on_pushing(job)
                return True
        return False

    def go_on_pushing(self, job: Job) -> None:
        """The next entry, or the end."""
        job.node = self.pushed
        place = self.entries.used_from(self.cursor)
        if place == NOWHERE:
            peer = self.peers.find(self.pushed)
            job.ask, job.session = Ask.COMPLETE, 0 if peer is None else peer.session
            self.pushed = NOBODY
        else:
            job.ask = Ask.STORE
            job.record, job.gate = self.entries.items[place].record, self.entries.items[place].gate
            self.cursor = place + 1

    def push_done(self, job: Job) -> None:
        """How the call went."""
        peer = self.peers.find(job.node)
        if peer is None:
            return
        if job.told == Told.ANSWERED:
            peer.is_absent = False
            self.version = max(self.version, job.version)
            return
        self.pushed = NOBODY
        if job.told == Told.ABSENT:
            peer.is_absent = True
        else:
            self.push_failed = True
            if job.ask == Ask.GREET:
                peer.is_to_be_greeted = True
            else:
                peer.is_to_be_sent = True

    def try_again(self) -> None:
        """Some time has passed since a call failed."""
        self.write_failed, self.push_failed = False, False
        self.peers.look_again()


def finish(request: Request, outcome: Outcome, version: u64) -> None:
    """The request can be answered."""
    request.is_done, request.outcome, request.version = True, outcome, version
