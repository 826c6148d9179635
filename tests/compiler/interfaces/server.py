"""The server of sample.py's interfaces, and its loop."""

from typing import TypeVar

from sample import Colour, Count, Limit, Missing, Mode, Plain, Point, Sample, Special, Waiting

from atoll.abi.calls import NO_TIMEOUT, Call, Message, Status
from atoll.abi.objects import NO_HANDLE
from atoll.abi.types import Array, Bytes, Slice, Text, i16, i64, u8, u16, u32, u64
from atoll.userland.runtime.interface import Handle, Interface, call
from atoll.userland.runtime.messages import Gate, Letter, Port
from atoll.userland.runtime.objects import close

BADGE = 5
TEXT_SERVED = "h\u00e4llo"
request: Array[u8, 4096] = Array()
answer: Array[u8, 4096] = Array()


class SampleServer(Sample, Waiting, Plain):
    """Computes something simple from what it gets."""

    lost: u64
    waiting: Array[u64, 4]
    port: Port

    def nothing(self) -> None:
        self.lost = 0

    def scalars(self, a: u8, b: i16, c: bool) -> tuple[i16, u16, bool]:
        return b, u16(a) + 1, not c

    def enumerations(self, colour: Colour, mode: Mode) -> tuple[Mode, Colour]:
        return mode, colour

    def text(self, name: Text, size: u32) -> u64:
        return u64(len(name)) + size + u64(1000 if name == TEXT_SERVED else 0)

    def data(self, data: Bytes) -> u64:
        return u64(len(data))

    def point(self, point: Point) -> Point:
        return Point(point.x * 2, point.y, Colour.GREEN, point.tail)

    def several(self, name: Text, point: Point, data: Bytes, number: i64) -> i64:
        return i64(len(name)) * 1000 + point.x * 100 + i64(len(data)) * 10 + number

    def gate(self, gate: Gate) -> Gate:
        return gate

    def badge(self, gate: Gate, name: Text) -> tuple[u64, Handle]:
        if name == "raise":
            gate.close()
            raise Missing("the gate was closed")
        return call.badge, gate.handle

    def read(self, into: Slice[u8], start: u64) -> u64:
        for number in range(u64(len(into))):
            into[number] = u8(start + number)
        return u64(len(into))

    def read_named(self, name: Text, into: Slice[u8]) -> tuple[u64, bool]:
        into[0 : len(name)] = name.encode()
        return u64(len(name)), True

    def refuse(self, how: u64) -> None:
        if how == 0:
            raise Missing("a missing thing")
        if how == 1:
            raise Special("")
        raise Limit(how, -5, "a limit")

    def lose(self, times: u64) -> u64:
        self.lost += 1
        if self.lost <= times:
            close(call.postpone())
        return self.lost

    def lose_once(self) -> None:
        close(call.postpone())

    def wait(self, slot: u64) -> u64:
        self.waiting[slot] = call.postpone()
        return 77

    def wait_for_gate(self, slot: u64) -> Gate:
        self.waiting[slot] = call.postpone()
        return Gate(NO_HANDLE)

    def wait_for_data(self, slot: u64, into: Slice[u8]) -> tuple[u64, bool]:
        self.waiting[slot] = call.postpone()
        return 0, False

    def wait_and_raise(self, slot: u64) -> None:
        call.postpone()
        raise Count(u16(slot))

    def release(self, slot: u64, how: u64) -> None:
        reply = self.waiting[slot]
        match how:
            case 0:
                Waiting.reply_wait(reply, 42)
            case 1:
                Waiting.reply_wait_for_gate(reply, self.port.mint(BADGE + 1))
            case 2:
                Waiting.reply_wait_for_data(reply, b"later", True)
            case 3:
                Waiting.fail(reply, Missing(f"nothing in slot {slot}"))
            case _:
                Waiting.fail(reply, Count(9))

    def add(self, a: u64, b: u64) -> u64:
        if a == 0:
            raise Count(300)
        return a + b


S = TypeVar("S", bound=Interface)


def run(port: u64) -> None:
    """A thread: serve at this port."""
    server = SampleServer()
    server.port.handle = port
    serve(server, port)


def serve(server: S, port: u64) -> None:
    """A server's loop."""
    letter = Letter()
    letter.set_buffer(request[:])
    while True:
        Port(port).receive(letter)
        if letter.kind != Message.CALL:
            server.other_message(letter)
            continue
        server.dispatch(letter, request[0 : letter.size], answer[:])
        if letter.reply != NO_HANDLE:
            reply(letter)


def reply(letter: Letter) -> None:
    """Answer; a caller without room for an error's text gets it without."""
    given = letter.transfer.handle
    if letter.attempt(Call.REPLY, letter.reply, NO_TIMEOUT) == Status.TOO_LONG:
        letter.attempt(Call.REPLY, letter.reply, NO_TIMEOUT)
    elif letter.status == Status.CALLER_GONE and given != NO_HANDLE:
        close(given)
