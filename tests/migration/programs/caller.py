"""Calls the traveller of node 1 so many times, and checks each answer."""

from counting import Counting

from atoll.abi.types import Text, i64, u64
from atoll.userland.library.services import find_service
from atoll.userland.runtime.kernel_calls import sleep
from atoll.userland.runtime.startup import argument

PAUSE = 3_000_000  # nanoseconds


def number(text: Text) -> u64:
    """Decimal digits."""
    value: u64 = 0
    for digit in text.encode():
        value = value * 10 + u64(digit) - 48
    return value


def main() -> i64:
    """Some calls through the public gate, the others through one of our own."""
    own, calls = number(argument(0)), number(argument(1))
    public = Counting(find_service("/nodes/node1/services/traveller"))
    gate = Counting(public.open(own).handle)
    for count in range(calls):
        value = 1000 * own + count
        if count % 3 == 0:
            assert public.add(value) == 3 * value
        elif count % 3 == 1:
            assert gate.add(value) == 3 * value
        else:
            assert gate.later(value) == value + 1
        sleep(PAUSE)
    gate.leave()
    print(f"caller {own}: {calls} answers")
    return 0
