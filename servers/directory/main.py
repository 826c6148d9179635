"""The directory: serves `/cluster`, the names that all nodes have together, and keeps the other nodes under `/nodes`.

Reads are answered from this node's replica. A change waits until all nodes that are up have it: `replica` decides what
is to be said to whom, `callers` are the threads that say it, `nodes` the one that knows who is up.
"""

from atoll.abi import bootargs
from atoll.abi.objects import NO_HANDLE
from atoll.abi.raw import address_of, view
from atoll.abi.startup import PORT
from atoll.abi.types import Bytes, Slice, Text, u8, u64
from atoll.servers.directory import answers, callers, handover, keeping, nodes
from atoll.servers.directory.callers import Caller
from atoll.servers.directory.entries import Entry
from atoll.servers.directory.gates import close_quietly, duplicate_of
from atoll.servers.directory.interface import Change, Directory, DirectoryFigures, Outcome, Record
from atoll.servers.directory.replica import Replica
from atoll.servers.directory.requests import MOST_REQUESTS, Kind
from atoll.servers.naming.interface import (
    RECORD_SIZE,
    BadName,
    Elsewhere,
    NameRecord,
    Naming,
    NamingFull,
    NoSuchName,
    NotAllowed,
    check,
)
from atoll.userland.runtime.interface import Handle, ServiceError, call
from atoll.userland.runtime.kernel_calls import clock
from atoll.userland.runtime.messages import Gate, create_port, create_set
from atoll.userland.runtime.objects import Process, is_dead_gate
from atoll.userland.runtime.service import FIRST_FREE_LABEL, loop, serve
from atoll.userland.runtime.startup import environment, given
from atoll.userland.runtime.state import StateReader, StateWriter
from atoll.userland.runtime.system import own_process

OWN_LABEL = FIRST_FREE_LABEL  # of the port that our threads notify
LOOK_AGAIN = 20_000_000  # nanoseconds until a call that failed is tried again
LOOK_FOR_ABSENT = 1_000_000_000  # and until a node that had no directory is asked again
NEVER = 0xFFFF_FFFF_FFFF_FFFF

# ---- notification bits ----
WRITTEN = 1
PUSHED = 2
SEEN = 4


class DirectoryServer(Naming, Directory):
    """One node's directory."""

    replica: Replica
    record: Record  # of the request that is being made
    last_ticket: u64
    due: u64  # when to try again what failed; NEVER: nothing did

    # ---- what Naming says: reading ----

    def lookup(self, name: Text) -> Gate:
        self.must_be_here(name)
        entry = self.find(name.encode())
        if entry is None:
            self.hold(Kind.LOOKUP, name)
            return Gate(NO_HANDLE)
        return Gate(duplicate_of(entry.gate))

    def wait_for(self, name: Text) -> Gate:
        self.must_be_here(name)
        entry = self.find(name.encode())
        if entry is None:
            self.hold(Kind.WAIT, name)
            return Gate(NO_HANDLE)
        return Gate(duplicate_of(entry.gate))

    def resolve(self, path: Text) -> tuple[u64, bool, Handle]:
        name = path[0 : min(len(path), len(self.record.name))]
        entry = self.longest(name.encode())
        if entry is None:
            self.hold(Kind.RESOLVE, name)
            return 0, False, NO_HANDLE
        return entry.record.length, entry.record.change == Change.MOUNT, duplicate_of(entry.gate)

    def list(self, directory: Text, first: u64, into: Slice[u8]) -> u64:
        self.must_be_here(directory)
        skipped: u64 = 0
        used: u64 = 0
        entry = self.replica.entries.after(b"", directory.encode())
        while entry is not None and used + RECORD_SIZE <= len(into):
            if skipped < first:
                skipped += 1
            else:
                write_record(entry, into[used : used + RECORD_SIZE])
                used += RECORD_SIZE
            entry = self.replica.entries.after(entry.record.text(), directory.encode())
        return used

    def open(self, directory: Text, may_register: bool) -> Gate:
        raise NotAllowed("gates to parts of the cluster's names are not given")

    # ---- what Naming says: changing ----

    def register(self, name: Text, gate: Gate) -> u64:
        entry = self.replica.entries.find(name.encode())
        is_deserted = entry is not None and is_dead_gate(entry.gate)
        self.change(Change.REPLACE if is_deserted else Change.REGISTER, name, gate.handle)
        return 0

    def replace(self, name: Text, gate: Gate) -> u64:
        self.change(Change.REPLACE, name, gate.handle)
        return 0

    def mount(self, name: Text, gate: Gate) -> u64:
        self.change(Change.MOUNT, name, gate.handle)
        return 0

    def remove(self, name: Text) -> None:
        self.change(Change.REMOVE, name, NO_HANDLE)

    # ---- what directories tell each other ----

    def submit(self, record: Record, gate: Gate) -> tuple[Outcome, u64]:
        if self.replica.requests.is_full:
            gate.close()
            return Outcome.TRY_AGAIN, 0
        self.replica.requests.add(Kind.SUBMITTED, record, gate.handle, call.postpone())
        self.go_on()
        return Outcome.DONE, 0

    def submit_removal(self, record: Record) -> tuple[Outcome, u64]:
        if self.replica.requests.is_full:
            return Outcome.TRY_AGAIN, 0
        self.replica.requests.add(Kind.SUBMITTED, record, NO_HANDLE, call.postpone())
        self.go_on()
        return Outcome.DONE, 0

    def store(self, record: Record, gate: Gate) -> u64:
        return self.stored(record, gate.handle)

    def store_removal(self, record: Record) -> u64:
        return self.stored(record, NO_HANDLE)

    def greet(self, node: u64, session: u64) -> None:
        self.replica.greet(node, session)
        self.go_on()

    def complete(self, node: u64, incarnation: u64, session: u64) -> None:
        self.replica.complete(node, incarnation, session)
        self.go_on()

    def figures(self) -> DirectoryFigures:
        figures = DirectoryFigures()
        figures.names, figures.removed = self.replica.entries.count(True), self.replica.entries.count(False)
        figures.waiting, figures.version = self.replica.requests.count, self.replica.version
        figures.is_ready, figures.first = u64(self.replica.peers.is_ready), self.replica.peers.first()
        figures.lost = self.replica.lost
        return figures

    # ---- how: reading ----

    def must_be_here(self, name: Text) -> None:
        """Raises BadName, and Elsewhere for a name below one that is mounted."""
        check(name.encode())
        entry = self.longest(name.encode())
        if entry is not None and entry.record.change == Change.MOUNT and entry.record.length < len(name):
            raise Elsewhere(entry.record.length)

    def find(self, name: Bytes) -> Entry | None:
        """The name, if there is somebody behind it."""
        entry = self.replica.entries.find(name)
        return entry if entry is not None and not is_dead_gate(entry.gate) else None

    def longest(self, path: Bytes) -> Entry | None:
        """The longest name that the path begins with, if there is somebody behind it."""
        entry = self.replica.entries.longest(path)
        return entry if entry is not None and not is_dead_gate(entry.gate) else None

    def hold(self, kind: Kind, name: Text) -> None:
        """Answer later: when all have told us their names, or when this one comes. Raises NoSuchName."""
        if kind != Kind.WAIT and self.replica.peers.is_ready:
            raise NoSuchName(name)
        self.must_have_room()
        self.describe(Change.REGISTER, name)
        self.replica.requests.add(kind, self.record, NO_HANDLE, call.postpone())

    # ---- how: changing ----

    def change(self, what: Change, name: Text, gate: u64) -> None:
        """Do it when it is its turn; the answer comes when all have it."""
        try:
            if len(name) <= 1:
                raise BadName("a name of the cluster has at least one part")
            self.must_be_here(name)
            self.must_have_room()
        except ServiceError:
            close_quietly(gate)
            raise
        self.describe(what, name)
        self.replica.requests.add(Kind.CHANGE, self.record, gate, call.postpone())
        self.go_on()

    def must_have_room(self) -> None:
        """Raises NamingFull."""
        if self.replica.requests.is_full:
            raise NamingFull(f"{MOST_REQUESTS} callers wait already")

    def describe(self, what: Change, name: Text) -> None:
        """Put a request into `record`."""
        record = self.record
        record.version, record.orderer = 0, 0
        record.owner, record.incarnation = self.replica.peers.own_number, self.replica.peers.own_incarnation
        self.last_ticket = max(clock(), self.last_ticket + 1)
        record.ticket, record.change = self.last_ticket, what
        record.length = u64(len(name))
        record.name[0 : record.length] = name.encode()

    def stored(self, record: Record, gate: u64) -> u64:
        """Another directory's change."""
        lost = self.replica.lost
        version = self.replica.store(record, gate)
        if self.replica.lost > lost:
            keeping.forget(record.text())
            print(f"directory: /cluster{str(record.text(), 'utf-8')} belongs to a program of node {record.owner} now")
        self.go_on()
        return version

    # ---- what happens next ----

    def go_on(self) -> None:
        """Give our threads what there is to do, answer who can be answered."""
        writer, pusher = callers.callers.writer, callers.callers.pusher
        if not writer.is_busy and self.replica.next_write(writer.job):
            writer.begin()
        if not pusher.is_busy and self.replica.next_push(pusher.job):
            pusher.begin()
        answers.give(self.replica)
        entries = self.replica.entries
        for place in range(entries.waste_count):
            close_quietly(entries.waste[place])
        entries.waste_count = 0
        self.set_alarm()

    def set_alarm(self) -> None:
        """When to try again."""
        wanted: u64 = NEVER
        if self.replica.write_failed or self.replica.push_failed:
            wanted = clock() + LOOK_AGAIN
        elif self.replica.peers.has_absent:
            wanted = clock() + LOOK_FOR_ABSENT
        self.due = min(self.due, wanted) if wanted != NEVER else NEVER

    def timeout(self) -> u64:
        if self.due == NEVER:
            return NEVER
        now = clock()
        return self.due - now if self.due > now else 0

    def timed_out(self) -> None:
        if clock() >= self.due:
            self.due = NEVER
            self.replica.try_again()
            self.go_on()

    def notified(self, bits: u64, label: u64) -> None:
        if bits & SEEN != 0:
            self.take_nodes()
        if bits & WRITTEN != 0:
            take(callers.callers.writer)
            self.replica.write_done(callers.callers.writer.job)
        if bits & PUSHED != 0:
            take(callers.callers.pusher)
            self.replica.push_done(callers.callers.pusher.job)
        self.go_on()

    def take_nodes(self) -> None:
        """Who is up."""
        watcher = nodes.watcher
        for place in range(watcher.count):
            seen = watcher.nodes[place]
            self.replica.see(seen.number, seen.incarnation, seen.is_up)
        if watcher.is_new_network:
            watcher.is_new_network = False
            self.replica.peers.suspect_all()
        self.replica.settle_members()
        watcher.gate.notify(nodes.TAKEN)

    # ---- hot swap ----

    def state_size(self) -> u64:
        return handover.MOST_BYTES

    def export_state(self, writer: StateWriter) -> None:
        handover.write_state(self.replica, writer)

    def import_state(self, reader: StateReader) -> None:
        handover.read_state(self.replica, reader)

    def activated(self) -> None:
        begin()


def take(caller: Caller) -> None:
    """A thread has done its job."""
    caller.is_busy = False


def write_record(entry: Entry, into: Slice[u8]) -> None:
    """A NameRecord."""
    record = NameRecord()
    record.version, record.length = entry.record.version, entry.record.length
    record.is_mount = u64(entry.record.change == Change.MOUNT)
    record.name = entry.record.name
    into[:] = view(address_of(record), RECORD_SIZE)


def number_of(name: Text, default: u64) -> u64:
    """A number of the kernel's command line."""
    digits = environment(name)
    value: u64 = 0
    for digit in digits.encode():
        value = value * 10 + (digit - 0x30)
    return value if len(digits) > 0 else default


server: DirectoryServer = DirectoryServer()


def begin() -> None:
    """From here on the names are ours to serve: start the threads."""
    name = environment(bootargs.NODE)
    peers = server.replica.peers
    peers.own_number, peers.own_incarnation = number_of(bootargs.NUMBER, 1), number_of(bootargs.INCARNATION, 1)
    server.due = NEVER
    if server.replica.session == 0:  # no predecessor has given us its own
        server.replica.session = clock()
        keeping.restore(server.replica)
    port = create_port()
    loop.add(port, OWN_LABEL)
    gate = port.mint(0)
    itself = Process(own_process())
    callers.start(itself, peers.own_number, peers.own_incarnation, gate, WRITTEN, PUSHED)
    nodes.start(itself, name if len(name) > 0 else "node1", gate, SEEN)


def main() -> None:
    """Serve for ever."""
    loop.ports = create_set()
    if given(PORT) != NO_HANDLE:
        begin()
    serve(server)
