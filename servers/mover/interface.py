"""The mover: the mechanism of migration, one on each node. Its starter (servers/migration) says what is to move; movers
call each other as any client calls a service. The negotiation has seven messages, as in Charlotte, each a call or a
reply; then `image`, `link` (acknowledged by its reply), `state`, whose reply is READY, and `go`, which hands over; what
can be in one place only, ports and rights to reply, is passed behind that.
"""

# 1 starter -> starter'  Migration.offer         2 its reply: accepted
# 3 starter -> mover     Mover.migrate_out
# 4 mover   -> mover'    Mover.request           7 its reply: accepted (the negotiation is committed)
# 5 mover'  -> starter'  Migration.consider      6 its reply: MigrateIn

from enum import IntEnum

from atoll.abi.objects import NO_HANDLE
from atoll.abi.startup import NAMING
from atoll.abi.types import Array, Bytes, Text, u8, u64
from atoll.servers.naming.interface import Naming
from atoll.servers.network.interface import Network
from atoll.servers.programs.interface import Migrant
from atoll.userland.runtime.interface import Handle, Interface, ServiceError, idempotent
from atoll.userland.runtime.messages import Gate
from atoll.userland.runtime.objects import close
from atoll.userland.runtime.startup import environment, given

MOST_LINKS = 64  # handles of a process that moves
MOST_THREADS = 8
ZERO = 0x30
REGIONS_SIZE = 12 * 24  # bytes of its memory's regions


class Immovable(ServiceError):
    """The process cannot be moved; the text says why. It goes on where it was."""


class MigrationRefused(ServiceError):
    """The other node does not take it."""


class MigrationFailed(ServiceError):
    """It was given up on the way; the process goes on where it was."""


class MigrationInDoubt(ServiceError):
    """Whether the other node has the process cannot be known now: it stays frozen here until that node is heard of."""


class NoSuchMigration(ServiceError):
    """No migration of that number is under way here."""


class MemoryStrategy(IntEnum):
    """How the memory moves."""

    COPY = 0  # all of it while the process is frozen
    PRECOPY = 1  # while it runs, in rounds; what is written meanwhile once more; the rest frozen (V-System)
    REFERENCE = 2  # what it used last; the rest when it is touched (Accent)


class Phase(IntEnum):
    """How far a migration is, as each side knows it."""

    UNKNOWN = 0
    ACCEPTED = 1  # the destination takes it in
    READY = 2  # all of it is at the destination, which waits for GO
    RUNNING = 3  # it is the destination's
    GIVEN_UP = 4


class Order:
    """What is to move, where to, and how."""

    pid: u64
    node: u64
    memory: u64  # a MemoryStrategy
    delivery: u64  # a Delivery of abi/wire.py


class Report:
    """What a migration has cost."""

    freeze: u64  # nanoseconds in which the process did not run
    total: u64  # nanoseconds from the order to the end
    bytes: u64  # of memory and state, as sent
    messages: u64  # calls to the other node's mover
    pages: u64  # sent, some several times
    left: u64  # pages left behind
    rounds: u64  # of pre-copying
    links: u64
    ports: u64  # where the source receives for it still, and sends on
    calls: u64  # of its own, whose answers come by way of the source


class Offered:
    """What a process needs at its destination: message 4."""

    id: u64  # node of the source, its incarnation, a serial number: one migration's own for ever
    source: u64  # number of the source's node
    pages: u64
    links: u64
    threads: u64
    memory: u64
    delivery: u64
    region_bytes: u64
    regions: Array[u8, REGIONS_SIZE]  # SpaceRegions of servers/memory/interface.py
    migrant: Migrant


class Mover(
    Interface,
    messages=0x1C00,
    errors=(Immovable, MigrationRefused, MigrationFailed, MigrationInDoubt, NoSuchMigration),
):
    """What its starter, and its peers on other nodes, ask a mover."""

    # ---- the starter ----

    def migrate_out(self, order: Order) -> Report:
        """Message 3: move it. Answered when it is done, or given up."""

    def cancel_migrate(self, pid: u64) -> None:
        """Give up moving it out, if it has not been handed over yet. Raises NoSuchMigration."""

    # ---- the peer: from source to destination ----

    def request(self, offered: Offered) -> None:
        """Message 4; the reply is message 7: there is room, it is awaited. Raises MigrationRefused."""

    @idempotent
    def image(self, id: u64, pages: Bytes) -> None:
        """Pages of its memory, each number and contents."""

    def set_source(self, id: u64, node: u64, source: Gate) -> u64:
        """Where pages are that do not come: a node, and a PageSource there; its number here."""

    @idempotent
    def expect(self, id: u64, source: u64, runs: Bytes) -> None:
        """Runs of pages that stay at that source until they are touched."""

    def link(self, id: u64, value: u64, handle: Gate) -> None:
        """A handle, and its value in the process's table. The reply acknowledges it."""

    def set_error(self, id: u64, error: Gate) -> None:
        """Where its tracebacks go."""

    def state(self, id: u64, data: Bytes) -> None:
        """What it depends on and has used, registers of threads, handles, the start page (packing.py). The reply
        says READY.
        """

    def go(self, id: u64) -> None:
        """The process is the destination's from now on, and runs as soon as its ports and reply rights are there. (Not
        repeated by the stub: what a second try is told says nothing of the first. Who is not answered asks `know`.)
        """

    def pass_over(self, id: u64, value: u64, handle: Handle) -> None:
        """A port, or a right to reply, and its value. With the last one the process runs."""

    @idempotent
    def run(self, id: u64) -> None:
        """What has not been passed by now is lost: its ports are new ones, to which nobody can send. It runs."""

    @idempotent
    def abort(self, id: u64) -> None:
        """It does not come."""

    @idempotent
    def know(self, id: u64) -> Phase:
        """How far a migration is, as this side knows it."""

    def deliver(self, id: u64, thread: u64, data: Bytes) -> None:
        """The answer to a call that a thread made before it moved: status, words, bytes."""

    def deliver_with(self, id: u64, thread: u64, data: Bytes, handle: Gate) -> None:
        """The same with a handle."""

    # ---- where it was born, and where it is ----

    @idempotent
    def settled(self, pid: u64, node: u64, incarnation: u64) -> None:
        """To where it was born: it is on that node now, in that incarnation of it. Said by both ends."""

    @idempotent
    def ended(self, pid: u64, status: u64) -> None:
        """To where it was born: it has ended."""

    @idempotent
    def has(self, pid: u64) -> bool:
        """Whether it is here: it runs, or all of it is here."""

    @idempotent
    def end(self, pid: u64, status: u64) -> None:
        """To where it is: end it."""

    # ---- the starter, whose mover has died ----

    @idempotent
    def is_here(self, pid: u64) -> bool:
        """Whether a process runs here, when no mover has it on its way any more: answered then."""


# ---- services of other nodes, by the node's number ----


def service_on(node: u64, name: Text) -> u64:
    """A gate to be closed. Raises what `Network.naming` and `Naming.lookup` raise."""
    network = Network(Naming(given(NAMING)).wait_for("/services/network").handle)
    names = Naming(NO_HANDLE)
    try:
        names.handle = network.naming(node).handle
        return names.lookup(name).handle
    finally:
        close(network.handle)
        if names.handle != NO_HANDLE:
            close(names.handle)


def number_of(name: Text) -> u64:
    """A number of our environment; 0 if there is none."""
    value: u64 = 0
    for digit in environment(name).encode():
        value = value * 10 + u64(digit) - ZERO
    return value


def own_number(name: Text) -> u64:
    """`number` (of this node) or `incarnation` in our environment; 1 if there is none: a node by itself."""
    return max(number_of(name), 1)
