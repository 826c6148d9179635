"""What tests of processes and threads share: counters that others count on, a port with a gate to it."""

from atoll.abi.calls import NO_TIMEOUT, Call, Status
from atoll.abi.objects import NO_HANDLE
from atoll.abi.types import Array, u64
from atoll.userland.runtime.messages import Gate, Letter, Port, create_port
from atoll.userland.runtime.shared import SharedNumber

MILLISECOND = 1_000_000
counters: Array[SharedNumber, 4] = Array()
seen: SharedNumber = SharedNumber()
gate: Gate = Gate(NO_HANDLE)
port: Port = Port(NO_HANDLE)
gates: Array[Gate, 2] = Array((Gate(NO_HANDLE), Gate(NO_HANDLE)))


def nothing(_: u64) -> None:
    """End at once."""


def clear_counters() -> None:
    for number in range(u64(len(counters))):
        counters[number].write(0)
    seen.write(0)


def open_port() -> None:
    port.handle = create_port(3).handle
    gate.handle = port.mint(7).handle
    seen.write(0)


def call_and_mark(number: u64) -> None:
    """Call gate 0 or 1; leave the answer, or the status."""
    letter = Letter()
    letter.set_words(number)
    status = letter.attempt(Call.CALL, gates[number].handle, NO_TIMEOUT)
    counters[number].write(letter.words[0] if status == Status.OK else status)
