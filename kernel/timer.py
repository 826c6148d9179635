"""The timer: a tick every 10 ms, which is when another program could have its turn."""

from atoll.abi.riscv import CSR, csr_read, csr_set
from atoll.abi.types import u64
from atoll.kernel import firmware
from atoll.kernel.board import board

TICKS_PER_SECOND = 100
NANOSECONDS = 1_000_000_000  # in a second
TIMER_ENABLE = 1 << 5  # in sie


class Clock:
    """All state of the timer."""

    ticks: u64  # taken so far
    next_tick: u64  # when the next is due, as the `time` register counts


clock: Clock = Clock()


def start() -> None:
    """The first tick is due one period from now. Interrupts reach the kernel only from user mode."""
    clock.next_tick = csr_read(CSR.TIME)
    ask_for_tick()
    csr_set(CSR.SIE, TIMER_ENABLE)


def tick() -> None:
    """A timer interrupt."""
    clock.ticks += 1
    ask_for_tick()


def ask_for_tick() -> None:
    """Set the timer one period on; periods that are past already are skipped."""
    period = board.timebase_hz // TICKS_PER_SECOND
    clock.next_tick += period
    now = csr_read(CSR.TIME)
    if clock.next_tick <= now:
        clock.next_tick = now + period
    firmware.set_timer(clock.next_tick)


def nanoseconds() -> u64:
    """Time since the machine was switched on."""
    time = csr_read(CSR.TIME)
    seconds = time // board.timebase_hz
    return seconds * NANOSECONDS + time % board.timebase_hz * NANOSECONDS // board.timebase_hz
