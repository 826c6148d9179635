"""What is to be said to movers of other nodes, by a thread of its own: the first never waits for another node."""

from enum import IntEnum

from atoll.abi.calls import NO_TIMEOUT
from atoll.abi.types import Array, u8, u64
from atoll.servers.mover.doubts import doubts
from atoll.servers.mover.incoming import incoming
from atoll.servers.mover.interface import Mover, own_number
from atoll.servers.mover.peers import open_peer
from atoll.servers.network.interface import Member
from atoll.servers.programs.interface import Moving
from atoll.userland.runtime.interface import ServiceError
from atoll.userland.runtime.kernel_calls import sleep
from atoll.userland.runtime.kernel_errors import KernelError, TimedOut
from atoll.userland.runtime.messages import Gate, Letter, Port, create_port
from atoll.userland.runtime.objects import Process, close
from atoll.userland.runtime.shared import SharedNumber
from atoll.userland.runtime.system import own_process
from atoll.userland.runtime.threads import start_thread

LOOK_AGAIN = 1_000_000_000  # nanoseconds
LOST_NODE = 129  # status of a program whose node has gone
MOST_ERRANDS = 32
MOST_ABSENT = 64
PRIORITY = 12
TRIES = 3
PAUSE = 200_000_000  # nanoseconds between two


class Errand(IntEnum):
    """What is said."""

    NONE = 0
    SETTLED = 1  # a process is here now
    ENDED = 2
    END = 3  # end it


class Said:
    """One thing that is to be said."""

    what: SharedNumber
    node: u64
    pid: u64
    value: u64

    def say(self) -> None:
        """Say it; after some tries it is given up, and printed."""
        for attempt in range(TRIES):
            try:
                self.call()
                return
            except (ServiceError, KernelError) as error:
                if attempt == TRIES - 1:
                    print(f"mover: node {self.node} could not be told of process {self.pid % (1 << 32)}: {error}")
            sleep(PAUSE)

    def call(self) -> None:
        """One try."""
        peer = open_peer(self.node)
        try:
            match self.what.read():
                case Errand.SETTLED:
                    peer.settled(self.pid, self.value, own_number("incarnation"))
                case Errand.ENDED:
                    peer.ended(self.pid, self.value)
                case Errand.END:
                    peer.end(self.pid, self.value)
        finally:
            close(peer.handle)


class Errands:
    """All of them."""

    port: Port
    gate: Gate
    items: Array[Said, MOST_ERRANDS]
    stack: Array[u8, 16384]

    def timeout(self) -> u64:
        """Other nodes are looked at from time to time as long as something depends on them."""
        if doubts.has_some() or whereabouts.has_some():
            return LOOK_AGAIN
        return NO_TIMEOUT


errands: Errands = Errands()


def start(own: Mover) -> None:
    """Make the thread."""
    doubts.own = Mover(own.handle)
    errands.port = create_port()
    errands.gate = errands.port.mint(0)
    start_thread(Process(own_process()), run, 0, errands.stack[:], PRIORITY)


def send(what: Errand, node: u64, pid: u64, value: u64) -> None:
    """Have something said."""
    for item in errands.items:
        if item.what.read() == Errand.NONE:
            item.node, item.pid, item.value = node, pid, value
            item.what.write(what)
            errands.gate.notify(1)
            return
    print("mover: too much is to be told to other nodes")


def run(_: u64) -> None:
    """Say it all, for ever."""
    told = Letter()
    while True:
        try:
            errands.port.receive(told, errands.timeout())
        except TimedOut:
            doubts.look()
            whereabouts.look()
        for item in errands.items:
            if item.what.read() != Errand.NONE:
                item.say()
                item.what.write(Errand.NONE)


def look_later() -> None:
    """Something depends on other nodes now."""
    errands.gate.notify(1)


class Absent:
    """A program that was born here and is elsewhere."""

    pid: u64  # 0: the place is free
    node: u64
    incarnation: u64  # of that node

    def is_lost(self, member: Member) -> bool:
        """Whether the node where it is has gone."""
        return member.is_up == 0 or member.incarnation != self.incarnation


class Whereabouts:
    """All of them."""

    items: Array[Absent, MOST_ABSENT]

    def find(self, pid: u64) -> u64:
        """On which node; 0 if it is unknown."""
        for item in self.items:
            if item.pid == pid:
                return item.node
        return 0

    def set(self, pid: u64, node: u64, incarnation: u64) -> None:
        """It is there now."""
        for item in self.items:
            if item.pid == pid:
                item.node, item.incarnation = node, incarnation
                return
        for item in self.items:
            if item.pid == 0:
                item.pid, item.node, item.incarnation = pid, node, incarnation
                return

    def has_some(self) -> bool:
        """Whether any program is elsewhere."""
        for item in self.items:
            if item.pid != 0:
                return True
        return False

    def look(self) -> None:
        """Whoever waits for a program on a node that has gone learns that it has ended."""
        member = Member()
        for item in self.items:
            if item.pid != 0 and not Moving(incoming.programs.handle).knows(item.pid):
                item.pid = 0  # word of where it was came later than that of its end
            is_gone = item.pid != 0 and doubts.nodes.find(item.node, member) and item.is_lost(member)
            if is_gone and not self.is_with_others(item.pid):
                doubts.own.ended(item.pid, LOST_NODE)

    def is_with_others(self, pid: u64) -> bool:
        """Whether a node that is up has that process, or has all of it and waits for proof that it may run it."""
        for number in range(doubts.nodes.list_up()):
            try:
                peer = open_peer(doubts.nodes.up[number])
            except ServiceError:
                continue
            try:
                if peer.has(pid):
                    return True
            except (ServiceError, KernelError):
                continue
            finally:
                close(peer.handle)
        return False

    def remove(self, pid: u64) -> None:
        """It has ended, or is here again."""
        for item in self.items:
            if item.pid == pid:
                item.pid = 0


whereabouts: Whereabouts = Whereabouts()
