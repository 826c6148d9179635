"""The mover: takes processes in, sends them out, and answers for those that have left pages here.

The first thread only makes calls to services of this node, so that two movers never wait for each other. What goes out
has a thread each; what other nodes are to be told is said by another (errands).
"""

from atoll.abi.objects import NO_HANDLE, Info
from atoll.abi.raw import address_of, store64
from atoll.abi.startup import NAMING, PORT
from atoll.abi.types import Array, Bytes, Slice, u8, u64
from atoll.servers.memory.interface import Carrying, MemoryManager, NoSuchSpace, PageSource
from atoll.servers.migration.interface import Migration
from atoll.servers.mover import errands, recovery
from atoll.servers.mover.answers import helpers
from atoll.servers.mover.doubts import doubts
from atoll.servers.mover.incoming import GUESTS, MOVED_ON, incoming
from atoll.servers.mover.interface import (
    Immovable,
    MigrationFailed,
    MigrationRefused,
    Mover,
    NoSuchMigration,
    Offered,
    Order,
    Phase,
    Report,
    own_number,
)
from atoll.servers.mover.pages import SOURCE_BADGE
from atoll.servers.mover.speakers import Errand, say, speakers
from atoll.servers.mover.whereabouts import MOST_ABSENT, whereabouts
from atoll.servers.mover.workers import workers
from atoll.servers.naming.interface import Naming
from atoll.servers.programs.interface import Moving, NoSuchProgram, Programs
from atoll.userland.runtime.interface import Handle, ServiceError, call
from atoll.userland.runtime.kernel_errors import KernelError
from atoll.userland.runtime.messages import Gate, Port, create_port, create_set
from atoll.userland.runtime.objects import PORT_OF_GATE, read_info
from atoll.userland.runtime.service import FIRST_FREE_LABEL, loop, serve
from atoll.userland.runtime.startup import given
from atoll.userland.runtime.state import StateReader, StateRefused, StateWriter

ENDED_LABEL = FIRST_FREE_LABEL  # of the port that hears of guests' ends
ORDERS_LABEL = FIRST_FREE_LABEL + 1  # of programs that have moved and are to be ended
NODE_SHIFT = 48  # of pids
INCARNATION_SHIFT = 32
STATE_VERSION = 1
OWN_SOURCE = 0xFF  # number of the source that this node is itself
# ---- words of an Info ----
GATE_BADGE = 0
PORT_SERIAL = 0


class MoverServer(Mover, PageSource):
    """One node's."""

    starter: Migration
    node: u64
    orders: Port
    port_serial: u64  # of the port where it is called, and pages are fetched that stayed here
    wanted: Array[u8, 8]

    # ---- the starter ----

    def migrate_out(self, order: Order) -> Report:
        if incoming.is_arriving(order.pid):
            raise Immovable("it is just coming")
        workers.begin(order, call.postpone())
        return Report()

    def cancel_migrate(self, pid: u64) -> None:
        if not workers.cancel(pid):
            raise NoSuchMigration("it is not on its way from here")

    # ---- the peer ----

    def request(self, offered: Offered) -> None:
        try:
            self.starter.consider(offered.migrant.pid, offered.pages, offered.source)
        except (ServiceError, KernelError) as error:
            raise MigrationRefused(f"{error}") from None
        incoming.begin(offered)
        errands.look_later()

    def image(self, id: u64, pages: Bytes) -> None:
        guest = incoming.expect_phase(id, Phase.ACCEPTED)
        try:
            Carrying(incoming.memory.handle).write_pages(guest.space, pages)
        except ServiceError as error:
            raise MigrationFailed(f"{error}") from None

    def set_source(self, id: u64, node: u64, source: Gate) -> u64:
        guest = incoming.expect_phase(id, Phase.ACCEPTED)
        info = Info()
        read_info(source.handle, info)
        is_ours = info.words[PORT_OF_GATE] == self.port_serial and info.words[GATE_BADGE] & SOURCE_BADGE != 0
        if is_ours:  # it was here before, and left them here
            guest.earlier = source
            return OWN_SOURCE
        try:
            return Carrying(incoming.memory.handle).set_source(guest.space, node, PageSource(source.handle))
        except ServiceError as error:
            raise MigrationFailed(f"{error}") from None

    def expect(self, id: u64, source: u64, runs: Bytes) -> None:
        guest = incoming.expect_phase(id, Phase.ACCEPTED)
        carrying = Carrying(incoming.memory.handle)
        try:
            if source != OWN_SOURCE:
                carrying.expect(guest.space, source, runs)
                return
            info = Info()
            read_info(guest.earlier.handle, info)
            carrying.inherit(guest.space, info.words[GATE_BADGE] % SOURCE_BADGE, runs)
        except ServiceError as error:
            raise MigrationFailed(f"{error}") from None

    def link(self, id: u64, value: u64, handle: Gate) -> None:
        incoming.link(id, value, handle.handle)

    def set_error(self, id: u64, error: Gate) -> None:
        Moving(incoming.programs.handle).set_error(incoming.find(id).pid, error)

    def state(self, id: u64, data: Bytes) -> None:
        incoming.take_state(id, data)

    def go(self, id: u64) -> None:
        pid = incoming.find(id).pid
        incoming.go(id)
        here = self.node << 32 | own_number("incarnation")
        say(Errand.SETTLED, pid >> NODE_SHIFT, pid >> INCARNATION_SHIFT, pid, 0, here)
        errands.look_later()

    def pass_over(self, id: u64, value: u64, handle: Handle) -> None:
        incoming.pass_over(id, value, handle)

    def run(self, id: u64) -> None:
        incoming.run(id)

    def abort(self, id: u64) -> None:
        incoming.abort(id)

    def know(self, id: u64) -> Phase:
        phase = workers.know(id)
        return phase if phase != Phase.UNKNOWN else incoming.know(id)

    def deliver(self, id: u64, thread: u64, data: Bytes) -> None:
        incoming.deliver(id, thread, data, NO_HANDLE)

    def deliver_with(self, id: u64, thread: u64, data: Bytes, handle: Gate) -> None:
        incoming.deliver(id, thread, data, handle.handle)

    # ---- where it was born, and where it is ----

    def settled(self, pid: u64, node: u64, incarnation: u64) -> None:
        whereabouts.set(pid, node, incarnation)
        Moving(incoming.programs.handle).note_place(pid, node, incarnation)
        errands.look_later()

    def ended(self, pid: u64, status: u64) -> None:
        incoming.drop(pid)
        Moving(incoming.programs.handle).ended(pid, status)
        whereabouts.remove(pid)

    def has(self, pid: u64) -> bool:
        return incoming.has(pid)

    def end(self, pid: u64, status: u64) -> None:
        try:
            incoming.programs.kill(pid, status)
        except ServiceError:
            return  # it has ended, or moved on

    def is_here(self, pid: u64) -> bool:
        workers.ask(pid, call.postpone())
        return False

    # ---- pages that stayed here ----

    def fetch(self, page: u64, into: Slice[u8]) -> u64:
        if call.badge & SOURCE_BADGE == 0:
            raise NoSuchSpace("that gate is not for pages")
        store64(address_of(self.wanted), page)
        return Carrying(incoming.memory.handle).read_pages(call.badge % SOURCE_BADGE, self.wanted[:], into)

    def last_handle(self, badge: u64) -> None:
        try:
            Carrying(incoming.memory.handle).let_go(badge % SOURCE_BADGE)
        except ServiceError:
            return

    # ---- what happens ----

    def notified(self, bits: u64, label: u64) -> None:
        if label == ENDED_LABEL:
            for place in range(u64(GUESTS)):
                if bits >> place & 1 != 0:
                    self.guest_ended(place)
            if bits & MOVED_ON != 0:
                incoming.forget_moved()
                workers.tell_askers()
        elif label == ORDERS_LABEL:
            self.pass_orders()

    def guest_ended(self, place: u64) -> None:
        """Whoever waits for it waits where it was born. A guest that has moved on has not ended."""
        guest = incoming.guests[place]
        if guest.phase != Phase.RUNNING:
            return
        try:
            status = guest.child.join()
        except (ServiceError, KernelError):
            status = 1
        if guest.pid >> NODE_SHIFT != self.node:
            recovery.tell_end(guest.pid, status)
        incoming.forget(guest)

    def pass_orders(self) -> None:
        """Programs that were born here are to be ended where they are."""
        moving = Moving(incoming.programs.handle)
        try:
            while True:
                pid, status = moving.next_order()
                place = whereabouts.find(pid)
                if place != MOST_ABSENT:
                    absent = whereabouts.items[place]
                    say(Errand.END, absent.node, absent.incarnation, pid, 0, status)
        except NoSuchProgram:
            return


    # ---- hot swap: what is noted with the program manager is all that a successor needs, if nothing is on its way ----

    def export_state(self, writer: StateWriter) -> None:
        if workers.are_busy() or doubts.has_some():
            raise StateRefused("a program is on its way, or waits for an answer that comes by way of another node")
        if helpers.are_busy() or speakers.have_some():
            raise StateRefused("something is to be told to another node")
        writer.number(STATE_VERSION)

    def import_state(self, reader: StateReader) -> None:
        if reader.number() != STATE_VERSION:
            raise StateRefused("a mover of another version")

    def activated(self) -> None:
        """From now on we are called: at first by what our predecessor has begun."""
        info = Info()
        read_info(loop.port.handle, info)
        self.port_serial = info.words[PORT_SERIAL]
        Moving(incoming.programs.handle).set_mover(self.orders.mint(0), 1)
        errands.start(Mover(loop.port.mint(0).handle))
        workers.start(self.node, Port(loop.port.handle))
        recovery.recover(self.node)


server: MoverServer = MoverServer()


def main() -> None:
    """Serve for ever; a successor begins when its predecessor has handed over."""
    naming = Naming(given(NAMING))
    server.node = own_number("number")
    incoming.node = server.node
    incoming.memory = MemoryManager(naming.wait_for("/services/memory").handle)
    incoming.programs = Programs(naming.wait_for("/services/programs").handle)
    server.starter = Migration(naming.wait_for("/services/migration").handle)
    loop.ports = create_set()
    ended, server.orders = create_port(), create_port()
    incoming.ended_gate = ended.mint(0)
    loop.add(ended, ENDED_LABEL)
    loop.add(server.orders, ORDERS_LABEL)
    helpers.start()
    if given(PORT) != NO_HANDLE:
        loop.port.handle = given(PORT)
        server.activated()
    serve(server)
