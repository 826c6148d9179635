"""The second thread: it asks another node's time server about once a second, so that the first never has to wait.

Followed is the node with the lowest number that is up and *settled*: its clock has been in step for a while. A node
that has just been switched on may have a low number, but has any time of day: it follows others first. When nobody is
settled, the lowest becomes so by itself.
"""

from atoll.abi.objects import NO_HANDLE
from atoll.abi.raw import address_of, at
from atoll.abi.types import Array, u8, u64
from atoll.servers.naming.interface import Naming
from atoll.servers.network.interface import MEMBER_SIZE, Member, Network
from atoll.servers.time.interface import Time
from atoll.userland.runtime.interface import ServiceError
from atoll.userland.runtime.kernel_calls import clock, sleep
from atoll.userland.runtime.kernel_errors import KernelError
from atoll.userland.runtime.messages import Gate
from atoll.userland.runtime.objects import Process, close
from atoll.userland.runtime.system import own_process
from atoll.userland.runtime.threads import start_thread

PRIORITY = 9  # as the first thread's
PERIOD = 1_000_000_000  # nanoseconds from one look to the next
HURRY = 250_000_000  # the same while nothing is settled
GRACE = 2_000_000_000  # after which the lowest settles if nobody else has: long enough to hear of who is up
SAMPLES = 4  # of a look: the one with the shortest round trip counts
MOST_ASKED = 4  # nodes that are looked for somebody settled
MEMBERS = 32  # that one call of `members` gives

NEW_LOOK = 1  # bit of the notification for the first thread


class Look:
    """What one look came to. The second thread fills it, the first takes it: whose turn it is says `is_new`."""

    is_new: bool
    node: u64  # whose clock it was; our own: we are the reference
    is_settled: bool  # that node
    middle: u64  # our machine's clock, half way between question and answer
    time: u64  # the time of day there, then
    round_trip: u64  # nanoseconds


class Follower:
    """The second thread's side."""

    look: Look
    own: u64  # our number
    is_settled: bool  # set by the first thread
    told: Gate
    naming: Naming
    network: Network
    started: u64  # the machine's clock

    # ---- the time server that was asked last ----
    node: u64
    incarnation: u64
    time: Time

    members: Array[u8, MEMBERS * MEMBER_SIZE]
    stack: Array[u8, 32768]

    def watch(self) -> None:
        """Look again and again."""
        self.network.handle = self.naming.wait_for("/services/network").handle
        while True:
            sleep(PERIOD if self.is_settled else HURRY)
            if self.look.is_new:
                continue  # the first thread is parked
            try:
                if self.search():
                    self.look.is_new = True
                    self.told.notify(NEW_LOOK)
            except ServiceError:
                continue  # the network server is not itself just now
            except KernelError:
                self.network.handle = self.naming.wait_for("/services/network").handle

    def search(self) -> bool:
        """Find whom to follow, and look at its clock; False: nobody yet."""
        first: u64 = 0
        asked: u64 = 0
        lowest: u64 = 0  # of those that answer, but are not settled
        incarnation: u64 = 0  # that one's
        while True:
            count = self.network.members(first, self.members[:]) // MEMBER_SIZE
            if count == 0:
                return self.follow_unsettled(lowest, incarnation)
            for place in range(count):
                member = at(Member, address_of(self.members) + place * MEMBER_SIZE)
                if member.number == self.own:
                    if self.is_settled:
                        return self.follow_ourselves()
                    lowest = self.own if lowest == 0 else lowest
                elif member.is_up != 0 and asked < MOST_ASKED:
                    asked += 1
                    if self.ask(member.number, member.incarnation, False):
                        if self.look.is_settled:
                            return True
                        if lowest == 0:
                            lowest, incarnation = member.number, member.incarnation
            first += count

    def follow_ourselves(self) -> bool:
        """We are the reference."""
        self.look.node = self.own
        return True

    def follow_unsettled(self, lowest: u64, incarnation: u64) -> bool:
        """Nobody is settled: the lowest of us leads, and is settled when it has waited long enough."""
        if lowest == self.own:
            return clock() - self.started >= GRACE and self.follow_ourselves()
        return lowest != 0 and self.ask(lowest, incarnation, True)

    def ask(self, node: u64, incarnation: u64, is_followed: bool) -> bool:
        """Look at a node's clock, closely if we follow it, or may; False if it does not answer."""
        try:
            if node != self.node or incarnation != self.incarnation:
                self.find(node, incarnation)
            best: u64 = 0
            for number in range(SAMPLES):
                before = clock()
                time, is_settled = self.time.sample()
                after = clock()
                if number == 0 or after - before < best:
                    best = after - before
                    self.look.node, self.look.is_settled, self.look.time = node, is_settled, time
                    self.look.middle, self.look.round_trip = before + best // 2, best
                if not is_settled and not is_followed:
                    break
            return True
        except (ServiceError, KernelError):
            self.forget()
            return False

    def find(self, node: u64, incarnation: u64) -> None:
        """The time server of a node. Raises what the calls raise."""
        self.forget()
        names = self.network.naming(node)
        try:
            self.time.handle = Naming(names.handle).lookup("/services/time").handle
        finally:
            names.close()
        self.node, self.incarnation = node, incarnation

    def forget(self) -> None:
        """We need that time server no more."""
        if self.time.handle != NO_HANDLE:
            close(self.time.handle)
        self.time.handle = NO_HANDLE
        self.node = 0


follower: Follower = Follower()


def start(own: u64, naming: Naming, told: Gate) -> None:
    """Make the thread; `told` is notified (NEW_LOOK) when there is a look to be taken."""
    follower.own, follower.naming.handle, follower.told.handle = own, naming.handle, told.handle
    follower.started = clock()
    start_thread(Process(own_process()), run, 0, follower.stack[:], PRIORITY)


def run(_: u64) -> None:
    """Look for ever."""
    follower.watch()
