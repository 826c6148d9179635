"""The naming service: a table of names, directories that limit what a gate sees, and look-ups that wait."""

from atoll.abi.objects import NO_HANDLE, Right
from atoll.abi.raw import address_of, view
from atoll.abi.types import Array, Bytes, Slice, Text, copy, u8, u64
from atoll.servers.naming.directories import Directories
from atoll.servers.naming.interface import (
    MAX_NAME,
    RECORD_SIZE,
    Elsewhere,
    NameRecord,
    NameTaken,
    Naming,
    NoSuchName,
    NotAllowed,
    check,
    is_below,
)
from atoll.servers.naming.table import Entry, Names, join
from atoll.servers.naming.waiting import Waiting
from atoll.servers.supervisor.interface import Supervisor
from atoll.userland.runtime.interface import Handle, ServiceError, call
from atoll.userland.runtime.kernel_errors import KernelError
from atoll.userland.runtime.messages import Gate
from atoll.userland.runtime.objects import close, duplicate, is_dead_gate
from atoll.userland.runtime.service import loop, serve
from atoll.userland.runtime.startup import environment
from atoll.userland.runtime.state import StateReader, StateRefused, StateWriter
from atoll.userland.runtime.system import parent_gate

STATE_VERSION = 2
FOR_CALLERS = Right.SEND | Right.MOVE | Right.DUPLICATE


class NamingServer(Naming):
    """Names, who waits for names, and who sees which part of them."""

    names: Names
    waiting: Waiting
    directories: Directories
    path: Array[u8, MAX_NAME]  # the name asked for, as it is below the root

    # ---- what Naming says ----

    def lookup(self, name: Text) -> Gate:
        return self.gate_of(self.entry_of(name))

    def wait_for(self, name: Text) -> Gate:
        path = self.absolute(name)
        entry = self.names.find(path)
        if entry is not None:
            return self.gate_of(entry)
        self.must_be_here(path)
        self.waiting.add(path)
        return Gate(NO_HANDLE)

    def resolve(self, path: Text) -> tuple[u64, bool, Handle]:
        directory = self.directories.of(call.badge).text()
        above = u64(len(directory)) if len(directory) > 1 else u64(0)
        size = min(u64(len(path)), MAX_NAME - above)
        full = self.path[0 : join(directory, path[0:size].encode(), self.path[:])]
        entry = self.names.longest(full)
        if entry is None:
            raise NoSuchName(path)
        covered = entry.length if entry.length > 1 else u64(0)
        return covered - min(above, covered), entry.is_mount, self.gate_of(entry).handle

    def register(self, name: Text, gate: Gate) -> u64:
        try:
            path = self.absolute(name)
            self.must_register()
            entry = self.names.find(path)
            if entry is None:
                self.must_be_here(path)
                return self.put(self.names.add(path), gate, False)
            if not is_dead_gate(entry.gate):
                raise NameTaken(name)
            close(entry.gate)
            return self.put(entry, gate, False)
        except ServiceError:
            gate.close()
            raise

    def replace(self, name: Text, gate: Gate) -> u64:
        return self.put_over(name, gate, False)

    def mount(self, name: Text, gate: Gate) -> u64:
        return self.put_over(name, gate, True)

    def remove(self, name: Text) -> None:
        entry = self.entry_of(name)
        self.must_own(entry)
        close(entry.gate)
        forget(entry)
        self.names.remove(entry)

    def list(self, directory: Text, first: u64, into: Slice[u8]) -> u64:
        below = copy(self.directories.of(call.badge)).text()
        path = self.absolute(directory)
        self.must_be_here(path)
        skipped: u64 = 0
        used: u64 = 0
        for place in range(self.names.count):
            entry = self.names.at(place)
            if is_below(entry.text(), path) and is_below(entry.text(), below):
                if skipped < first:
                    skipped += 1
                elif used + RECORD_SIZE <= len(into):
                    write_record(entry, u64(len(below)) if len(below) > 1 else u64(0), into[used : used + RECORD_SIZE])
                    used += RECORD_SIZE
        return used

    def open(self, directory: Text, may_register: bool) -> Gate:
        path = self.absolute(directory)
        self.must_be_here(path)
        if may_register:
            self.must_register()
        badge = self.directories.add(path, may_register)
        return loop.port.mint(badge, True)

    # ---- how ----

    def absolute(self, name: Text) -> Bytes:
        """The name as it is below the root."""
        check(name.encode())
        size = join(self.directories.of(call.badge).text(), name.encode(), self.path[:])
        return self.path[0:size]

    def entry_of(self, name: Text) -> Entry:
        """The entry of exactly this name. Raises NoSuchName, Elsewhere."""
        path = self.absolute(name)
        entry = self.names.find(path)
        if entry is None:
            self.must_be_here(path)
            raise NoSuchName(name)
        return entry

    def must_be_here(self, path: Bytes) -> None:
        """Raises Elsewhere for a name below a mount."""
        entry = self.names.longest(path)
        if entry is not None and entry.is_mount and entry.length < len(path):
            hidden = len(self.directories.of(call.badge).text())
            raise Elsewhere(entry.length - (u64(hidden) if hidden > 1 else 0))

    def gate_of(self, entry: Entry) -> Gate:
        """A gate for who asked."""
        return Gate(duplicate(entry.gate, FOR_CALLERS))

    def put_over(self, name: Text, gate: Gate, is_mount: bool) -> u64:
        """The name stands for that gate, whether there is another or not."""
        try:
            path = self.absolute(name)
            self.must_register()
            entry = self.names.find(path)
            if entry is None:
                self.must_be_here(path)
                entry = self.names.add(path)
            else:
                self.must_own(entry)
                close(entry.gate)
            return self.put(entry, gate, is_mount)
        except ServiceError:
            gate.close()
            raise

    def put(self, entry: Entry, gate: Gate, is_mount: bool) -> u64:
        """The name stands for that gate now; who waited for it is told."""
        self.names.versions += 1
        entry.is_mount = is_mount
        entry.version = self.names.versions
        entry.gate = gate.handle
        entry.owner = call.badge
        keep(entry)
        reply = self.waiting.take(entry.text())
        while reply != NO_HANDLE:
            Naming.reply_wait_for(reply, self.gate_of(entry))
            reply = self.waiting.take(entry.text())
        return entry.version

    def must_register(self) -> None:
        """Raises NotAllowed."""
        if not self.directories.of(call.badge).may_register:
            raise NotAllowed("this gate may only look names up")

    def must_own(self, entry: Entry) -> None:
        """Who registered a name may change it, and so may the system itself."""
        if call.badge != 0 and call.badge != entry.owner:
            raise NotAllowed("the name is somebody else's")

    # ---- what every server has ----

    def last_handle(self, badge: u64) -> None:
        self.directories.remove(badge)

    def state_size(self) -> u64:
        return self.names.count * 256 + 65536

    def export_state(self, state: StateWriter) -> None:
        state.number(STATE_VERSION)
        state.number(self.names.versions)
        state.number(self.names.count)
        for place in range(self.names.count):
            entry = self.names.at(place)
            state.data(entry.text())
            state.number(entry.version)
            state.number(entry.owner)
            state.number(u64(entry.is_mount))
            state.copied(entry.gate)
        self.directories.export(state)
        self.waiting.export(state)

    def import_state(self, state: StateReader) -> None:
        if state.number() != STATE_VERSION:
            raise StateRefused("names of another version")
        self.names.versions = state.number()
        for _ in range(state.number()):
            entry = self.names.add(self.path[0 : state.data(self.path[:])])
            entry.version = state.number()
            entry.owner = state.number()
            entry.is_mount = state.number() != 0
            entry.gate = state.copied()
        self.directories.adopt(state)
        self.waiting.adopt(state)


def keep(entry: Entry) -> None:
    """The supervisor notes it for our successor, should we crash: none of our gates would be left."""
    try:
        kept = Gate(duplicate(entry.gate, FOR_CALLERS))
        Supervisor(parent_gate()).keep_name(str(entry.text(), "utf-8"), kept, entry.is_mount)
    except (ServiceError, KernelError):
        return  # in a machine without a supervisor nobody would start us again


def forget(entry: Entry) -> None:
    """Likewise."""
    try:
        Supervisor(parent_gate()).forget_name(str(entry.text(), "utf-8"))
    except (ServiceError, KernelError):
        return


def write_record(entry: Entry, hidden: u64, into: Slice[u8]) -> None:
    """A NameRecord; the first `hidden` bytes of the name are not the caller's to see."""
    record = NameRecord()
    record.version = entry.version
    record.is_mount = u64(entry.is_mount)
    record.length = entry.length - hidden
    record.name[0 : record.length] = entry.name[hidden : entry.length]
    into[:] = view(address_of(record), RECORD_SIZE)


server: NamingServer = NamingServer()


def given_generation() -> u64:
    """How many servers before us have died."""
    generation: u64 = 0
    for digit in environment("GENERATION").encode():
        generation = generation * 10 + digit - ord("0")
    return generation


def main() -> None:
    """Serve names."""
    server.directories.start(given_generation())
    serve(server)
