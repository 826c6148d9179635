"""The herald: the load server's second thread, which speaks with other nodes, so that the first never waits for one.

It is a client of its own load server: what it hears it tells there, what it says it asks there.
"""

from atoll.abi.calls import NO_TIMEOUT, Message
from atoll.abi.objects import NO_HANDLE, Right
from atoll.abi.raw import address_of, at
from atoll.abi.types import Array, u8, u64
from atoll.servers.load.interface import GROUP, MOST_NODES, Announce, Load, NodeFigures, Policy, Registrar
from atoll.servers.naming.interface import Naming
from atoll.servers.network.interface import MEMBER_SIZE, Member, Network
from atoll.userland.runtime.interface import ServiceError
from atoll.userland.runtime.kernel_calls import sleep
from atoll.userland.runtime.kernel_errors import KernelError, TimedOut
from atoll.userland.runtime.messages import Gate, Letter, Port, create_port
from atoll.userland.runtime.objects import Process, close, duplicate
from atoll.userland.runtime.shared import SharedNumber
from atoll.userland.runtime.system import own_process
from atoll.userland.runtime.threads import start_thread

PRIORITY = 12
SERVICE = "/services/load"
AT_ONCE = 8  # members that are asked for in one call
FOR_OTHERS = Right.SEND | Right.DUPLICATE | Right.MOVE
# A node says that it is busy or idle when it has been that for so long: a command that is over by then is not worth
# a message.
SETTLE = 5_000_000  # nanoseconds
RETRY = 20_000_000  # until a node that is up but has no load server yet is asked again
TRIES = 50
MEGAHERTZ = 1_000_000

WATCH = 1  # badge of the gate that the network server notifies; the first thread's is 0

# ---- notification bits ----
MEMBERS = 1  # from the network server: somebody is up, or down
MOOD = 2  # from the first thread: this node has become idle or busy
WORK = 4  # likewise: it is idle and its policy is to ask for work


class Peer:
    """Another node."""

    number: u64
    since: u64  # when it came up: another time if gates that lead there are dead, though it was not switched on again
    way: u64  # gate to its load server; NO_HANDLE: it has not answered yet


class Herald:
    """The second thread's side."""

    port: Port
    gate: Gate  # the first thread notifies it
    naming: Naming
    network: Network
    is_watching: bool  # the network server tells us who comes and goes
    is_joined: bool  # and all else that we want of it is done
    own: Load
    number: u64  # of this node
    group: Load
    said_idle: u64  # what others were told last
    peers: Array[Peer, MOST_NODES]
    count: u64
    registrar: u64
    is_registered: bool  # it has been told of this node
    random: u64
    messages: SharedNumber  # sent to other nodes
    answer: Array[u8, AT_ONCE * MEMBER_SIZE]
    stack: Array[u8, 32768]

    def join(self) -> None:
        """Hear announcements, and who comes and goes. What a network server that has died knew its successor learns."""
        if self.network.handle == NO_HANDLE:
            self.network = Network(self.naming.wait_for("/services/network").handle)
        while self.count > 0:
            self.lose(0)
        close_if(self.group.handle)
        self.group.handle = NO_HANDLE
        if not self.is_watching:
            self.network.watch(self.port.mint(WATCH, True), MEMBERS)
            self.is_watching = True
        self.network.join(GROUP, Gate(duplicate(self.own.handle, FOR_OTHERS)))
        self.group = Load(self.network.group(GROUP).handle)
        self.is_joined = True

    def wait(self, timeout: u64) -> u64:
        """Notification bits, or 0 when the time is over. A network server that has died is to be told of us again."""
        letter = Letter()
        try:
            self.port.receive(letter, timeout)
        except TimedOut:
            return 0
        if letter.kind == Message.LAST_HANDLE:
            self.is_watching, self.is_joined = False, False
            return MEMBERS
        return letter.words[0]

    # ---- who is there ----

    def look(self) -> None:
        """Ask the network server; those who are new are asked for their state: a late starter asks everybody."""
        lowest = self.number
        first: u64 = 0
        while True:
            found = self.network.members(first, self.answer[:]) // MEMBER_SIZE
            for index in range(found):
                member = at(Member, address_of(self.answer) + index * MEMBER_SIZE)
                self.enter(member)
                if member.is_up == 1:
                    lowest = min(lowest, member.number)
            first += found
            if found < AT_ONCE:
                break
        for index in range(self.count):
            if self.peers[index].way == NO_HANDLE:
                self.meet(self.peers[index])
        if lowest != self.registrar:
            self.registrar = lowest
            self.is_registered = False
            self.own.set_registrar(lowest)
        if not self.is_registered:
            self.register()

    def enter(self, member: Member) -> None:
        """A node that the network server tells of."""
        if member.number == self.number:
            self.own.set_speed(member.speed // MEGAHERTZ)
            return
        place: u64 = 0
        while place < self.count and self.peers[place].number != member.number:
            place += 1
        is_known = place < self.count
        if is_known and (member.is_up == 0 or self.peers[place].since != member.since):
            self.lose(place)
            is_known = False
        if not is_known and member.is_up == 1 and self.count < MOST_NODES:
            self.peers[self.count] = Peer()
            self.peers[self.count].number, self.peers[self.count].since = member.number, member.since
            self.count += 1

    def lose(self, place: u64) -> None:
        """It is down, or another than it was."""
        self.own.lost(self.peers[place].number)
        close_if(self.peers[place].way)
        self.count -= 1
        self.peers[place] = self.peers[self.count]

    def meet(self, peer: Peer) -> None:
        """Find its load server, ask for its state, and let the first thread know the way."""
        try:
            names = self.network.naming(peer.number)
            try:
                found = Naming(names.handle).lookup(SERVICE)
            finally:
                names.close()
            self.messages.add(4)
            peer.way = found.handle
            self.own.met(peer.number, Gate(duplicate(found.handle, FOR_OTHERS)))
            self.own.heard(calm(Load(found.handle).figures()))
            Load(found.handle).heard(calm(self.own.figures()))
        except (ServiceError, KernelError):  # it is not up yet, or down again
            return

    # ---- what is said ----

    def announce(self) -> None:
        """Say whether this node is idle, if that has changed for good."""
        sleep(SETTLE)
        figures = self.own.settle()
        if figures.idle == self.said_idle:
            return
        self.said_idle = figures.idle
        announces = self.own.settings().announces
        if announces & Announce.TO_REGISTRAR != 0:
            self.register()
        if announces & Announce.TO_ALL != 0 and self.count > 0:
            self.messages.add(1)
            try:
                self.group.heard(figures)
            except (ServiceError, KernelError):  # nobody is there: nobody needs to know
                return

    def register(self) -> None:
        """Tell the registrar, wherever it is."""
        way = self.own.handle if self.registrar == self.number else self.way_to(self.registrar)
        if way == NO_HANDLE:
            return
        try:
            Registrar(way).register(self.own.figures())
            self.is_registered = True
            self.messages.add(2 if self.registrar != self.number else 0)
        except (ServiceError, KernelError):  # it is down: there will be another, which is told then
            return

    def way_to(self, node: u64) -> u64:
        """A gate to a node's load server; NO_HANDLE if there is none yet."""
        for index in range(self.count):
            if self.peers[index].number == node:
                return self.peers[index].way
        return NO_HANDLE

    def ask_for_work(self) -> None:
        """Ask some others, in turn from a random one on, until one has a program for us."""
        settings = self.own.settings()
        if settings.policy != Policy.RECEIVER or self.count == 0:
            return
        self.random = self.random * 29 % 8191 + 1
        for step in range(min(settings.probes, self.count)):
            peer = self.peers[(self.random + step) % self.count]
            if peer.way == NO_HANDLE or self.own.figures().load > 0:
                continue
            self.messages.add(2)
            try:
                if Load(peer.way).want_work(self.number):
                    return
            except (ServiceError, KernelError):  # it is down, which we shall hear
                continue


herald: Herald = Herald()


def start(naming: u64, own: Gate, number: u64) -> None:
    """Make the thread; `own` leads to our own load server."""
    herald.naming.handle = naming
    herald.own.handle = own.handle
    herald.number = number
    herald.random = number * 101
    herald.said_idle = 1
    herald.port = create_port()
    herald.gate = herald.port.mint(0)
    start_thread(Process(own_process()), run, 0, herald.stack[:], PRIORITY)


def run(_: u64) -> None:
    """Go about for ever."""
    bits: u64 = MEMBERS
    tries: u64 = 0
    while True:
        try:
            if not herald.is_joined:
                herald.join()
            if bits & MEMBERS != 0:
                herald.look()
            if bits & MOOD != 0:
                herald.announce()
            if bits & WORK != 0:
                herald.ask_for_work()
        except (ServiceError, KernelError) as error:
            print(f"load: the network server is not well: {error}")
            herald.is_joined = False
        bits = herald.wait(u64(RETRY) if must_retry(tries) else NO_TIMEOUT)
        if bits == 0:
            bits, tries = MEMBERS, tries + 1
        elif bits & MEMBERS != 0:
            tries = 0


def calm(seen: NodeFigures) -> NodeFigures:
    """The same; what an idle node does at this very moment will soon be over, and does not count."""
    if seen.idle == 1:
        seen.load = 0
    return seen


def must_retry(tries: u64) -> bool:
    """Whether somebody is up whose load server has not been found yet, or the network server has not heard of us."""
    if not herald.is_joined:
        return tries < TRIES
    for index in range(herald.count):
        if herald.peers[index].way == NO_HANDLE:
            return tries < TRIES
    return False


def close_if(handle: u64) -> None:
    """Close a handle, if there is one."""
    if handle != NO_HANDLE:
        close(handle)
