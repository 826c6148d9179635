"""The network server's alarm: a thread that waits, so that the one that works can be told when to look at its calls."""

from atoll.abi.calls import NO_TIMEOUT, Call, Status
from atoll.abi.types import Array, u8, u64
from atoll.userland.runtime.messages import Gate, Letter, Port, create_port
from atoll.userland.runtime.objects import Process
from atoll.userland.runtime.shared import SharedNumber
from atoll.userland.runtime.threads import start_thread

STACK_SIZE = 8 << 10  # bytes
SET = 1  # notification to the thread: there is another time


class Alarm:
    """What both threads know."""

    wait: SharedNumber  # nanoseconds
    port: Port
    gate: Gate
    ring: Gate  # to notify
    bits: u64
    is_set: bool
    stack: Array[u8, STACK_SIZE]


alarm: Alarm = Alarm()


def start(process: Process, priority: u64, ring: Gate, bits: u64) -> None:
    """Make the thread; `ring` is notified with these bits."""
    alarm.port = create_port()
    alarm.gate = alarm.port.mint(0)
    alarm.ring = ring
    alarm.bits = bits
    start_thread(process, watch, 0, alarm.stack[:], priority)


def ring_in(wait: u64) -> None:
    """Ring in so many nanoseconds, instead of when it was to ring before; NO_TIMEOUT: not at all."""
    if wait == NO_TIMEOUT and not alarm.is_set:
        return
    alarm.is_set = wait != NO_TIMEOUT
    alarm.wait.write(wait)
    alarm.gate.notify(SET)


def watch(_: u64) -> None:
    """What the thread does."""
    letter = Letter()
    wait: u64 = NO_TIMEOUT
    while True:
        if letter.attempt(Call.RECEIVE, alarm.port.handle, wait) == Status.OK:
            wait = alarm.wait.read()
        else:
            wait = NO_TIMEOUT
            alarm.ring.notify(alarm.bits)
