"""The thread that looks at what depends on other nodes, from time to time, and gives out what is to be said to them."""

from atoll.abi.calls import NO_TIMEOUT
from atoll.abi.types import Array, u8, u64
from atoll.servers.mover.doubts import doubts
from atoll.servers.mover.interface import Mover
from atoll.servers.mover.speakers import speakers
from atoll.servers.mover.whereabouts import whereabouts
from atoll.userland.runtime.kernel_calls import clock
from atoll.userland.runtime.kernel_errors import TimedOut
from atoll.userland.runtime.messages import Gate, Letter, Port, create_port
from atoll.userland.runtime.objects import Process
from atoll.userland.runtime.system import own_process
from atoll.userland.runtime.threads import start_thread

LOOK_AGAIN = 1_000_000_000  # nanoseconds
PRIORITY = 12


class Errands:
    """The thread."""

    port: Port
    gate: Gate
    look_at: u64  # when to look at other nodes again
    stack: Array[u8, 16384]

    def timeout(self) -> u64:
        """Other nodes are looked at only as long as something depends on them."""
        if not doubts.has_some() and not whereabouts.has_some():
            self.look_at = 0
            return NO_TIMEOUT
        now = clock()
        if self.look_at == 0:
            self.look_at = now + LOOK_AGAIN
        return self.look_at - min(now, self.look_at)

    def look(self) -> None:
        """At all that depends on them, if it is time."""
        if self.look_at != 0 and clock() >= self.look_at:
            self.look_at = 0
            doubts.look()
            whereabouts.look(doubts.own)


errands: Errands = Errands()


def start(own: Mover) -> None:
    """Make the threads."""
    doubts.own = Mover(own.handle)
    errands.port = create_port()
    errands.gate = errands.port.mint(0)
    speakers.start(own, errands.gate)
    start_thread(Process(own_process()), run, 0, errands.stack[:], PRIORITY)


def run(_: u64) -> None:
    """For ever."""
    told = Letter()
    while True:
        wait = speakers.hand_out()
        try:
            errands.port.receive(told, min(wait, errands.timeout()))
        except TimedOut:
            errands.look()


def look_later() -> None:
    """Something depends on other nodes now."""
    errands.gate.notify(1)
