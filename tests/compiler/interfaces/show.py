"""A program that shows what the guest's stubs send: words and segment of each request, as the receiver has them."""

from sample import Colour, Mode, Plain, Point, Sample

from atoll.abi.interfaces import BAD_REQUEST
from atoll.abi.types import Array, u8, u64
from atoll.userland.runtime.interface import ServiceError
from atoll.userland.runtime.messages import Letter, Port, create_port
from atoll.userland.runtime.objects import Process
from atoll.userland.runtime.system import own_process
from atoll.userland.runtime.threads import start_thread

request: Array[u8, 4096] = Array()
stack: Array[u8, 32768] = Array()
filled: Array[u8, 1000] = Array()


def show(port: u64) -> None:
    """A thread: print each request, and refuse it."""
    letter = Letter()
    letter.set_buffer(request[:])
    while True:
        Port(port).receive(letter)
        for word in letter.words:
            print(f"{word:x}", end=" ")
        for byte in request[0 : letter.size]:
            print(f"{byte:02x}", end="")
        print("")
        letter.set_words(BAD_REQUEST)
        letter.answer()


def main() -> None:
    """The calls that test_interfaces.py makes too."""
    port = create_port()
    gate = port.mint(1)
    start_thread(Process(own_process()), show, port.handle, stack[:])
    for number in range(u64(8)):
        try:
            call(Sample(gate.handle), number)
        except ServiceError:
            pass
    try:
        Plain(gate.handle).add(2**64 - 1, 5)
    except ServiceError:
        pass


def call(sample: Sample, number: u64) -> None:
    """One of the calls."""
    point = Point(-7, -3, Colour.RED, Array((1, 2, 3)))
    match number:
        case 0:
            sample.nothing()
        case 1:
            sample.scalars(255, -2, True)
        case 2:
            sample.enumerations(Colour.GREEN, Mode.READ | Mode.WRITE)
        case 3:
            sample.text("h\u00e4llo", 4_000_000_000)
        case 4:
            sample.data(b"\x00\xff\x01")
        case 5:
            sample.several("abc", point, b"1234567890", -1)
        case 6:
            sample.read(filled[0:77], 5)
        case _:
            sample.read_named("name", filled[:])
