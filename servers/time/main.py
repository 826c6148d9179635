"""The time server: the time of day at power-on, plus the kernel's clock, kept in step with the other nodes' clocks.

The board has no clock that runs without power: `epoch=` of the kernel's command line, in seconds, says when it was
switched on, so that a run is the same each time. Where there is a goldfish RTC (QEMU) and no `epoch=`, that is read.
"""

from atoll.abi import bootargs, startup
from atoll.abi.objects import NO_HANDLE
from atoll.abi.raw import address_of, load32, size_of, view
from atoll.abi.types import Text, i64, u64
from atoll.servers.naming.interface import Naming
from atoll.servers.time import follower
from atoll.servers.time.discipline import LATEST, Discipline
from atoll.servers.time.follower import follower as second
from atoll.servers.time.interface import ClockState, Time
from atoll.userland.runtime.dma import REGISTERS, map_registers
from atoll.userland.runtime.kernel_calls import clock
from atoll.userland.runtime.messages import create_port, create_set
from atoll.userland.runtime.objects import Memory
from atoll.userland.runtime.service import FIRST_FREE_LABEL, loop, serve
from atoll.userland.runtime.startup import environment, given
from atoll.userland.runtime.state import StateReader, StateRefused, StateWriter

STATE_VERSION = 2
SECOND = 1_000_000_000  # nanoseconds
SETTLED_AFTER = 5  # corrections: then offset and rate are known well enough for others to follow

# ---- goldfish RTC: reading the low half keeps the high half. Source: docs/GOLDFISH-VIRTUAL-HARDWARE of Android ----
TIME_LOW = 0
TIME_HIGH = 4


class TimeServer(Time):
    """The clock."""

    kept: Discipline
    about: ClockState
    own: u64  # our node's number; 0: it is alone

    def now(self) -> u64:
        return u64(self.kept.at(clock()))

    def set(self, now: u64) -> None:
        self.kept.begin(clock(), now)

    def adjust(self, nanoseconds: i64) -> None:
        self.kept.shift(clock(), nanoseconds)

    def sample(self) -> tuple[u64, bool]:
        return self.now(), self.about.settled != 0

    def state(self) -> ClockState:
        self.about.rate = self.kept.rate
        self.about.corrections, self.about.steps = self.kept.corrections, self.kept.steps
        return self.about

    def follow(self, others: bool) -> None:
        self.about.follows = u64(others)

    # ---- in step with other nodes ----

    def notified(self, bits: u64, label: u64) -> None:
        if bits & follower.NEW_LOOK != 0 and second.look.is_new:
            if self.about.follows != 0:
                self.take_look()
            second.look.is_new = False

    def take_look(self) -> None:
        """The second thread has looked at another clock, or found that ours is the one to follow."""
        look = second.look
        if look.node != self.about.reference:
            self.about.reference = look.node
            self.kept.follow_another()
        if look.node == self.own:
            self.settle()
            return
        self.about.offset = i64(look.time) - self.kept.at(look.middle)
        self.about.round_trip = look.round_trip
        self.kept.correct(clock(), self.about.offset)
        if look.is_settled and self.kept.corrections >= SETTLED_AFTER:
            self.settle()

    def settle(self) -> None:
        """From now on others may follow us."""
        self.about.settled = 1
        second.is_settled = True

    def start_following(self) -> None:
        """Start the second thread, if there are other nodes."""
        if self.own == 0:
            return
        second.is_settled = self.about.settled != 0
        port = create_port()
        if loop.ports.handle == NO_HANDLE:
            loop.ports = create_set()
        loop.add(port, FIRST_FREE_LABEL)
        follower.start(self.own, Naming(given(startup.NAMING)), port.mint(0))

    # ---- a swap ----

    def export_state(self, writer: StateWriter) -> None:
        writer.number(STATE_VERSION)
        writer.data(view(address_of(self.kept), size_of(Discipline)))
        writer.data(view(address_of(self.about), size_of(ClockState)))

    def import_state(self, reader: StateReader) -> None:
        if reader.number() != STATE_VERSION:
            raise StateRefused("a clock of another version")
        reader.structure(address_of(self.kept), size_of(Discipline))
        reader.structure(address_of(self.about), size_of(ClockState))

    def activated(self) -> None:
        self.start_following()


def time_at_power_on() -> u64:
    """What the command line says, or the RTC, or else a time that is plainly not the real one."""
    text = environment(bootargs.EPOCH)
    if len(text) > 0:
        seconds = parse_number(text)
        return (seconds if 0 < seconds <= u64(LATEST) // SECOND else bootargs.DEFAULT_EPOCH) * SECOND
    if given(startup.REGISTERS) != NO_HANDLE:
        map_registers(Memory(given(startup.REGISTERS)))
        low = u64(load32(REGISTERS + TIME_LOW))
        time = u64(load32(REGISTERS + TIME_HIGH)) << 32 | low
        if time > clock():
            return time - clock()
    return bootargs.DEFAULT_EPOCH * SECOND


def parse_number(text: Text) -> u64:
    """Decimal digits; 0 if there are none, or something else, or too many."""
    value: u64 = 0
    for digit in text.encode():
        if digit < 0x30 or digit > 0x39 or len(text) > 12:
            return 0
        value = value * 10 + (digit - 0x30)
    return value


server: TimeServer = TimeServer()


def main() -> None:
    """Set the clock and serve."""
    server.kept.begin(clock(), min(time_at_power_on() + clock(), u64(LATEST)))
    server.about.follows = 1
    server.own = parse_number(environment(bootargs.NUMBER))
    if given(startup.PORT) != NO_HANDLE:
        server.start_following()
    serve(server)
