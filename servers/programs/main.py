"""The program manager: from a file to a process, its identity, its end. Memory is the memory manager's business."""

from atoll.abi import startup
from atoll.abi.calls import Message
from atoll.abi.objects import NO_HANDLE, Kind, Right
from atoll.abi.types import Bytes, Slice, Text, u8, u64
from atoll.servers.memory.interface import NEW_MANAGER, MemoryManager
from atoll.servers.naming.interface import Naming
from atoll.servers.programs import ending, homes, legacy, listing, loading, making, moving, reporter, starting, state
from atoll.servers.programs.ending import MAX_STATUS, destroy_surely, drop_waiting, end_program, give_back
from atoll.servers.programs.holders import gate_to, remove_holder, tell_end, tell_holder
from atoll.servers.programs.interface import (
    AnotherNode,
    BadRequest,
    Child,
    Migrant,
    Moving,
    NoSuchProgram,
    NotExecutable,
    OutOfMemory,
    Passage,
    Programs,
    ProgramState,
    TooManyPrograms,
)
from atoll.servers.programs.preparing import Preparations
from atoll.servers.programs.table import ASKING, CHILD, FATE, UNUSED, Entry, programs, role_of
from atoll.servers.root.interface import Parent
from atoll.userland.runtime.errors import RECORD_SIZE
from atoll.userland.runtime.interface import ServiceError, call
from atoll.userland.runtime.kernel_errors import KernelError
from atoll.userland.runtime.messages import Gate, Letter
from atoll.userland.runtime.objects import Process, Thread, close, duplicate
from atoll.userland.runtime.service import loop, serve
from atoll.userland.runtime.startup import environment, given
from atoll.userland.runtime.state import StateReader, StateWriter

NODE_SHIFT = 32  # of pids: above is the node with its incarnation
GENERATION_SHIFT = 20  # of serial numbers
FOR_CALLERS = Right.SEND | Right.DUPLICATE | Right.MOVE


class ProgramsServer(Programs, Child, Parent, Moving):
    """What everybody asks (Programs), who started a program (Child), and the program itself (Parent)."""

    preparations: Preparations
    naming: Gate
    memory: MemoryManager
    first_pid: u64  # of this node and its incarnation: the upper half of every pid

    # ---- what Programs says ----

    def prepare(self, path: Text) -> Child:
        place = self.add(path)
        entry = programs.entries[place]
        try:
            making.open_image(entry, path, self.naming)
            making.make_surely(entry, self.memory)
        except (NoSuchProgram, NotExecutable, AnotherNode):
            self.forget(place)
            raise
        except (ServiceError, KernelError) as error:
            self.forget(place)
            raise OutOfMemory(f"{path}: {error}") from None
        return gate_to(entry)

    def prepare_image(self, name: Text, size: u64) -> Child:
        content = loading.make_content(programs, size)
        try:
            place = self.add(loading.last_part(name))
        except ServiceError:
            content.close()
            raise
        entry = programs.entries[place]
        entry.content, entry.content_size = content, size
        self.preparations.of(place).loading.begin(size)
        return gate_to(entry)

    def open(self, pid: u64) -> Child:
        return gate_to(programs.find(pid))

    def watch(self, gate: Gate, bits: u64) -> None:
        ending.watch(gate, bits)

    def list(self, first: u64, into: Slice[u8]) -> u64:
        return listing.fill(programs, self.memory, first, into)

    def kill(self, pid: u64, status: u64) -> None:
        end_program(programs.find(pid), status)

    def wait(self, pid: u64) -> u64:
        return self.wait_for_end(programs.find(pid))

    # ---- what Child says (the same names with a program's own gate) ----

    def set_arguments(self, arguments: Bytes) -> None:
        self.preparations.of(programs.place_of(call.badge)).set_arguments(arguments)

    def set_environment(self, entries: Bytes) -> None:
        self.preparations.of(programs.place_of(call.badge)).set_environment(entries)

    def set_home(self, home: u64, starter: u64) -> None:
        self.preparations.of(programs.place_of(call.badge))
        entry = programs.of(call.badge)
        entry.parent = starter
        entry.home = home if home != self.first_pid >> NODE_SHIFT else 0

    def load(self, offset: u64, data: Bytes) -> None:
        place = programs.place_of(call.badge)
        entry = programs.entries[place]
        if loading.put(entry, self.preparations.of(place).loading, offset, data):
            making.make_surely(entry, self.memory)

    def give(self, name: Text, handle: Gate) -> None:
        try:
            self.give_to(programs.place_of(call.badge), name, handle)
        except ServiceError:
            handle.close()
            raise

    def give_to(self, place: u64, name: Text, handle: Gate) -> None:
        """The handle stays ours if there is an error."""
        entry = programs.entries[place]
        preparation = self.preparations.of(place)
        preparation.loading.check_complete()
        try:
            if name == startup.ERROR:
                entry.error = Gate(duplicate(handle.handle, FOR_CALLERS))
            preparation.give(entry.process, name, handle.handle)
        except KernelError as error:
            raise OutOfMemory(f"{error}") from None

    def start(self) -> u64:
        place = programs.place_of(call.badge)
        entry = programs.entries[place]
        preparation = self.preparations.of(place)
        preparation.loading.check_complete()
        if homes.homes.is_gone(entry.home):
            raise BadRequest("the program's home is gone")
        try:
            starting.begin(entry, preparation, self.naming)
        except KernelError as error:
            raise OutOfMemory(f"{error}") from None
        self.preparations.drop(place)
        return entry.pid

    def end(self, status: u64) -> None:
        end_program(programs.of(call.badge), status)

    def join(self) -> u64:
        return self.wait_for_end(programs.of(call.badge))

    def tell(self, gate: Gate, bits: u64) -> None:
        try:
            entry = programs.of(call.badge)
        except NoSuchProgram:
            gate.close()
            raise
        tell_holder(entry, call.badge, gate, bits)
        if entry.state == ProgramState.ENDED:
            tell_end(entry)

    def identity(self) -> u64:
        return programs.of(call.badge).pid

    # ---- what Moving says ----

    def describe_migrant(self, pid: u64) -> Migrant:
        migrant = Migrant()
        moving.describe(programs.find(pid), migrant)
        return migrant

    def open_process(self, pid: u64) -> Process:
        return Process(moving.process_of(programs.find(pid)))

    def open_error(self, pid: u64) -> Gate:
        return Gate(moving.error_of(programs.find(pid)))

    def immigrate(self, migrant: Migrant, space: u64, pager: Gate) -> Process:
        return Process(moving.immigrate(migrant, space, pager, self.memory, self.first_pid >> 48))

    def settle(self, pid: u64, cpu_time: u64, sent_on_by: u64, thread: Thread) -> None:
        moving.settle(programs.find(pid), cpu_time, sent_on_by, thread)

    def set_error(self, pid: u64, error: Gate) -> None:
        moving.set_error(pid, error)

    def discard(self, pid: u64) -> None:
        moving.discard(pid, self.memory, self.first_pid >> 48)

    def depart(self, pid: u64, keeps_space: bool) -> None:
        moving.depart(programs.find(pid), keeps_space, self.memory, self.first_pid >> 48)

    def ended(self, pid: u64, status: u64) -> None:
        place = moving.place_of_absent(pid)
        if place != moving.NOWHERE:
            self.bury(place, status)

    def doubt(self, pid: u64, is_in_doubt: bool) -> None:
        moving.doubt(pid, is_in_doubt)

    def note(self, passage: Passage) -> None:
        programs.find(passage.pid).passage = passage

    def note_place(self, pid: u64, node: u64, incarnation: u64) -> None:
        moving.note_place(pid, node, incarnation)

    def next_passage(self, place: u64) -> Passage:
        return moving.next_passage(place, self.first_pid >> 48)

    def has_settled(self, id: u64) -> bool:
        return id in programs.settled[:]

    def release(self, pid: u64) -> None:
        moving.release(pid)

    def knows(self, pid: u64) -> bool:
        return programs.has(pid) and programs.find(pid).state != ProgramState.ENDED

    def set_mover(self, gate: Gate, bits: u64) -> None:
        moving.set_mover(gate, bits)

    def next_order(self) -> tuple[u64, u64]:
        return moving.next_order()

    # ---- what Parent says ----

    def write(self, data: Bytes) -> None:
        return  # a program without output has none

    def error(self, record: Bytes) -> None:
        if role_of(call.badge) == ASKING and len(record) == RECORD_SIZE:
            reporter.show_later(record)

    def power_off(self, status: u64) -> None:
        return  # not a program's to say

    # ---- how a program is made ----

    def add(self, path: Text) -> u64:
        """The place of a new program. Raises TooManyPrograms, BadRequest."""
        place = programs.add()
        entry = programs.entries[place]
        if self.preparations.add(place) is None:
            entry.state = UNUSED
            raise TooManyPrograms("too many programs are being prepared")
        entry.pid = self.first_pid + entry.serial
        entry.parent = self.pid_of_caller()
        try:
            entry.set_path(path.encode())
        except BadRequest:
            self.forget(place)
            raise
        return place

    def pid_of_caller(self) -> u64:
        """Whose gate the call came through; 0 if that is the public one."""
        try:
            return programs.of(call.badge).pid
        except NoSuchProgram:
            return 0

    def end_homeless(self) -> None:
        """End the programs whose home is gone; what was only prepared is nobody's any more."""
        for place in range(u64(len(programs.entries))):
            entry = programs.entries[place]
            if not homes.homes.is_gone(entry.home):
                continue
            if entry.state == ProgramState.PREPARED:
                self.forget(place)
            elif entry.state == ProgramState.RUNNING:
                homes.homes.tell(entry)
                destroy_surely(entry.process, homes.LOST_HOME)

    # ---- how it ends ----

    def wait_for_end(self, entry: Entry) -> u64:
        """Its status, at once or later."""
        if entry.state == ProgramState.ENDED:
            return entry.status
        for i in range(len(entry.waiting)):
            if entry.waiting[i] == NO_HANDLE:
                entry.waiting[i] = call.postpone()
                return 0
        raise BadRequest("too many wait for it already")

    def bury(self, place: u64, status: u64) -> None:
        """Its process has ended: tell who waits, give back what it had."""
        entry = programs.entries[place]
        entry.status = min(status, MAX_STATUS)
        entry.state = ProgramState.ENDED
        for i in range(len(entry.waiting)):
            if entry.waiting[i] != NO_HANDLE:
                Programs.reply_wait(entry.waiting[i], entry.status)
                entry.waiting[i] = NO_HANDLE
        tell_end(entry)
        ending.tell_watcher()
        give_back(entry, self.memory)
        if moving.is_over(entry, self.first_pid >> 48):
            entry.state = UNUSED

    def forget(self, place: u64) -> None:
        """It never came to run."""
        entry = programs.entries[place]
        self.preparations.drop(place)
        drop_waiting(entry)
        destroy_surely(entry.process, 0)
        give_back(entry, self.memory)
        entry.state = UNUSED

    # ---- what every server has ----

    def last_handle(self, badge: u64) -> None:
        if role_of(badge) != CHILD:
            return
        try:
            place = programs.place_of(badge)
        except NoSuchProgram:
            return
        entry = programs.entries[place]
        remove_holder(entry, badge)
        if entry.is_held:
            return
        if entry.state == ProgramState.PREPARED:
            self.forget(place)
        elif entry.state == ProgramState.ENDED and moving.is_over(entry, self.first_pid >> 48):
            entry.state = UNUSED

    def other_message(self, letter: Letter) -> None:
        if role_of(letter.badge) == FATE and letter.kind == Message.INHERITED and letter.words[2] == Kind.PROCESS:
            Process(letter.handle).destroy(1)
        if letter.handle != NO_HANDLE:
            close(letter.handle)
        if role_of(letter.badge) == FATE and letter.kind == Message.DEATH:
            try:
                place = programs.place_of(letter.badge)
                entry = programs.entries[place]
                ours = entry.process_serial == letter.words[0]  # else of one that it had before
                if ours and entry.state != ProgramState.MOVED:
                    self.bury(place, letter.words[1])
            except NoSuchProgram:
                return
        elif letter.reply != NO_HANDLE:
            close(letter.reply)

    def state_size(self) -> u64:
        return state.SIZE

    def inherited(self, handle: u64, number: u64) -> None:
        legacy.adopt(programs, Process(handle), self.naming, self.memory)

    def notified(self, bits: u64, label: u64) -> None:
        if bits & NEW_MANAGER != 0:
            legacy.restore_spaces(programs, self.naming, self.memory)
            reporter.reporter.gate.notify(reporter.SUBSCRIBE)
        if bits & homes.HOMES != 0:
            self.end_homeless()

    def activated(self) -> None:
        homes.start(self.naming, self.first_pid >> 48)
        reporter.reporter.gate.notify(reporter.SUBSCRIBE)

    def export_state(self, writer: StateWriter) -> None:
        reporter.require_idle()
        state.export(writer, programs, self.preparations)

    def import_state(self, reader: StateReader) -> None:
        state.adopt(reader, programs, self.preparations)


def first_pid() -> u64:
    """The upper half of this node's pids. Each start of this server has serial numbers of its own."""
    node = max(legacy.number_of(environment("number")), 1)
    incarnation = max(legacy.number_of(environment("incarnation")), 1)
    programs.serial = legacy.number_of(environment("GENERATION")) << GENERATION_SHIFT
    return (node << 16 | incarnation & 0xFFFF) << NODE_SHIFT


server: ProgramsServer = ProgramsServer()


def main() -> None:
    """Serve programs."""
    programs.clear()
    server.preparations.clear()
    server.naming = Gate(given(startup.NAMING))
    server.memory = MemoryManager(Naming(server.naming.handle).wait_for("/services/memory").handle)
    server.first_pid = first_pid()
    serves = given(startup.PORT) != NO_HANDLE
    reporter.start(Gate(server.memory.handle), server.naming, serves)
    if serves:
        legacy.adopt_all(programs, server.naming, server.memory)
        loop.port.handle = given(startup.PORT)
        homes.start(server.naming, server.first_pid >> 48)
    serve(server)
