"""A process that goes: negotiated, its image, its links and its state sent, handed over, cleaned up behind.

A thread for each migration under way makes the calls to the other node's mover. Before GO everything can be given up,
and the process goes on here; once GO was sent it never runs here again.
"""

from atoll.abi.objects import NO_HANDLE, HandleInfo, Kind
from atoll.abi.types import Array, u64
from atoll.abi.wire import Delivery
from atoll.servers.memory.interface import Carrying, bit_of
from atoll.servers.mover.answers import NOBODY, close_quietly, helpers
from atoll.servers.mover.capture import Capture
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
from atoll.servers.mover.peers import Nodes, open_peer, tell_ended, tell_leaving, tell_settled
from atoll.servers.network.interface import Member
from atoll.servers.programs.interface import Moving
from atoll.userland.runtime.interface import ServiceError, Unreachable
from atoll.userland.runtime.kernel_calls import clock, sleep
from atoll.userland.runtime.kernel_errors import KernelError
from atoll.userland.runtime.messages import Gate, Port
from atoll.userland.runtime.objects import close, duplicate
from atoll.userland.runtime.shared import SharedNumber

ASK_AGAIN = 1_000_000_000  # nanoseconds until a node that may have the process is asked again
NODE_SHIFT = 48  # of pids
TRIES = 3  # to tell
LOST = 130  # status of a program that died with its destination


class Outgoing:
    """One migration, and all that it needs."""

    order: Order
    report: Report
    offered: Offered
    capture: Capture
    pages: Pages
    peer: Mover
    carrying: Carrying
    moving: Moving
    is_cancelled: SharedNumber
    phase: SharedNumber  # a Phase
    destination: Member
    nodes: Nodes
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
        self.peer.handle, self.capture.process.handle = NO_HANDLE, NO_HANDLE
        self.capture.thread_count = 0
        self.phase.write(Phase.UNKNOWN)
        self.offered.id, self.offered.source = id, own_node
        try:
            self.prepare()
            self.negotiate()
            self.transfer()
            self.hand_over()
        finally:
            self.capture.close()
            if self.peer.handle != NO_HANDLE:
                close(self.peer.handle)
        self.report.total = clock() - start

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
        if not self.nodes.find(self.order.node, self.destination):
            raise MigrationRefused("there is no such node")
        self.peer = open_peer(self.order.node)
        self.pages.peer, self.pages.id = Mover(self.peer.handle), self.offered.id
        try:
            self.report.messages += 1
            self.peer.request(self.offered)
        except (ServiceError, KernelError) as error:
            raise MigrationRefused(f"{error}") from None
        self.phase.write(Phase.ACCEPTED)

    # ---- transfer ----

    def transfer(self) -> None:
        """Image, links, state; whatever fails, the process goes on here. Raises MigrationFailed, Immovable."""
        try:
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
                self.take_back()
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
        for number in range(u64(MOST_THREADS)):
            self.calls[number] = NOBODY
        self.capture.stop()
        self.capture.list_handles()
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
                self.peer.link(self.offered.id, info.handle, Gate(sent))
                self.report.links += 1
            except KernelError:
                close_quietly(sent)
                info.kind = Kind.DEAD
        try:
            self.peer.set_error(self.offered.id, self.moving.open_error(self.order.pid))
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
        self.peer.state(self.offered.id, parcel.contents())

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
        try:
            self.peer.abort(self.offered.id)
        except (ServiceError, KernelError):
            return

    def hand_over(self) -> None:
        """GO: from here on it is the destination's. Raises MigrationFailed."""
        self.report.messages += 1
        try:
            self.peer.go(self.offered.id)
        except (Unreachable, NoSuchMigration) as error:
            self.give_up()
            raise MigrationFailed(f"{error}") from None
        except (ServiceError, KernelError):
            self.resolve_doubt()
        self.phase.write(Phase.RUNNING)
        self.pass_rest()
        self.report.freeze = clock() - self.frozen_at
        for number in range(self.capture.thread_count):
            if self.calls[number] != NOBODY:
                self.report.calls += 1
                helpers.give_on(self.calls[number], Mover(self.peer.handle))
        self.tell_home()
        self.clean_up()

    def tell_home(self) -> None:
        """Where it is: if its destination dies now, it can perhaps not say so itself."""
        home = self.order.pid >> NODE_SHIFT
        for _ in range(TRIES):
            try:
                tell_settled(home, self.order.pid, self.destination)
                return
            except (ServiceError, KernelError):
                sleep(ASK_AGAIN)

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
            self.peer.run(self.offered.id)
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
            self.peer.pass_over(self.offered.id, info.handle, handle)
        except KernelError:
            close_quietly(handle)
            return False
        except ServiceError:
            return False
        self.report.links += 1
        return True

    def resolve_doubt(self) -> None:
        """Nobody knows whether GO came there: frozen, until that node is heard of. Raises MigrationFailed.

        A node that was switched on again has lost the process, if it ever had it; it may have run, so it does not here.
        """
        while True:
            member = self.look_at_destination()
            if member.incarnation != self.destination.incarnation:
                self.lose()
                raise MigrationFailed("its destination has died with it")
            if member.is_up != 0 and self.ask_destination():
                self.doubt(False)
                return

    def look_at_destination(self) -> Member:
        """A moment later: how it is. So long it is unknown who has the process."""
        member = Member()
        self.doubt(True)
        sleep(ASK_AGAIN)
        while not self.nodes.find(self.order.node, member):
            sleep(ASK_AGAIN)
        return member

    def doubt(self, is_in_doubt: bool) -> None:
        """Have it shown."""
        try:
            self.moving.doubt(self.order.pid, is_in_doubt)
        except (ServiceError, KernelError):
            return

    def take_back(self) -> None:
        """The destination may have all of it, and would run it if this node ended: first it has to drop it, or to have
        ended itself. Until then the process stays frozen.
        """
        while not self.is_dropped():
            member = self.look_at_destination()
            if member.incarnation != self.destination.incarnation:
                break
            self.open_again()
        self.doubt(False)

    def is_dropped(self) -> bool:
        """Whether the destination says that it has it no more."""
        try:
            self.peer.abort(self.offered.id)
        except (ServiceError, KernelError):
            return False
        return True

    def open_again(self) -> None:
        """Another gate to the destination: the one that we have is dead, if it was away."""
        if self.peer.handle != NO_HANDLE:
            close_quietly(self.peer.handle)
        self.peer.handle = NO_HANDLE
        try:
            self.peer = open_peer(self.order.node)
        except MigrationRefused:
            return

    def ask_destination(self) -> bool:
        """Whether the process is there for certain. Raises MigrationFailed: it is not, and goes on here."""
        try:
            self.open_again()
            phase = self.peer.know(self.offered.id)
            if phase == Phase.READY:
                self.peer.go(self.offered.id)
        except (ServiceError, KernelError):
            return False
        if phase == Phase.UNKNOWN:
            self.give_up()
            raise MigrationFailed("its destination does not know it")
        return True

    def lose(self) -> None:
        """Whoever waits for it learns that it has ended: at the node where it was born."""
        self.phase.write(Phase.RUNNING)
        self.moving.depart(self.order.pid, False)
        home = self.order.pid >> NODE_SHIFT
        for _ in range(TRIES):
            try:
                if home == self.offered.source:
                    self.moving.ended(self.order.pid, LOST)
                else:
                    tell_ended(home, self.order.pid, LOST)
                return
            except (ServiceError, KernelError):
                sleep(ASK_AGAIN)

    def clean_up(self) -> None:
        """What it had here goes; with reference, not the pages."""
        keeps = self.pages.kept > 0
        if keeps:
            self.carrying.retain(self.offered.migrant.space)
        self.moving.depart(self.order.pid, keeps)
        self.report.bytes += self.pages.bytes
        self.report.messages += self.pages.messages
        self.report.pages = self.pages.sent
