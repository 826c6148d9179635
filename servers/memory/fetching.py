"""Fetching pages from other nodes, in a thread of its own: the pager goes on for all others meanwhile.

The first thread says what is wanted; what has come it finds in the same place, and is notified.
"""

from atoll.abi.address_space import PAGE_SIZE
from atoll.abi.objects import NO_HANDLE, Right
from atoll.abi.types import Array, u8, u64
from atoll.servers.memory.interface import PageSource
from atoll.userland.runtime.interface import ServiceError
from atoll.userland.runtime.kernel_errors import KernelError
from atoll.userland.runtime.messages import Gate, Letter, Port, create_port
from atoll.userland.runtime.objects import Process, close, duplicate
from atoll.userland.runtime.service import FIRST_FREE_LABEL, loop
from atoll.userland.runtime.shared import SharedNumber
from atoll.userland.runtime.system import own_process
from atoll.userland.runtime.threads import start_thread

FETCHES = 8  # at one time
FETCH_LABEL = FIRST_FREE_LABEL  # of the port where the first thread is notified
PRIORITY = 12  # below the first thread, which only begins what is done here

# ---- what a place is in ----
IDLE = 0
WANTED = 1  # the second thread's
ARRIVED = 2
LOST = 3


class Fetch:
    """A page that is fetched."""

    state: SharedNumber
    space: u64
    page: u64
    source: u64  # a handle of our own
    asker: u64  # a reply handle: who waits for it besides the program's threads
    contents: Array[u8, PAGE_SIZE]

    def run(self) -> None:
        """The second thread's part."""
        try:
            size = PageSource(self.source).fetch(self.page, self.contents[:])
            state = ARRIVED if size == PAGE_SIZE else LOST
        except (ServiceError, KernelError):
            state = LOST
        close(self.source)
        self.state.write(u64(state))


class Fetcher:
    """Both threads' side."""

    port: Port  # the second thread's
    gate: Gate  # to it
    done: Gate  # to the first thread
    items: Array[Fetch, FETCHES]
    stack: Array[u8, 8192]

    def start(self) -> None:
        """Make the thread, when it is first needed."""
        if self.port.handle != NO_HANDLE:
            return
        arrivals = create_port()
        self.done = arrivals.mint(0)
        loop.add(arrivals, FETCH_LABEL)
        self.port = create_port()
        self.gate = self.port.mint(0)
        start_thread(Process(own_process()), run, 0, self.stack[:], PRIORITY)

    def want(self, space: u64, page: u64, source: u64, asker: u64 = NO_HANDLE) -> bool:
        """Fetch a page, unless that is under way; False if there is no room: try again when another has come."""
        free: u64 = FETCHES
        for index in range(u64(FETCHES)):
            item = self.items[index]
            if item.state.read() == IDLE:
                free = index
            elif asker == NO_HANDLE and item.space == space and item.page == page:
                return True
        if free == FETCHES:
            return False
        self.start()
        item = self.items[free]
        item.space, item.page, item.asker = space, page, asker
        item.source = duplicate(source, Right.SEND)
        item.state.write(WANTED)
        self.gate.notify(1)
        return True

    def is_idle(self) -> bool:
        """Whether nothing is under way."""
        for item in self.items:
            if item.state.read() != IDLE:
                return False
        return True


fetcher: Fetcher = Fetcher()


def run(_: u64) -> None:
    """Fetch for ever."""
    letter = Letter()
    while True:
        fetcher.port.receive(letter)
        for item in fetcher.items:
            if item.state.read() == WANTED:
                item.run()
                fetcher.done.notify(1)
