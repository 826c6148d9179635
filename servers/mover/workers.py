"""The threads that carry out migrations from here, one each; whoever ordered one is answered when it is over."""

from atoll.abi.objects import NO_HANDLE
from atoll.abi.types import Array, u8, u64
from atoll.servers.memory.interface import Carrying
from atoll.servers.mover.answers import helpers
from atoll.servers.mover.incoming import MOVED_ON, incoming
from atoll.servers.mover.interface import (
    Immovable,
    MigrationFailed,
    MigrationInDoubt,
    MigrationRefused,
    Mover,
    Order,
    Phase,
    number_of,
    own_number,
)
from atoll.servers.mover.outgoing import Outgoing
from atoll.servers.programs.interface import Moving, Passage
from atoll.userland.runtime.interface import ServiceError
from atoll.userland.runtime.kernel_errors import KernelError
from atoll.userland.runtime.messages import Gate, Letter, Port, create_port
from atoll.userland.runtime.objects import Process
from atoll.userland.runtime.shared import SharedNumber
from atoll.userland.runtime.system import own_process
from atoll.userland.runtime.threads import start_thread

WORKERS = 2  # migrations at one time
MOST_GIVEN_UP = 32
PRIORITY = 12
NODE_SHIFT = 48
INCARNATION_SHIFT = 32
GENERATION_SHIFT = 20  # of serial numbers: each start of this server has its own

# ---- what a worker does ----
IDLE = 0
BUSY = 1


class Worker:
    """One thread."""

    port: Port
    gate: Gate
    state: SharedNumber
    reply: u64
    id: u64
    outgoing: Outgoing
    passage: Passage
    is_resumed: bool  # the migration was begun by another mover, who has died
    asker: u64  # then: who is to be told when it is over
    stack: Array[u8, 32768]

    def work(self) -> None:
        """One migration."""
        if self.is_resumed:
            self.outgoing.recover(self.passage)
        else:
            self.migrate()
        if self.outgoing.phase.read() != Phase.RUNNING:
            workers.note_given_up(self.id)
        self.state.write(IDLE)
        incoming.ended_gate.notify(MOVED_ON)

    def migrate(self) -> None:
        """A new one; the answer."""
        try:
            self.outgoing.run(self.id, workers.node)
            Mover.reply_migrate_out(self.reply, self.outgoing.report)
        except Immovable as error:
            Mover.fail(self.reply, Immovable(f"{error}"))
        except MigrationRefused as error:
            Mover.fail(self.reply, MigrationRefused(f"{error}"))
        except MigrationInDoubt as error:
            Mover.fail(self.reply, MigrationInDoubt(f"{error}"))
        except Exception as error:
            Mover.fail(self.reply, MigrationFailed(f"{error}"))


class Workers:
    """All of them."""

    items: Array[Worker, WORKERS]
    node: u64
    serial: u64
    boot: u64  # the upper half of the numbers of migrations from here
    given_up: Array[u64, MOST_GIVEN_UP]  # numbers of the last ones
    given_up_count: u64

    def start(self, node: u64, sources: Port) -> None:
        """Make the threads."""
        self.node = node
        self.boot = (node << NODE_SHIFT) + (own_number("incarnation") % 65536 << INCARNATION_SHIFT)
        self.serial = number_of("GENERATION") << GENERATION_SHIFT
        for index in range(u64(WORKERS)):
            item = self.items[index]
            item.outgoing.carrying = Carrying(incoming.memory.handle)
            item.outgoing.moving = Moving(incoming.programs.handle)
            item.outgoing.other.moving = Moving(incoming.programs.handle)
            item.outgoing.pages.node, item.outgoing.pages.sources = node, Port(sources.handle)
            item.port = create_port()
            item.gate = item.port.mint(0)
            start_thread(Process(own_process()), serve, index, item.stack[:], PRIORITY)

    def begin(self, order: Order, reply: u64) -> None:
        """Give an order to a thread that has nothing to do; if there is none it is refused."""
        for item in self.items:
            if item.state.read() == IDLE and item.asker == NO_HANDLE:
                self.serial += 1
                item.id = self.boot + self.serial
                item.outgoing.order = order
                item.outgoing.is_cancelled.write(0)
                item.outgoing.phase.write(Phase.ACCEPTED)
                item.reply, item.is_resumed = reply, False
                item.state.write(BUSY)
                item.gate.notify(1)
                return
        Mover.fail(reply, MigrationRefused("as many processes are on their way as there is room for"))

    def resume(self, passage: Passage) -> None:
        """Go on with what a mover before us had begun."""
        for item in self.items:
            if item.state.read() == IDLE:
                item.id, item.is_resumed = passage.id, True
                item.passage = passage
                item.outgoing.order.pid = passage.pid
                item.outgoing.is_cancelled.write(0)
                item.outgoing.phase.write(passage.phase)
                item.state.write(BUSY)
                item.gate.notify(1)
                return

    def ask(self, pid: u64, asker: u64) -> None:
        """Tell somebody whether a process is here, when it is not on its way any more."""
        for item in self.items:
            if item.is_resumed and item.outgoing.order.pid == pid and item.asker == NO_HANDLE:
                item.asker = asker
                self.tell_askers()
                return
        Mover.reply_is_here(asker, is_here(pid))

    def tell_askers(self) -> None:
        """Of what is over."""
        for item in self.items:
            if item.asker != NO_HANDLE and item.state.read() == IDLE:
                Mover.reply_is_here(item.asker, is_here(item.outgoing.order.pid))
                item.asker = NO_HANDLE

    def are_busy(self) -> bool:
        """Whether a program is on its way from here."""
        for item in self.items:
            if item.state.read() == BUSY:
                return True
        return False

    def note_given_up(self, id: u64) -> None:
        """A destination that was not told may ask."""
        self.given_up[self.given_up_count % MOST_GIVEN_UP] = id
        self.given_up_count += 1

    def know(self, id: u64) -> Phase:
        """How far a migration from here is."""
        for item in self.items:
            if item.id == id and item.state.read() == BUSY:
                return Phase(item.outgoing.phase.read())
        if helpers.has(id):
            return Phase.RUNNING
        return Phase.GIVEN_UP if id in self.given_up[:] else Phase.UNKNOWN

    def cancel(self, pid: u64) -> bool:
        """Have a migration given up; False if that process is not on its way."""
        for item in self.items:
            if item.state.read() == BUSY and item.outgoing.order.pid == pid:
                item.outgoing.is_cancelled.write(1)
                return True
        return False


workers: Workers = Workers()


def is_here(pid: u64) -> bool:
    """Whether a process runs here."""
    try:
        return Moving(incoming.programs.handle).describe_migrant(pid).pid == pid
    except (ServiceError, KernelError):
        return False


def serve(index: u64) -> None:
    """A worker's thread."""
    item = workers.items[index]
    told = Letter()
    while True:
        item.port.receive(told)
        if item.state.read() == BUSY:
            item.work()
