"""A program whose threads speak through stubs: every kind of argument, result, error, and what makes no sense."""

from sample import Colour, Count, Limit, Missing, Mode, Plain, Point, Sample, Special, Waiting
from server import BADGE, TEXT_SERVED, run

from atoll.abi.objects import NO_HANDLE, HandleInfo
from atoll.abi.raw import address_of, view
from atoll.abi.types import Array, Bytes, Text, u8, u64
from atoll.userland.runtime.interface import OutcomeUnknown, ServiceError
from atoll.userland.runtime.kernel_calls import let_others_run
from atoll.userland.runtime.messages import Gate, Letter, create_port
from atoll.userland.runtime.objects import Process, close
from atoll.userland.runtime.shared import SharedNumber
from atoll.userland.runtime.system import own_process
from atoll.userland.runtime.threads import start_thread

STACK = 32768
stacks: Array[Array[u8, STACK], 2] = Array()
gate: Gate = Gate(NO_HANDLE)
infos: Array[HandleInfo, 64] = Array()
outcome: SharedNumber = SharedNumber()
request: Array[u8, 4096] = Array()


def check(name: Text, is_right: bool) -> None:
    """A line for each fact."""
    print(f"{name}: {'ok' if is_right else 'failed'}")


def handles() -> u64:
    """How many handles this process has."""
    count, _ = Process(own_process()).list_handles(0, infos[:])
    return count


def main() -> None:
    """Everything."""
    port = create_port()
    gate.handle = port.mint(BADGE).handle
    start_thread(Process(own_process()), run, port.handle, stacks[0][:])
    sample = Sample(gate.handle)
    sample.nothing()
    before = handles()
    scalars(sample)
    segments(sample)
    buffers(sample)
    gates(sample)
    errors(sample)
    lost(sample)
    nonsense()
    later()
    plain(Plain(gate.handle))
    check("no handle is left", handles() == before)


def scalars(sample: Sample) -> None:
    a, b, c = sample.scalars(255, -32768, True)
    check("scalars", a == -32768 and b == 256 and not c)
    mode, colour = sample.enumerations(Colour.GREEN, Mode.READ | Mode.WRITE)
    check("enumerations", mode == 3 and colour == Colour.GREEN)


def segments(sample: Sample) -> None:
    check("text", sample.text(TEXT_SERVED, 100) == 1106 and sample.text("", 4_000_000_000) == 4_000_000_000)
    check("data", sample.data(b"\xff\x00") == 2 and sample.data(request[:]) == 4096)
    point = Point(-7, -3, Colour.RED, Array((1, 2, 3)))
    twice = sample.point(point)
    check("point", twice.x == -14 and twice.y == -3 and twice.colour == Colour.GREEN and twice.tail[2] == 3)
    check("several", sample.several("abc", point, b"12345", -1) == 2349)
    try:
        sample.several("abc", point, request[:], 0)
        check("too much to pack", False)
    except ValueError:
        check("too much to pack", True)


def buffers(sample: Sample) -> None:
    buffer: Array[u8, 10] = Array()
    check("read", sample.read(buffer[0:5], 40) == 5 and buffer[4] == 44 and buffer[5] == 0)
    count, is_whole = sample.read_named("abc", buffer[:])
    check("read and more", count == 3 and is_whole and buffer[0:3] == b"abc")
    check("read nothing", sample.read(buffer[0:0], 1) == 0)


def gates(sample: Sample) -> None:
    mine = create_port()
    came = sample.gate(mine.mint(3))
    start = handles()
    came.notify(4)
    letter = Letter()
    mine.receive(letter)
    check("gate there and back", letter.words[0] == 4)
    came.close()
    badge, other = sample.badge(mine.mint(4), "x")
    close(other)
    check("handle in a tuple", badge == BADGE and handles() == start - 1)
    try:
        sample.badge(mine.mint(5), "raise")
    except Missing as error:
        check("error of a call with a handle", f"{error}" == "the gate was closed")
    try:
        sample.gate(Gate(NO_HANDLE))
        check("no handle given", False)
    except ServiceError:
        check("no handle given", True)
    mine.close()


def errors(sample: Sample) -> None:
    for how in range(3):
        try:
            sample.refuse(u64(how))
            check("refuse", False)
        except Special as error:
            check("special", how == 1 and f"{error}" == "")
        except Missing as error:
            check("missing", how == 0 and f"{error}" == "a missing thing")
        except Limit as error:
            check("limit", error.used == 2 and error.delta == -5 and error.why == "a limit")


def lost(sample: Sample) -> None:
    check("repeated", sample.lose(2) == 3)
    sample.nothing()
    try:
        sample.lose(3)
        check("given up", False)
    except OutcomeUnknown:
        sample.nothing()
        check("given up", True)
    try:
        sample.lose_once()
        check("not repeated", False)
    except OutcomeUnknown:
        check("not repeated", True)


# ---- what no stub would send ----


def nonsense() -> None:
    point: Array[u64, 4] = Array()
    refuse("u8 too large", 0x1201, 256, 0, 0, b"")
    refuse("i16 too small", 0x1201, 1, 0xFFFF_FFFF_FFFF_7FFF, 0, b"")
    refuse("no bool", 0x1201, 1, 1, 2, b"")
    refuse("no member", 0x1202, 2, 1, 0, b"")
    refuse("no UTF-8", 0x1203, 0, 0, 0, b"ab\xff")
    refuse("surrogate", 0x1203, 0, 0, 0, b"\xed\xa0\x80")
    refuse("cut character", 0x1203, 0, 0, 0, b"\xe2\x82")
    refuse("segment nobody asked for", 0x1200, 0, 0, 0, b"x")
    refuse("structure too short", 0x1205, 0, 0, 0, view(address_of(point), 31))
    refuse("packed too short", 0x1206, 0, 0, 0, b"\x03\x00\x00\x00\x00\x00\x00\x00ab")
    refuse("packed without end", 0x1206, 0, 0, 0, b"\xff\xff\xff\xff\xff\xff\xff\xffab")
    refuse("packed is missing", 0x1206, 0, 0, 0, b"")
    refuse("no such method", 0x127F, 0, 0, 0, b"")
    refuse("an error's number", 0x1280, 0, 0, 0, b"")
    refuse("no such interface", 0x1500, 0, 0, 0, b"")
    refuse("a very large number", 0xFFFF_FFFF_FFFF_FFFF, 0, 0, 0, b"")
    letter = Letter()
    letter.set_words(0x1200)
    mine = create_port()
    letter.give(mine.mint(1).handle)
    gate.call(letter)
    check("handle nobody asked for", letter.words[0] == 1)
    letter.give(mine.mint(2).handle)
    gate.send(letter)
    let_others_run()
    mine.close()


def refuse(name: Text, number: u64, a: u64, b: u64, c: u64, data: Bytes) -> None:
    letter = Letter()
    letter.set_words(number, a, b, c)
    letter.enclose(data)
    gate.call(letter)
    check(name, letter.words[0] == 1 and letter.handle == NO_HANDLE)


# ---- answers that come later ----


def waiter(how: u64) -> None:
    """A thread: wait in slot `how`, and leave what came of it."""
    waiting = Waiting(gate.handle)
    small: Array[u8, 8] = Array()
    try:
        match how:
            case 0:
                outcome.write(waiting.wait(how))
            case 1:
                given = waiting.wait_for_gate(how)
                outcome.write(100 if given.handle != NO_HANDLE else 0)
                given.close()
            case 2 | 3:
                count, is_late = waiting.wait_for_data(how, small[:])
                outcome.write(200 + count + u64(10 if is_late and small[0:5] == b"later" else 0))
            case _:
                outcome.write(waiting.wait(3))
    except Missing as error:
        outcome.write(300 + u64(len(f"{error}")))
    except Count as error:
        outcome.write(400 + u64(error.number))


def later() -> None:
    expected: Array[u64, 5] = Array((42, 100, 215, 300, 317))
    releases: Array[u64, 5] = Array((0, 1, 2, 3, 3))
    slots: Array[u64, 5] = Array((0, 1, 2, 3, 3))
    before = handles()
    for how in range(u64(5)):
        outcome.write(0)
        thread = start_thread(Process(own_process()), waiter, how, stacks[1][:])
        let_others_run()
        Waiting(gate.handle).release(slots[how], releases[how])
        while outcome.read() == 0:
            let_others_run()
        let_others_run()
        thread.close()
        check(f"later {how}", outcome.read() == expected[how])
    check("nothing is left of what came later", handles() == before)
    try:
        Waiting(gate.handle).wait_and_raise(7)
    except Count as error:
        check("postponed and raised", error.number == 7)


def plain(service: Plain) -> None:
    check("plain", service.add(3, 4) == 7)
    try:
        service.add(0, 1)
    except Count as error:
        check("plain error", error.number == 300)
