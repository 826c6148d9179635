"""Computes, prints, reads and writes a file, calls services and is called, by two threads; says at the end whether all
that it has counted is right. What it prints does not depend on where it is, nor on when it is called.
"""

from counting import Counting

from atoll.abi.calls import Message
from atoll.abi.objects import NO_HANDLE
from atoll.abi.raw import address_of, load64, store64
from atoll.abi.startup import NAMING
from atoll.abi.types import Array, Text, i64, u8, u64, wrapping_add, wrapping_mul
from atoll.servers.files.interface import File, OpenFlag
from atoll.servers.naming.interface import Naming
from atoll.userland.library.files import open_file
from atoll.userland.runtime.interface import call
from atoll.userland.runtime.kernel_calls import sleep
from atoll.userland.runtime.messages import Gate, Letter, Port, PortSet, create_port, create_set
from atoll.userland.runtime.objects import Process
from atoll.userland.runtime.shared import SharedNumber
from atoll.userland.runtime.startup import argument, environment, given
from atoll.userland.runtime.system import own_process
from atoll.userland.runtime.threads import start_thread

MILLISECOND = 1_000_000
FACTOR = 6_364_136_223_846_793_005
WORDS = 8192
CALLERS = 4
NAME = "/services/traveller"
OWN_LABEL = 2  # of the port to which callers have gates of their own


class Owed:
    """A call that the first thread answers."""

    reply: SharedNumber
    value: u64


class Traveller(Counting):
    """The second thread."""

    public: Port
    own: Port
    ports: PortSet
    owed: Array[Owed, CALLERS]
    added: u64
    put_off: u64
    opened: u64
    sum: u64
    gone: SharedNumber  # callers that have said goodbye
    stack: Array[u8, 16384]
    request: Array[u8, 1024]
    reply: Array[u8, 1024]

    def add(self, value: u64) -> u64:
        self.added += 1
        self.sum += value
        return 3 * value

    def later(self, value: u64) -> u64:
        self.put_off += 1
        self.sum += value
        for owed in self.owed:
            if owed.reply.read() == NO_HANDLE:
                owed.value = value + 1
                owed.reply.write(call.postpone())
                return 0
        return 0

    def open(self, number: u64) -> Gate:
        self.opened += 1
        return self.own.mint(number, True)

    def leave(self) -> None:
        self.gone.add(1)

    def answer_owed(self) -> None:
        """The first thread's part."""
        for owed in self.owed:
            reply = owed.reply.read()
            if reply != NO_HANDLE:
                Counting.reply_later(reply, owed.value)
                owed.reply.write(NO_HANDLE)

    def serve(self) -> None:
        """For ever, on two ports at once."""
        letter = Letter()
        letter.set_buffer(self.request[:])
        while True:
            self.ports.receive(letter)
            if letter.kind == Message.CALL:
                call.badge, call.label, call.reply = letter.badge, letter.label, letter.reply
                self.dispatch(letter, self.request[0 : letter.size], self.reply[:])
                if call.reply != NO_HANDLE:
                    letter.answer()


traveller: Traveller = Traveller()
table: Array[u64, WORDS] = Array()


def serve(_: u64) -> None:
    """The second thread."""
    traveller.serve()


def number(text: Text) -> u64:
    """Decimal digits."""
    value: u64 = 0
    for digit in text.encode():
        value = value * 10 + u64(digit) - 48
    return value


def begin() -> None:
    """Ports, the thread, the name."""
    traveller.public, traveller.own, traveller.ports = create_port(1), create_port(OWN_LABEL), create_set()
    traveller.ports.add(traveller.public)
    traveller.ports.add(traveller.own)
    start_thread(Process(own_process()), serve, 0, traveller.stack[:])
    Naming(given(NAMING)).register(NAME, traveller.public.mint(7))


def step(count: u64, random: u64, file: File) -> None:
    """A word of the table is changed, and goes through the file."""
    word: Array[u8, 8] = Array()
    place = random % WORDS
    table[place] = wrapping_add(table[place], random)
    store64(address_of(word), table[place])
    assert file.write_at(8 * count, word[:]) == 8
    store64(address_of(word), 0)
    assert file.read_at(8 * count, word[:]) == 8
    print(f"step {count} place {place} {load64(address_of(word)):x}")


def main() -> i64:
    """So many steps, so many milliseconds apart, for so many callers."""
    steps, pause, callers = number(argument(0)), number(argument(1)), number(argument(2))
    begin()
    file = open_file("/tmp/data", OpenFlag.READ | OpenFlag.WRITE | OpenFlag.CREATE | OpenFlag.TRUNCATE)
    random: u64 = 1
    ratio: float = 1.0
    count: u64 = 0
    while count < steps or traveller.gone.read() < callers:
        if count < steps:
            random = wrapping_add(wrapping_mul(random, FACTOR), 1)
            ratio = ratio / 3.0 + 1.0
            step(count, random, file)
            count += 1
        sleep(pause * MILLISECOND)
        traveller.answer_owed()
    total: u64 = 0
    for word in table:
        total = wrapping_add(total, word)
    print(f"table {total:x} ratio {ratio:.9f} {environment('PWD')}")
    print(f"added {traveller.added} put off {traveller.put_off} opened {traveller.opened} sum {traveller.sum}")
    Naming(given(NAMING)).remove(NAME)
    return 7
