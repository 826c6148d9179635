"""The time server: the time of day at power-on, plus the kernel's clock.

The board has no clock that runs without power: `epoch=` of the kernel's command line, in seconds, says when it was
switched on, so that a run is the same each time. Where there is a goldfish RTC (QEMU) and no `epoch=`, that is read.
"""

from atoll.abi import bootargs, startup
from atoll.abi.objects import NO_HANDLE
from atoll.abi.raw import load32
from atoll.abi.types import Text, i64, u64
from atoll.servers.time.interface import Time
from atoll.userland.runtime.dma import REGISTERS, map_registers
from atoll.userland.runtime.kernel_calls import clock
from atoll.userland.runtime.objects import Memory
from atoll.userland.runtime.service import serve
from atoll.userland.runtime.startup import environment, given
from atoll.userland.runtime.state import StateReader, StateRefused, StateWriter

STATE_VERSION = 1
SECOND = 1_000_000_000  # nanoseconds
LATEST = 18_000_000_000  # seconds that fit in nanoseconds

# ---- goldfish RTC: reading the low half keeps the high half. Source: docs/GOLDFISH-VIRTUAL-HARDWARE of Android ----
TIME_LOW = 0
TIME_HIGH = 4


class TimeServer(Time):
    """The clock."""

    power_on: u64  # when the machine was switched on, nanoseconds since 1970

    def now(self) -> u64:
        return self.power_on + clock()

    def set(self, now: u64) -> None:
        self.power_on = now - min(clock(), now)

    def adjust(self, nanoseconds: i64) -> None:
        if nanoseconds >= 0:
            self.power_on += u64(nanoseconds)
        else:
            self.power_on -= min(u64(-nanoseconds), self.power_on)

    # ---- a swap ----

    def export_state(self, writer: StateWriter) -> None:
        writer.number(STATE_VERSION)
        writer.number(self.power_on)

    def import_state(self, reader: StateReader) -> None:
        if reader.number() != STATE_VERSION:
            raise StateRefused("a clock of another version")
        self.power_on = reader.number()


def time_at_power_on() -> u64:
    """What the command line says, or the RTC, or else a time that is plainly not the real one."""
    text = environment(bootargs.EPOCH)
    if len(text) > 0:
        return parse_seconds(text) * SECOND
    if given(startup.REGISTERS) != NO_HANDLE:
        map_registers(Memory(given(startup.REGISTERS)))
        low = u64(load32(REGISTERS + TIME_LOW))
        time = u64(load32(REGISTERS + TIME_HIGH)) << 32 | low
        if time > clock():
            return time - clock()
    return bootargs.DEFAULT_EPOCH * SECOND


def parse_seconds(text: Text) -> u64:
    """Decimal digits; what is none of them, or too late, is as if nothing had been said."""
    value: u64 = 0
    for digit in text.encode():
        if digit < 0x30 or digit > 0x39 or value > LATEST:
            return bootargs.DEFAULT_EPOCH
        value = value * 10 + (digit - 0x30)
    return value if value <= LATEST else bootargs.DEFAULT_EPOCH


server: TimeServer = TimeServer()


def main() -> None:
    """Set the clock and serve."""
    server.power_on = time_at_power_on()
    serve(server)
