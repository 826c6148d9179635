"""Where programs belong that other nodes have started: a program whose home is down is ended, and the console told.

A thread of its own asks the network server, which may wait; the first thread only looks at what it was last told.
"""

from atoll.abi.raw import address_of, at
from atoll.abi.types import Array, Text, u8, u64
from atoll.servers.naming.interface import Naming
from atoll.servers.network.interface import MEMBER_SIZE, Member, Network
from atoll.servers.programs import offers
from atoll.servers.programs.interface import GROUP, NAME_SIZE
from atoll.servers.programs.table import Entry
from atoll.userland.runtime.interface import ServiceError
from atoll.userland.runtime.kernel_errors import KernelError, TimedOut
from atoll.userland.runtime.messages import Gate, Letter, Port, create_port
from atoll.userland.runtime.objects import Process
from atoll.userland.runtime.service import loop
from atoll.userland.runtime.system import own_process
from atoll.userland.runtime.threads import start_thread

PRIORITY = 12
MOST_NODES = 64
AT_ONCE = 8  # members that are asked for in one call
MOST_NEWS = 16
PERIOD = 5_000_000_000  # nanoseconds between two looks without being told: a network server may have died meanwhile
LOST_HOME = 129  # status of a program whose home is gone
INCARNATION = 0xFFFF  # what a pid has of an incarnation

WATCHING = 1  # badge of the gate that the network server has

# ---- notification bits ----
CHANGED = 1  # from the network server: somebody is up, or down
NEWS = 2  # from the first thread: programs were ended
HOMES = 1 << 34  # to the first thread: look at the programs' homes


class News:
    """A program that was ended."""

    serial: u64
    home: u64  # a node's number
    length: u64
    name: Array[u8, NAME_SIZE]


class Homes:
    """What is known of other nodes."""

    port: Port
    gate: Gate
    naming: Gate
    network: Network
    to_server: Gate  # to the first thread
    since: u64  # when the network server that knows us began
    members: Array[Member, MOST_NODES]
    count: u64
    news: Array[News, MOST_NEWS]
    news_count: u64
    answer: Array[u8, AT_ONCE * MEMBER_SIZE]
    stack: Array[u8, 32768]

    def is_gone(self, home: u64) -> bool:
        """Whether that home (node << 16 | incarnation; 0: this node) is down, or was switched on again since."""
        if home == 0:
            return False
        for index in range(self.count):
            member = self.members[index]
            if member.number == home >> 16:
                return member.is_up == 0 or member.incarnation & INCARNATION != home & INCARNATION
        return False

    def name_of(self, node: u64) -> Text:
        """A node's name, by its number."""
        for index in range(self.count):
            member = self.members[index]
            if member.number == node:
                return str(member.name[0 : member.name_length], "utf-8")
        return "?"

    def tell(self, entry: Entry) -> None:
        """A program is being ended. (Of more than there is room for nothing is said.)"""
        if self.news_count < MOST_NEWS:
            news = self.news[self.news_count]
            news.serial, news.home = entry.serial, entry.home >> 16
            title = entry.title()
            news.length = u64(len(title))
            news.name[0 : news.length] = title
            self.news_count += 1
        self.gate.notify(NEWS)

    # ---- the thread ----

    def open(self) -> None:
        """Wait until there is a network, if there ever is."""
        self.network = Network(Naming(self.naming.handle).wait_for("/services/network").handle)
        offers.start()
        self.look()

    def subscribe(self) -> None:
        """Join the group, and hear of changes. A network server that was started again knows nothing of us."""
        self.port.revoke(WATCHING)
        self.network.watch(self.port.mint(WATCHING), CHANGED)
        self.network.join(GROUP, offers.offering.port.mint(0))

    def look(self) -> None:
        """Who is up; the first thread is told."""
        try:
            self.read()
            if self.since != offers.offering.node.since:
                self.subscribe()
                self.since = offers.offering.node.since
                self.read()
        except (ServiceError, KernelError):
            return  # the network server has just died: another look comes
        self.to_server.notify(HOMES)

    def read(self) -> None:
        """Ask the network server."""
        first: u64 = 0
        while True:
            count = self.network.members(first, self.answer[:]) // MEMBER_SIZE
            for index in range(count):
                if first + index < MOST_NODES:
                    self.members[first + index] = at(Member, address_of(self.answer) + index * MEMBER_SIZE)
            first += count
            if count == 0 or first >= MOST_NODES:
                break
        self.count = min(first, MOST_NODES)
        offers.offering.node = self.own()

    def own(self) -> Member:
        """This node."""
        for index in range(self.count):
            if self.members[index].number == offers.offering.number:
                return self.members[index]
        return offers.offering.node

    def print_news(self) -> None:
        """Say what has ended."""
        for index in range(self.news_count):
            news = self.news[index]
            name = str(news.name[0 : news.length], "utf-8")
            print(f"programs: {name} ({news.serial}) ended: its home {self.name_of(news.home)} is gone")
        self.news_count = 0


homes: Homes = Homes()


def start(naming: Gate, node: u64) -> None:
    """Make the thread, on that node, as soon as we serve."""
    homes.naming.handle = naming.handle
    homes.to_server = loop.port.mint(0)
    homes.port = create_port()
    homes.gate = homes.port.mint(0)
    offers.offering.number = node
    start_thread(Process(own_process()), run, 0, homes.stack[:], PRIORITY)


def run(_: u64) -> None:
    """Look for ever."""
    letter = Letter()
    try:
        homes.open()
    except (ServiceError, KernelError) as error:
        print(f"programs: nobody is heard of on other nodes: {error}")
        return
    while True:
        try:
            homes.port.receive(letter, PERIOD)
        except TimedOut:
            homes.look()
            continue
        if letter.words[0] & CHANGED != 0:
            homes.look()
        if letter.words[0] & NEWS != 0:
            homes.print_news()
