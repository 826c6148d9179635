"""A program that is moved: so many bytes of memory, and something that it does in rounds of ten milliseconds.

usage: migrant BYTES ROUNDS still | write BYTES-A-SECOND | touch PAGES-A-ROUND | call TIMES-A-ROUND
"""

from atoll.abi.startup import NAMING
from atoll.abi.types import Array, Text, i64, low8, u8, u64, wrapping_add, wrapping_mul
from atoll.servers.naming.interface import Naming
from atoll.userland.runtime.kernel_calls import sleep
from atoll.userland.runtime.startup import argument, argument_count, given

MOST = 10_000_000
PAGE_SIZE = 4096
ROUND = 10_000_000  # nanoseconds
ROUNDS_A_SECOND = 100
FACTOR = 6_364_136_223_846_793_005
ZERO = 0x30

data: Array[u8, MOST] = Array()


class Worker:
    """What it remembers."""

    size: u64
    place: u64
    random: u64
    wrong: u64

    def fill(self) -> None:
        """All its memory is something else than zeros."""
        for place in range(0, self.size, PAGE_SIZE):
            data[place] = low8(place // PAGE_SIZE + 1)

    def check(self, place: u64) -> None:
        """Whether the first byte of a page is as it was filled."""
        if place < self.size:
            self.wrong += u64(data[place] != low8(place // PAGE_SIZE + 1))

    def write(self, count: u64) -> None:
        """So many bytes, one behind the other."""
        for _ in range(count):
            self.place += 1
            if self.place % PAGE_SIZE == 0:
                self.check(self.place)
                self.place += 1
            if self.place >= self.size:
                self.place = 1
            data[self.place] = low8(self.place)

    def touch(self, count: u64) -> None:
        """So many pages, anywhere."""
        for _ in range(count):
            self.random = wrapping_add(wrapping_mul(self.random, FACTOR), 1)
            page = (self.random >> 33) % (self.size // PAGE_SIZE)
            self.check(page * PAGE_SIZE)
            data[page * PAGE_SIZE + 1] = low8(self.random)

    def call(self, count: u64) -> None:
        """So many calls of a service at home."""
        for _ in range(count):
            Naming(given(NAMING)).lookup("/services/time").close()


worker: Worker = Worker()


def number(text: Text) -> u64:
    """Decimal digits."""
    value: u64 = 0
    for digit in text.encode():
        value = value * 10 + u64(digit) - ZERO
    return value


def main() -> i64:
    """Fill, work in rounds; whatever it comes by has to be as it was."""
    worker.size = number(argument(0))
    count = number(argument(3)) if argument_count() > 3 else 0
    worker.fill()
    print("filled")
    for _ in range(number(argument(1))):
        match argument(2):
            case "write":
                worker.write(count // ROUNDS_A_SECOND)
            case "touch":
                worker.touch(count)
            case "call":
                worker.call(count)
        sleep(ROUND)
    print(f"wrong {worker.wrong}")
    return 0 if worker.wrong == 0 else 1
