"""Processes that come: made piece by piece from what their source sends, run when it says GO.

Nothing of one runs before that. What is known of it stays until it has ended: answers to its calls may still come.
"""

from atoll.abi.address_space import ARGUMENTS, PAGE_SIZE
from atoll.abi.objects import NO_HANDLE, HandleInfo, Kind, Registers, Right
from atoll.abi.raw import address_of, size_of
from atoll.abi.types import Array, Bytes, u64
from atoll.servers.memory.interface import Carrying, MemoryManager
from atoll.servers.mover.answers import answer_call
from atoll.servers.mover.guest import Guest, close_if, dead_gate, is_passed
from atoll.servers.mover.interface import (
    MOST_LINKS,
    REGIONS_SIZE,
    Immovable,
    MigrationFailed,
    MigrationRefused,
    NoSuchMigration,
    Offered,
    Phase,
)
from atoll.servers.mover.parcel import Parcel
from atoll.servers.programs.interface import Moving, Passage, Programs
from atoll.userland.runtime.interface import ServiceError
from atoll.userland.runtime.kernel_errors import KernelError
from atoll.userland.runtime.messages import Gate
from atoll.userland.runtime.objects import Process, Thread, close, create_memory, duplicate

GUESTS = 16
MOVED_ON = 1 << GUESTS  # bit of the notification that a process has left
NODE_SHIFT = 48  # of pids
INCARNATION_SHIFT = 32  # in a migration's number
INCARNATION = 0xFFFF
START_PAGE_RIGHTS = Right.READ


class Incoming:
    """All of them."""

    guests: Array[Guest, GUESTS]
    memory: MemoryManager
    programs: Programs
    node: u64  # our own
    ended_gate: Gate  # notified of a guest's end: bit i is guest i
    parcel: Parcel

    # ---- finding them ----

    def find(self, id: u64) -> Guest:
        """Raises NoSuchMigration."""
        for guest in self.guests:
            if guest.phase != Phase.UNKNOWN and guest.id == id:
                guest.hear()
                return guest
        raise NoSuchMigration("it is not known here")

    def know(self, id: u64) -> Phase:
        """How far it is."""
        for guest in self.guests:
            if guest.phase != Phase.UNKNOWN and guest.id == id:
                return Phase(guest.phase)
        return Phase.RUNNING if Moving(self.programs.handle).has_settled(id) else Phase.UNKNOWN

    def is_arriving(self, pid: u64) -> bool:
        """Whether something of a process is still to be passed here."""
        for guest in self.guests:
            if guest.phase == Phase.RUNNING and guest.pid == pid and guest.awaited != 0:
                return True
        return False

    def is_coming(self, pid: u64) -> bool:
        """Whether a part of a process is here, and the process itself is not."""
        for guest in self.guests:
            if guest.phase == Phase.ACCEPTED and guest.pid == pid:
                return True
        return False

    def has(self, pid: u64) -> bool:
        """Whether a process is here, or all of it."""
        for guest in self.guests:
            if guest.pid == pid and (guest.phase == Phase.READY or guest.phase == Phase.RUNNING):
                return not self.has_moved_on(guest)
        return False

    def expect_phase(self, id: u64, phase: u64) -> Guest:
        """Raises NoSuchMigration: not now."""
        guest = self.find(id)
        if guest.phase != phase:
            raise NoSuchMigration("it is not so far, or further")
        return guest

    def free_place(self) -> u64:
        """Raises MigrationRefused."""
        for place in range(u64(GUESTS)):
            if self.guests[place].phase == Phase.UNKNOWN or self.has_moved_on(self.guests[place]):
                return place
        raise MigrationRefused("as many processes have come as there is room for")

    def has_moved_on(self, guest: Guest) -> bool:
        """Whether a guest is not here any more, and no answer is awaited for it: then it is forgotten."""
        if guest.phase != Phase.RUNNING or guest.awaits_answer or not guest.is_gone:
            return False
        if guest.child.handle != NO_HANDLE:
            try:
                guest.child.identity()
                return False  # it has ended, and that is still to be told
            except ServiceError:
                pass
        self.forget(guest)
        return True

    def forget_at_home(self, guest: Guest) -> None:
        """Where it was born nobody else is to be told of its end: when all of it has come it is as it ever was."""
        is_here = guest.phase == Phase.RUNNING and guest.awaited == 0 and not guest.awaits_answer
        if is_here and guest.pid >> NODE_SHIFT == self.node:
            self.forget(guest)

    def forget_moved(self) -> None:
        """What has left is no business of ours."""
        for guest in self.guests:
            self.has_moved_on(guest)

    # ---- how one comes ----

    def begin(self, offered: Offered) -> None:
        """Room for it: a space, a process, an entry at the program manager. Raises MigrationRefused."""
        if offered.region_bytes > REGIONS_SIZE:
            raise MigrationRefused("more regions than a process may have")
        self.drop(offered.migrant.pid)
        guest = self.guests[self.free_place()]
        guest.clear(offered.id)
        guest.source, guest.pid, guest.cpu_time = offered.source, offered.migrant.pid, offered.migrant.cpu_time
        try:
            regions = offered.regions[0 : offered.region_bytes]
            guest.space, pager = Carrying(self.memory.handle).prepare_carried(regions)
            guest.process = Moving(self.programs.handle).immigrate(offered.migrant, guest.space, Gate(pager))
            self.note(guest)
        except (ServiceError, KernelError) as error:
            self.forget(guest)
            raise MigrationRefused(f"{error}") from None

    def note(self, guest: Guest) -> None:
        """A successor of this mover has to know of it."""
        passage = Passage()
        passage.pid, passage.id, passage.node = guest.pid, guest.id, guest.source
        passage.incarnation = guest.id >> INCARNATION_SHIFT & INCARNATION
        Moving(self.programs.handle).note(passage)

    def drop(self, pid: u64) -> None:
        """What has come of a process before is dropped: its source has it, and sends it anew, or it has ended."""
        for guest in self.guests:
            if guest.pid == pid and guest.phase == Phase.ACCEPTED:
                self.discard(guest)

    def restore(self, pid: u64, id: u64, source: u64) -> None:
        """One that came before this mover's predecessor died: it runs, or will as soon as its source has passed what it
        can. If it was born elsewhere, its end is told there. (`id` is 0 if it is on its way to another node already.)
        """
        guest = self.guests[self.free_place()]
        guest.clear(id)
        guest.phase, guest.source, guest.pid = Phase.RUNNING, source, pid
        try:
            guest.process = Moving(self.programs.handle).open_process(pid)
            guest.restore(id != 0)
            if pid >> NODE_SHIFT != self.node:
                self.watch(guest)
            self.forget_at_home(guest)
        except (ServiceError, KernelError):
            self.forget(guest)  # it has just ended: that is noted

    def link(self, id: u64, value: u64, handle: u64) -> None:
        """A handle has come."""
        try:
            guest = self.expect_phase(id, Phase.ACCEPTED)
            if guest.link_count == MOST_LINKS:
                raise MigrationFailed("more handles than were announced")
        except ServiceError:
            close_if(handle)
            raise
        link = guest.links[guest.link_count]
        link.value, link.handle, link.kind = value, handle, Kind.NONE
        guest.link_count += 1

    def take_state(self, id: u64, data: Bytes) -> None:
        """Make threads, handles and start page: from now on it could run. Raises MigrationFailed."""
        guest = self.expect_phase(id, Phase.ACCEPTED)
        parcel = self.parcel
        parcel.fill(data)
        try:
            guest.sent_on_by = parcel.next()
            guest.cpu_time += parcel.next()
            self.make_threads(guest, parcel)
            self.make_handles(guest, parcel)
            make_start_page(guest.process, parcel)
            guest.phase = Phase.READY
        except (ServiceError, KernelError, Immovable) as error:
            self.discard(guest)
            raise MigrationFailed(f"the destination: {error}") from None

    def make_threads(self, guest: Guest, parcel: Parcel) -> None:
        """All of them, stopped; who waits for an answer waits for ours."""
        registers = Registers()
        count = parcel.next()
        for number in range(count):
            priority, is_calling = parcel.next(), parcel.next()
            buffer, size, timeout = parcel.next(), parcel.next(), parcel.next()
            parcel.next_bytes(address_of(registers), size_of(Registers))
            thread = guest.process.create_thread(registers.x[0], registers.x[2], 0, 0, priority)
            guest.threads[number] = thread
            guest.thread_count += 1
            thread.write_registers(registers)
            if is_calling != 0:
                guest.replies[number] = thread.await_reply(buffer, size, timeout)

    def make_handles(self, guest: Guest, parcel: Parcel) -> None:
        """All but those that are passed later, with their values, from the lowest place to the highest."""
        info = HandleInfo()
        for _ in range(parcel.next()):
            parcel.next_bytes(address_of(info), size_of(HandleInfo))
            if is_passed(info.kind):
                guest.expect_link(info)
            elif info.kind == Kind.SET:
                guest.process.create_set_at(info.handle)
            else:
                guest.process.install_at(self.handle_for(guest, info), info.handle)
        guest.fill_places()

    def handle_for(self, guest: Guest, info: HandleInfo) -> u64:
        """What is to be installed: what has come, with the rights that it had, or what stands for itself here."""
        match info.kind:
            case Kind.GATE:
                return weakened(guest.take_link(info.handle), info.rights)
            case Kind.PROCESS:
                return duplicate(guest.process.handle, info.rights)
            case Kind.THREAD:
                return duplicate(guest.threads[info.badge].handle, info.rights)
        return dead_gate()

    def go(self, id: u64) -> None:
        """Let it run."""
        guest = self.find(id)
        if guest.phase == Phase.RUNNING:
            return
        if guest.phase != Phase.READY:
            raise NoSuchMigration("not all of it is here")
        guest.phase = Phase.RUNNING
        first = Thread(duplicate(guest.threads[0].handle, Right.MANAGE | Right.DUPLICATE | Right.MOVE))
        Moving(self.programs.handle).settle(guest.pid, guest.cpu_time, guest.sent_on_by, first)
        if guest.pid >> NODE_SHIFT != self.node:
            self.watch(guest)
        close_if(guest.earlier.handle)
        guest.earlier.handle = NO_HANDLE
        if guest.awaited == 0:
            guest.resume()
        self.forget_at_home(guest)

    def pass_over(self, id: u64, value: u64, handle: u64) -> None:
        """A port or a reply right has come. Raises NoSuchMigration: nobody awaits it."""
        guest = self.find(id)
        for number in range(guest.link_count):
            link = guest.links[number]
            if link.value == value and link.is_awaited:
                guest.install(link, handle)
                self.forget_at_home(guest)
                return
        close_if(handle)
        raise NoSuchMigration("it was not awaited any more")

    def run(self, id: u64) -> None:
        """Nothing more comes."""
        guest = self.find(id)
        if guest.phase != Phase.RUNNING:
            raise NoSuchMigration("it was not handed over")
        lost = guest.give_up_links()
        if lost != 0:
            serial, home = guest.pid % (1 << 32), guest.pid >> NODE_SHIFT
            print(f"mover: {lost} ports of process {serial} of node {home} were lost with node {guest.source}")
        self.forget_at_home(guest)

    def watch(self, guest: Guest) -> None:
        """Hear of its end."""
        for place in range(u64(GUESTS)):
            if self.guests[place].phase != Phase.UNKNOWN and self.guests[place].id == guest.id:
                guest.child = self.programs.open(guest.pid)
                gate = Gate(duplicate(self.ended_gate.handle, Right.SEND | Right.MOVE | Right.DUPLICATE))
                guest.child.tell(gate, u64(1) << place)

    def deliver(self, id: u64, thread: u64, data: Bytes, handle: u64) -> None:
        """An answer to a call that was made before."""
        guest = self.find(id)
        if thread >= guest.thread_count or guest.replies[thread] == NO_HANDLE:
            close_if(handle)
            return
        self.parcel.fill(data)
        reply = guest.replies[thread]
        guest.replies[thread] = NO_HANDLE
        answer_call(guest.threads[thread], reply, self.parcel, handle)
        self.forget_at_home(guest)
        self.has_moved_on(guest)

    # ---- how it ends ----

    def abort(self, id: u64) -> None:
        """It does not come."""
        for guest in self.guests:
            if guest.id == id and (guest.phase == Phase.ACCEPTED or guest.phase == Phase.READY):
                self.discard(guest)

    def discard(self, guest: Guest) -> None:
        """What was made of it goes."""
        try:
            Moving(self.programs.handle).discard(guest.pid)
        except ServiceError:
            pass
        self.forget(guest)

    def forget(self, guest: Guest) -> None:
        """It is no business of ours any more."""
        guest.close_all()
        guest.phase = Phase.UNKNOWN


incoming: Incoming = Incoming()


def weakened(handle: u64, rights: u64) -> u64:
    """A handle that has come, with the rights that it had where it was."""
    if rights == Right.SEND | Right.DUPLICATE | Right.MOVE:
        return handle
    other = duplicate(handle, rights)
    close(handle)
    return other


def make_start_page(process: Process, parcel: Parcel) -> None:
    """The pages that it began with."""
    data = parcel.rest()
    pages = u64(len(data)) // PAGE_SIZE
    if pages == 0:
        return
    memory = create_memory(pages)
    try:
        memory.write(0, data)
        process.map(memory, 0, ARGUMENTS, pages, START_PAGE_RIGHTS)
    finally:
        memory.close()
