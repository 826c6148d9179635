"""The usher: the load server's third thread, which has programs moved to other nodes: guests when the owner is back,
others when it pays. The load server says who and where to, the migration server does it.
"""

from atoll.abi.objects import NO_HANDLE
from atoll.abi.raw import address_of, at
from atoll.abi.types import Array, u8, u64
from atoll.abi.wire import Delivery
from atoll.servers.load.interface import PROGRAM_SIZE, Load, Move, NoWay, ProgramLoad
from atoll.servers.migration.interface import Migration
from atoll.servers.mover.interface import MemoryStrategy, Order
from atoll.servers.naming.interface import Naming
from atoll.userland.runtime.interface import ServiceError
from atoll.userland.runtime.kernel_errors import KernelError
from atoll.userland.runtime.messages import Gate, Letter, Port, create_port
from atoll.userland.runtime.objects import Process
from atoll.userland.runtime.system import own_process
from atoll.userland.runtime.threads import start_thread

PRIORITY = 13
SERVICE = "/services/migration"
AT_ONCE = 16  # guests that are asked for in one call
SERIAL = 0xFFFF_FFFF  # of a pid

# ---- notification bits, from the first thread ----
OWNER = 1  # the owner is back
CONSIDER = 2  # perhaps it pays to move somebody


class Usher:
    """The third thread's side."""

    port: Port
    gate: Gate  # the first thread notifies it
    naming: Naming
    own: Load
    migration: Migration
    order: Order
    guests: Array[u8, AT_ONCE * PROGRAM_SIZE]
    stack: Array[u8, 16384]

    def see_guests_out(self) -> None:
        """All who have to leave, one after another."""
        size = self.own.leaving(0, self.guests[:])
        for index in range(size // PROGRAM_SIZE):
            self.see_out(at(ProgramLoad, address_of(self.guests) + index * PROGRAM_SIZE))

    def see_out(self, guest: ProgramLoad) -> None:
        """One of them: home, or to whoever takes it. It stands still meanwhile: the machine is the owner's."""
        failed: u64 = 0
        while True:
            try:
                node = self.own.refuge(guest.home, failed)
            except NoWay:
                self.own.note(f"program {guest.pid & SERIAL} stays: nobody takes it")
                return
            if self.move(guest.pid, node, MemoryStrategy.COPY):
                return
            failed = failed | u64(1) << node

    def consider(self) -> None:
        """Somebody whom it pays to move. It goes on running while its memory is sent."""
        move = self.own.migrant()
        if move.pid != 0:
            self.move(move.pid, move.node, MemoryStrategy.PRECOPY)

    def move(self, pid: u64, node: u64, memory: u64) -> bool:
        """Have it moved; whether it has."""
        order = self.order
        order.pid, order.node, order.memory, order.delivery = pid, node, memory, Delivery.PREVENT
        try:
            report = self.migration.migrate(order)
        except (ServiceError, KernelError) as error:
            self.own.note(f"program {pid & SERIAL} does not go to node {node}: {error}")
            return False
        self.own.note(f"program {pid & SERIAL} is on node {node}: {report.bytes} bytes in {report.total // 1000} us")
        move = Move()
        move.pid, move.node, move.cost, move.bytes = pid, node, report.total, report.bytes
        self.own.moved(move)
        self.announce(move)
        return True

    def announce(self, move: Move) -> None:
        """Tell the other load server that it is to stay there for a while."""
        try:
            way = self.own.way(move.node)
            try:
                Load(way.handle).arrived(move.pid, move.cost)
            finally:
                way.close()
        except (ServiceError, KernelError):  # it will be moved on when it pays: no harm
            return


usher: Usher = Usher()


def start(naming: u64, own: Gate) -> None:
    """Make the thread; `own` leads to our own load server."""
    usher.naming.handle = naming
    usher.own.handle = own.handle
    usher.port = create_port()
    usher.gate = usher.port.mint(0)
    start_thread(Process(own_process()), run, 0, usher.stack[:], PRIORITY)


def run(_: u64) -> None:
    """Wait for work for ever."""
    letter = Letter()
    while True:
        usher.port.receive(letter)
        bits = letter.words[0]
        if usher.migration.handle == NO_HANDLE:
            usher.migration.handle = usher.naming.wait_for(SERVICE).handle
        try:
            if bits & OWNER != 0:
                usher.see_guests_out()
            if bits & CONSIDER != 0:
                usher.consider()
        except (ServiceError, KernelError) as error:
            print(f"load: {error}")
