"""The starter: policy apart from mechanism, as in Charlotte. It offers processes to other nodes and takes theirs.

The first thread answers at once; what has to be asked of other nodes and of the mover is asked by threads of their own.
"""

from atoll.abi.objects import NO_HANDLE
from atoll.abi.startup import NAMING
from atoll.abi.types import Array, u8, u64
from atoll.servers.memory.interface import MemoryManager
from atoll.servers.migration.interface import Migration, NotWanted
from atoll.servers.mover.interface import (
    Immovable,
    MigrationFailed,
    MigrationInDoubt,
    MigrationRefused,
    Mover,
    Order,
    Report,
    own_number,
    service_on,
)
from atoll.servers.naming.interface import Naming
from atoll.userland.runtime.interface import OutcomeUnknown, ServiceError, call
from atoll.userland.runtime.kernel_calls import clock
from atoll.userland.runtime.kernel_errors import KernelError
from atoll.userland.runtime.messages import Gate, Letter, Port, create_port
from atoll.userland.runtime.objects import Process, close
from atoll.userland.runtime.service import serve
from atoll.userland.runtime.shared import SharedNumber
from atoll.userland.runtime.startup import given
from atoll.userland.runtime.state import StateReader, StateRefused, StateWriter
from atoll.userland.runtime.system import own_process
from atoll.userland.runtime.threads import start_thread

WORKERS = 2
PRIORITY = 13
SERVICE = "/services/migration"
MOVER = "/services/mover"
RESERVE = 64  # pages that stay free for this node's own programs
STATE_VERSION = 1
IDLE = 0
BUSY = 1


class Negotiator:
    """One migration that this node begins."""

    port: Port
    gate: Gate
    state: SharedNumber
    order: Order
    report: Report
    reply: u64
    stack: Array[u8, 16384]

    def work(self) -> None:
        """Offer it (1, 2), have it moved (3); the answer."""
        try:
            self.offer()
            self.move()
            Migration.reply_migrate(self.reply, self.report)
        except Immovable as error:
            Migration.fail(self.reply, Immovable(f"{error}"))
        except MigrationFailed as error:
            Migration.fail(self.reply, MigrationFailed(f"{error}"))
        except MigrationInDoubt as error:
            Migration.fail(self.reply, MigrationInDoubt(f"{error}"))
        except (ServiceError, KernelError) as error:
            Migration.fail(self.reply, MigrationRefused(f"{error}"))
        self.state.write(IDLE)

    def move(self) -> None:
        """Message 3. If the mover dies, its successor gives it up or ends it. Raises what `migrate_out` does."""
        start = clock()
        try:
            self.report = mover().migrate_out(self.order)
            return
        except OutcomeUnknown:
            self.report = Report()
        if mover().is_here(self.order.pid):
            raise MigrationFailed("its mover has died on the way; it goes on where it was")
        if not self.is_there():
            raise MigrationInDoubt("its mover has died on the way; `ps` shows where it is, or that it has ended")
        self.report.total = clock() - start

    def is_there(self) -> bool:
        """Whether its destination has it."""
        try:
            peer = Mover(service_on(self.order.node, MOVER))
        except (ServiceError, KernelError):
            return False
        try:
            return peer.has(self.order.pid)
        except (ServiceError, KernelError):
            return False
        finally:
            close(peer.handle)

    def offer(self) -> None:
        """Messages 1 and 2. Raises NotWanted, ServiceError."""
        peer = Migration(service_on(self.order.node, SERVICE))
        try:
            peer.offer(self.order.pid, starter.node)
        finally:
            close(peer.handle)


class Starter(Migration):
    """One node's."""

    negotiators: Array[Negotiator, WORKERS]
    node: u64
    memory: MemoryManager

    def migrate(self, order: Order) -> Report:
        if order.node == self.node:
            raise MigrationRefused("it is on this node already")
        for item in self.negotiators:
            if item.state.read() == IDLE:
                item.order = order
                item.reply = call.postpone()
                item.state.write(BUSY)
                item.gate.notify(1)
                return Report()
        raise MigrationRefused("as many processes are on their way as there is room for")

    def cancel(self, pid: u64) -> None:
        mover().cancel_migrate(pid)

    def offer(self, pid: u64, source: u64) -> None:
        return  # whoever offers gets a yes; how much it needs is looked at when that is known

    def consider(self, pid: u64, pages: u64, source: u64) -> None:
        totals = self.memory.totals()
        free = totals.free + totals.swap_total - totals.swap_used
        if totals.free < pages and free < pages + RESERVE and totals.total > 8192:
            raise NotWanted(f"it needs {pages} pages, and {free} are free")


    # ---- hot swap: between two migrations there is nothing to hand over ----

    def export_state(self, writer: StateWriter) -> None:
        for item in self.negotiators:
            if item.state.read() == BUSY:
                raise StateRefused("a program is on its way from here")
        writer.number(STATE_VERSION)

    def import_state(self, reader: StateReader) -> None:
        if reader.number() != STATE_VERSION:
            raise StateRefused("a starter of another version")


starter: Starter = Starter()
known: Gate = Gate(NO_HANDLE)


def mover() -> Mover:
    """This node's mover, which starts after us."""
    if known.handle == NO_HANDLE:
        known.handle = Naming(given(NAMING)).wait_for(MOVER).handle
    return Mover(known.handle)


def serve_one(index: u64) -> None:
    """A negotiator's thread."""
    item = starter.negotiators[index]
    told = Letter()
    while True:
        item.port.receive(told)
        if item.state.read() == BUSY:
            item.work()


def main() -> None:
    """Serve for ever."""
    starter.node = own_number("number")
    starter.memory = MemoryManager(Naming(given(NAMING)).wait_for("/services/memory").handle)
    for index in range(u64(WORKERS)):
        item = starter.negotiators[index]
        item.port = create_port()
        item.gate = item.port.mint(0)
        start_thread(Process(own_process()), serve_one, index, item.stack[:], PRIORITY)
    serve(starter)
