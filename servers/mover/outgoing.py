"""A process that goes: negotiated, its image, its links and its state sent, handed over, cleaned up behind.

A thread for each migration under way makes the calls to the other node's mover. Before GO everything can be given up,
and the process goes on here; once GO was sent it never runs here again.
"""

from atoll.abi.objects import NO_HANDLE, HandleInfo, Kind, Registers
from atoll.abi.raw import address_of, view
from atoll.abi.types import Array, u64
from atoll.abi.wire import Delivery
from atoll.servers.memory.interface import Carrying, bit_of
from atoll.servers.mover.answers import NOBODY, helpers
from atoll.servers.mover.capture import PC, Capture
from atoll.servers.mover.counterpart import Counterpart, close_quietly
from atoll.servers.mover.guest import is_passed
from atoll.servers.mover.interface import (
    MOST_THREADS,
    Immovable,
    MemoryStrategy,
    MigrationFailed,
    MigrationRefused,
    Mover,
    NoSuchMigration,
    Offered,
    Order,
    Phase,
    Report,
)
from atoll.servers.mover.packing import pack
from atoll.servers.mover.pages import Pages
from atoll.servers.mover.parcel import Parcel
from atoll.servers.mover.peers import tell_leaving
from atoll.servers.mover.speakers import Errand, say
from atoll.servers.programs.interface import Moving, Passage
from atoll.userland.runtime.interface import ServiceError, Unreachable
from atoll.userland.runtime.kernel_calls import clock
from atoll.userland.runtime.kernel_errors import KernelError
from atoll.userland.runtime.messages import Gate, Port
from atoll.userland.runtime.objects import Process, Thread, close, duplicate
from atoll.userland.runtime.shared import SharedNumber

NODE_SHIFT = 48  # of pids
INCARNATION_SHIFT = 32
ECALL = 0x73  # the instruction
LOST = 130  # status of a program that died with its destination


class Outgoing:
    """One migration, and all that it needs."""

    order: Order
    report: Report
    offered: Offered
    capture: Capture
    pages: Pages
    other: Counterpart
    passage: Passage
    carrying: Carrying
    moving: Moving
    is_cancelled: SharedNumber
    phase: SharedNumber  # a Phase
    has_frozen: bool
    may_be_ready: bool  # the destination may have all of it, and run it if this node ends
    frozen_at: u64
    calls: Array[u64, MOST_THREADS]  # helpers that have taken calls; NOBODY
    parcel: Parcel

    def run(self, id: u64, own_node: u64) -> None:
        """All of it. Raises Immovable, MigrationRefused, MigrationFailed."""
        start = clock()
        self.report = Report()
        self.has_frozen, self.may_be_ready = False, False
        self.offered.id, self.offered.source = id, own_node
        self.begin(self.order.node)
        try:
            self.prepare()
            self.negotiate()
            self.transfer()
            self.hand_over()
        finally:
            self.capture.close()
            self.other.leave()
        self.report.total = clock() - start

    def begin(self, node: u64) -> None:
        """Nothing is known of it yet."""
        self.capture.process.handle, self.capture.thread_count = NO_HANDLE, 0
        for number in range(u64(MOST_THREADS)):
            self.calls[number] = NOBODY
        self.other.begin(node, self.offered.id, self.order.pid)
        self.passage = Passage()
        self.passage.pid, self.passage.id, self.passage.node = self.order.pid, self.offered.id, node
        self.passage.memory, self.passage.delivery = self.order.memory, self.order.delivery

    # ---- what was begun before ----

    def recover(self, passage: Passage) -> None:
        """Give up, or finish, a migration whose mover has died."""
        self.order.pid, self.order.node = passage.pid, passage.node
        self.order.memory, self.order.delivery = passage.memory, passage.delivery
        self.offered.id = passage.id
        self.begin(passage.node)
        self.passage = passage
        self.other.incarnation = passage.incarnation
        self.has_frozen, self.may_be_ready = True, passage.phase != Phase.ACCEPTED
        try:
            self.offered.migrant = self.moving.describe_migrant(passage.pid)
            self.capture.open(self.moving.open_process(passage.pid))
            self.capture.list_all()
            self.go_on(passage)
        except (ServiceError, KernelError) as error:
            print(f"mover: the migration of process {passage.pid % (1 << 32)} after a mover's death: {error}")
        finally:
            self.capture.close()
            self.other.leave()

    def go_on(self, passage: Passage) -> None:
        """Its threads, handles and pages are here still, and the destination says what it has."""
        if passage.phase == Phase.RUNNING and self.was_handed_over():
            self.pages.begin(self.offered.migrant.space, self.carrying)
            self.pages.kept = u64(self.order.memory == MemoryStrategy.REFERENCE)
            self.finish()
            return
        if passage.phase == Phase.READY:
            self.other.open_again()
            self.other.wait_until_dropped()
        for number in range(self.capture.thread_count):
            if passage.calls >> number & 1 != 0:
                end_call(self.capture.process, self.capture.thread_handles[number])
        self.give_up()

    # ---- negotiation ----

    def prepare(self) -> None:
        """What there is of the process, and whether it can be moved at all. Raises Immovable."""
        offered = self.offered
        try:
            offered.migrant = self.moving.describe_migrant(self.order.pid)
            self.capture.open(self.moving.open_process(self.order.pid))
            self.capture.list_all()
            offered.region_bytes = self.carrying.regions(offered.migrant.space, offered.regions[:])
            self.pages.begin(offered.migrant.space, self.carrying)
            offered.pages = self.pages.survey()
        except (ServiceError, KernelError) as error:
            raise Immovable(f"{error}") from None
        offered.links, offered.threads = self.capture.handle_count, self.capture.thread_count
        offered.memory, offered.delivery = self.order.memory, self.order.delivery

    def negotiate(self) -> None:
        """Messages 4 to 7. Raises MigrationRefused."""
        self.other.meet()
        self.pages.peer, self.pages.id = Mover(self.other.mover.handle), self.offered.id
        try:
            self.report.messages += 1
            self.other.mover.request(self.offered)
        except (ServiceError, KernelError) as error:
            self.abort()  # it may have got it nevertheless
            raise MigrationRefused(f"{error}") from None

    def note(self, phase: Phase) -> None:
        """A successor of this mover has to know how far it is."""
        self.passage.phase, self.passage.incarnation = phase, self.other.incarnation
        self.moving.note(self.passage)

    # ---- transfer ----

    def transfer(self) -> None:
        """Image, links, state; whatever fails, the process goes on here. Raises MigrationFailed, Immovable."""
        try:
            self.note(Phase.ACCEPTED)
            self.carrying.hold(self.offered.migrant.space, True)
            if self.order.memory == MemoryStrategy.PRECOPY:
                self.report.rounds = self.pages.send_rounds(self.is_cancelled)
            self.freeze()
            self.send_image()
            self.send_links()
            self.send_state()
            self.check_cancelled()
        except Exception as error:
            if self.may_be_ready:
                self.other.wait_until_dropped()
            self.give_up()
            raise MigrationFailed(f"{error}") from None
        self.phase.write(Phase.READY)

    def check_cancelled(self) -> None:
        """Raises MigrationFailed."""
        if self.is_cancelled.read() != 0:
            raise MigrationFailed("it was cancelled")

    def freeze(self) -> None:
        """No thread runs; whose calls are under way is waited for by others."""
        self.check_cancelled()
        self.frozen_at = clock()
        self.has_frozen = True
        self.capture.stop()
        self.capture.list_handles()
        self.note_calls()
        for number in range(self.capture.thread_count):
            captured, thread = self.capture.threads[number], self.capture.thread_handles[number]
            if captured.is_calling != 0:
                self.pages.find_buffer(captured)
                taker = helpers.take(thread, number, self.offered.id, captured.buffer_size, captured.timeout)
                self.calls[number] = taker
                if taker == NOBODY:  # the answer has just come, or nobody is free
                    self.capture.settle(thread, captured)
                    if captured.is_calling != 0:
                        raise MigrationFailed("too many calls are waited for already")

    def note_calls(self) -> None:
        """Whose calls are about to be taken over."""
        for number in range(self.capture.thread_count):
            self.passage.calls = self.passage.calls | self.capture.threads[number].is_calling << number
        if self.passage.calls != 0:
            self.note(Phase.ACCEPTED)

    def send_image(self) -> None:
        """The pages that are not there yet, or that stay."""
        if self.order.memory == MemoryStrategy.REFERENCE:
            self.report.left = self.pages.leave_behind()
        elif self.order.memory == MemoryStrategy.PRECOPY:
            self.pages.send_written()
        else:
            self.pages.send_all()

    def send_links(self) -> None:
        """A gate after the other, each acknowledged; its error stream besides."""
        process = self.capture.process
        for number in range(self.capture.handle_count):
            info = self.capture.handles[number]
            if info.kind != Kind.GATE:
                continue
            taken = process.take(info.handle)
            try:
                sent = duplicate(taken, info.rights)
            finally:
                process.install_at(taken, info.handle)
            self.report.messages += 1
            try:
                self.other.mover.link(self.offered.id, info.handle, Gate(sent))
                self.report.links += 1
            except KernelError:
                close_quietly(sent)
                info.kind = Kind.DEAD
        try:
            self.other.mover.set_error(self.offered.id, self.moving.open_error(self.order.pid))
        except (ServiceError, KernelError):
            return  # it has none

    def send_state(self) -> None:
        """Threads, handles, start page; the reply says READY."""
        parcel = self.parcel
        parcel.clear()
        pack(self.capture, parcel, self.sent_on_by())
        self.report.messages += 1
        self.report.bytes += parcel.size
        self.may_be_ready = True
        self.note(Phase.READY)
        self.other.mover.state(self.offered.id, parcel.contents())

    def sent_on_by(self) -> u64:
        """Nodes that will send on what comes to its ports (unless they are told where it is: then nobody will)."""
        if self.order.delivery != Delivery.REDIRECT:
            return 0
        own = bit_of(self.offered.source) if self.capture.has_ports() else u64(0)
        return (self.offered.migrant.sent_on_by | own) & ~bit_of(self.order.node)

    # ---- the end ----

    def give_up(self) -> None:
        """The process goes on here; the destination forgets it, now or when it is heard of."""
        self.phase.write(Phase.GIVEN_UP)
        try:
            self.carrying.hold(self.offered.migrant.space, False)
        except (ServiceError, KernelError):
            pass
        if self.has_frozen:
            for number in range(self.capture.thread_count):
                if self.calls[number] != NOBODY:
                    captured, thread = self.capture.threads[number], self.capture.thread_handles[number]
                    helpers.give_back(
                        self.calls[number], thread.await_reply(captured.buffer, captured.buffer_size, captured.timeout)
                    )
            self.capture.resume()
        self.passage.id = 0
        try:
            self.note(Phase.GIVEN_UP)
        except (ServiceError, KernelError):
            pass  # it has ended
        self.abort()

    def abort(self) -> None:
        """The destination is told that it does not come."""
        say(Errand.ABORT, self.order.node, self.other.incarnation, self.order.pid, self.offered.id, 0)

    def hand_over(self) -> None:
        """GO: from here on it is the destination's. Raises MigrationFailed."""
        self.report.messages += 1
        try:
            self.note(Phase.RUNNING)
            self.other.mover.go(self.offered.id)
        except (Unreachable, NoSuchMigration) as error:
            self.give_up()
            raise MigrationFailed(f"{error}") from None
        except (ServiceError, KernelError):
            if not self.was_handed_over():
                self.give_up()
                raise MigrationFailed("its destination does not know it") from None
        self.finish()

    def was_handed_over(self) -> bool:
        """Nobody knows whether GO came there: frozen, until that node is heard of. Raises MigrationFailed.

        A node that was switched on again has lost the process, if it ever had it; it may have run, so it does not here.
        """
        try:
            return self.other.has_it()
        except MigrationFailed:
            self.lose()
            raise

    def finish(self) -> None:
        """It is the destination's."""
        self.phase.write(Phase.RUNNING)
        self.pass_rest()
        self.report.freeze = clock() - self.frozen_at
        for number in range(self.capture.thread_count):
            if self.calls[number] != NOBODY:
                self.report.calls += 1
                helpers.give_on(self.calls[number], Mover(self.other.mover.handle))
        self.tell_home()
        self.clean_up()

    def tell_home(self) -> None:
        """Where it is: if its destination dies now, it can perhaps not say so itself."""
        pid, other = self.order.pid, self.other
        say(Errand.SETTLED, pid >> NODE_SHIFT, pid >> INCARNATION_SHIFT, pid, 0, other.node << 32 | other.incarnation)

    def pass_rest(self) -> None:
        """Ports and rights to reply, which can be in one place only. What cannot be passed is lost."""
        is_complete = True
        for number in range(self.capture.handle_count):
            info = self.capture.handles[number]
            if is_passed(info.kind):
                is_complete = self.pass_over(info) and is_complete
        if is_complete:
            return
        try:
            self.other.mover.run(self.offered.id)
        except (ServiceError, KernelError):
            return  # the destination asks whether more comes

    def pass_over(self, info: HandleInfo) -> bool:
        """One of them; False if it is lost."""
        self.report.messages += 1
        handle = NO_HANDLE
        try:
            handle = self.capture.process.take(info.handle)
            if info.kind == Kind.PORT and self.order.delivery != Delivery.REDIRECT:
                tell_leaving(Port(handle), self.order.delivery)
            elif info.kind == Kind.PORT:
                self.report.ports += 1
            self.other.mover.pass_over(self.offered.id, info.handle, handle)
        except KernelError:
            close_quietly(handle)
            return False
        except ServiceError:
            return False
        self.report.links += 1
        return True

    def lose(self) -> None:
        """Whoever waits for it learns that it has ended: at the node where it was born."""
        self.phase.write(Phase.RUNNING)
        self.moving.depart(self.order.pid, False)
        pid = self.order.pid
        say(Errand.ENDED, pid >> NODE_SHIFT, pid >> INCARNATION_SHIFT, pid, 0, LOST)

    def clean_up(self) -> None:
        """What it had here goes; with reference, not the pages."""
        keeps = self.pages.kept > 0
        if keeps:
            self.carrying.retain(self.offered.migrant.space)
        self.moving.depart(self.order.pid, keeps)
        self.report.bytes += self.pages.bytes
        self.report.messages += self.pages.messages
        self.report.pages = self.pages.sent


def end_call(process: Process, thread: Thread) -> None:
    """The reply to a stopped thread's call has gone with who waited for it: as if whom it called had died."""
    registers = Registers()
    instruction: Array[u64, 1] = Array()
    try:
        thread.read_registers(registers)
        process.read(registers.x[PC], view(address_of(instruction), 4))
        if instruction[0] == ECALL:  # else it has just been answered
            close(thread.await_reply(0, 0))
    except KernelError:
        return  # it waits still: nobody has taken its call over
