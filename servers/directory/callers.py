"""The threads that call other nodes' directories: one for changes, one for bringing others up to date.

The server's own thread never waits for another directory, which may be waiting for it. It leaves a job with a caller
and wakes it; from then until the caller notifies it the job is the caller's.
"""

from atoll.abi.objects import NO_HANDLE
from atoll.abi.startup import NAMING
from atoll.abi.types import Array, u8, u64
from atoll.servers.directory.gates import close_quietly, duplicate_of
from atoll.servers.directory.interface import Change, Directory, Outcome
from atoll.servers.directory.peers import MOST_PEERS
from atoll.servers.directory.replica import Ask, Job, Told
from atoll.servers.naming.interface import Naming, NoSuchName
from atoll.servers.network.interface import Network
from atoll.userland.runtime.interface import ServiceError
from atoll.userland.runtime.kernel_errors import KernelError
from atoll.userland.runtime.messages import Gate, Letter, Port, create_port
from atoll.userland.runtime.objects import Process
from atoll.userland.runtime.startup import given
from atoll.userland.runtime.threads import start_thread

STACK_SIZE = 32 << 10  # bytes
PRIORITY = 10
NAME = "/services/directory"
NETWORK = "/services/network"
WAKE = 1


class Known:
    """A directory that has been called before."""

    node: u64
    gate: u64


class Caller:
    """One thread."""

    job: Job
    is_busy: bool  # it has the job
    given: u64  # gate that goes with the call, ours to give away
    own_node: u64
    own_incarnation: u64
    done: Gate  # notified with `bit` when the job is done
    bit: u64
    port: Port  # it waits here for work
    wake: Gate
    known: Array[Known, MOST_PEERS]
    known_count: u64
    stack: Array[u8, STACK_SIZE]

    # ---- for the server's thread ----

    def begin(self) -> None:
        """Do the job."""
        self.is_busy = True
        self.given = duplicate_of(self.job.gate)
        self.wake.notify(WAKE)

    # ---- the thread ----

    def run(self) -> None:
        """Do jobs for ever."""
        letter = Letter()
        while True:
            self.port.receive(letter)
            self.carry_out()
            close_quietly(self.given)  # unless it has gone
            self.done.notify(self.bit)

    def carry_out(self) -> None:
        """The job."""
        job = self.job
        job.told, job.version, job.outcome = Told.FAILED, 0, Outcome.TRY_AGAIN
        try:
            self.call(Directory(self.directory_of(job.node)), job)
            job.told = Told.ANSWERED
        except NoSuchName:
            job.told = Told.ABSENT
        except (ServiceError, KernelError):
            self.forget(job.node)

    def call(self, directory: Directory, job: Job) -> None:
        """What it is about."""
        is_removal = job.record.change == Change.REMOVE
        match job.ask:
            case Ask.SUBMIT:
                if is_removal:
                    job.outcome, job.version = directory.submit_removal(job.record)
                else:
                    job.outcome, job.version = directory.submit(job.record, Gate(self.given))
            case Ask.STORE:
                if is_removal:
                    job.version = directory.store_removal(job.record)
                else:
                    job.version = directory.store(job.record, Gate(self.given))
            case Ask.GREET:
                directory.greet(self.own_node, job.session)
            case _:
                directory.complete(self.own_node, self.own_incarnation, job.session)

    def directory_of(self, node: u64) -> u64:
        """The gate of that node's directory. Raises NoSuchName, and what calls raise."""
        for place in range(self.known_count):
            if self.known[place].node == node and self.known[place].gate != NO_HANDLE:
                return self.known[place].gate
        network = Network(Naming(given(NAMING)).wait_for(NETWORK).handle)
        try:
            naming = network.naming(node)
        finally:
            close_quietly(network.handle)
        try:
            return self.keep(node, Naming(naming.handle).lookup(NAME).handle)
        finally:
            close_quietly(naming.handle)

    def keep(self, node: u64, gate: u64) -> u64:
        """For the next time."""
        place: u64 = 0
        while place < self.known_count and self.known[place].node != node:
            place += 1
        if place == self.known_count:
            self.known_count += 1
        self.known[place].node, self.known[place].gate = node, gate
        return gate

    def forget(self, node: u64) -> None:
        """Its gate may be dead: it is looked up again."""
        for place in range(self.known_count):
            if self.known[place].node == node:
                close_quietly(self.known[place].gate)
                self.known[place].gate = NO_HANDLE


class Callers:
    """Both."""

    writer: Caller
    pusher: Caller


callers: Callers = Callers()


def start(process: Process, node: u64, incarnation: u64, done: Gate, write_done: u64, push_done: u64) -> None:
    """Make the threads."""
    start_caller(process, callers.writer, 0, node, incarnation, done, write_done)
    start_caller(process, callers.pusher, 1, node, incarnation, done, push_done)


def start_caller(
    process: Process, caller: Caller, which: u64, node: u64, incarnation: u64, done: Gate, bit: u64
) -> None:
    """One of them."""
    caller.own_node, caller.own_incarnation, caller.done, caller.bit = node, incarnation, done, bit
    caller.port = create_port()
    caller.wake = caller.port.mint(0)
    start_thread(process, run, which, caller.stack[:], PRIORITY)


def run(which: u64) -> None:
    """What each thread does."""
    caller = callers.writer if which == 0 else callers.pusher
    caller.run()
