"""The manager dies, or hands over to a successor, while programs live: they go on, with everything they had."""

from handing import swap
from tally import test
from world import (
    COPY,
    FULL,
    Child,
    Server,
    begin,
    close_manager,
    end,
    free_server,
    meet,
    memory,
    open_file,
    open_manager,
    run,
    start,
    start_server,
    totals,
    wait_for_death,
)

from atoll.abi.calls import Message
from atoll.abi.objects import NO_HANDLE, Right
from atoll.abi.types import Array, u64
from atoll.servers.memory.interface import NEW_FAULT, NoSuchSpace, PagesLost, TooManySpaces
from atoll.userland.runtime.kernel_calls import sleep
from atoll.userland.runtime.messages import Letter, Port, create_port
from atoll.userland.runtime.objects import Process, close, duplicate

FRAMES = 400
FEW = 40
OWN_RIGHTS = Right.MANAGE | Right.DUPLICATE | Right.MOVE
MILLISECOND = 1_000_000

server: Server = Server()
successor: Server = Server()
letter: Letter = Letter()  # of who waits at the meeting


# ---- it dies ----


def crash(frames: u64) -> None:
    """The manager dies; another has its port."""
    server.program.process.destroy(0)
    port = wait_for_death(server.port)
    free_server(server)
    assert port != NO_HANDLE
    start_server(server, frames, Port(port), "swap")


def adopt_again(child: Child, file: u64 = 1) -> None:
    """What the program manager does then for each program."""
    memory.prepare_again(child.space, open_file(file))
    memory.adopt(child.space, Process(duplicate(child.process.handle, OWN_RIGHTS)))


def pages_stay() -> None:
    """A program has touched pages; they are there after the crash, and it touches others."""
    open_manager(server, FRAMES)
    child = Child()
    start(child, "stay", 20)
    meet(letter)
    crash(FRAMES)
    adopt_again(child)
    letter.answer()
    assert child.finish() == 0
    assert run("touch", 30) == 0
    close_manager(server)


def shared_pages_are_copied() -> None:
    """A page that an earlier manager has shared is copied when it is written."""
    open_manager(server, FRAMES)
    first, second = Child(), Child()
    other = Letter()
    start(first, "read first", 20, FULL)
    meet(letter)
    start(second, "read first", 20, FULL)
    meet(other)
    crash(FRAMES)
    adopt_again(first, FULL)
    adopt_again(second, FULL)
    letter.answer()
    meet(letter)
    other.answer()
    meet(other)
    letter.answer()
    other.answer()
    assert first.finish() == 0
    assert second.finish() == 0
    close_manager(server)


def faults_wait() -> None:
    """A fault that comes before the program is adopted again waits for that."""
    open_manager(server, FRAMES)
    first, second = Child(), Child()
    start(first, "recurse")
    assert first.finish() == 1
    start(first, "data", 100)
    meet(letter)
    start(second, "nothing", 0, COPY)
    crash(FRAMES)
    sleep(MILLISECOND)
    adopt_again(second, COPY)
    adopt_again(first)
    assert second.finish() == 0
    letter.answer()
    for _ in range(3):
        meet(letter)
        letter.answer()
    assert first.finish() == 0
    close_manager(server)


def numbers_are_not_given_again() -> None:
    """The successor's new spaces are not taken for those of its predecessor."""
    open_manager(server, FRAMES)
    child = Child()
    start(child, "stay", 5)
    meet(letter)
    crash(FRAMES)
    try:
        memory.describe(child.space)
        raise AssertionError("the successor knows the space")
    except NoSuchSpace:
        pass
    space, _, pager = memory.prepare(open_file(COPY))
    assert space != child.space
    try:
        memory.prepare_again(space, open_file(COPY))
        raise AssertionError("a space twice")
    except TooManySpaces:
        close(pager)
    adopt_again(child)
    letter.answer()
    assert child.finish() == 0
    close_manager(server)


def swapped_pages_are_lost() -> None:
    """A program with pages in swap cannot go on; one whose pages have all come back can."""
    open_manager(server, FEW)
    child, other = Child(), Child()
    letters: Array[Letter, 2] = Array()
    start(child, "stay", 12)
    meet(letters[0])
    assert run("twice", 60) == 0
    assert memory.describe(child.space).swapped > 0
    start(other, "stay", 2)
    meet(letters[1])
    assert memory.describe(other.space).swapped == 0
    crash(FRAMES)
    memory.prepare_again(child.space, open_file(1))
    try:
        memory.adopt(child.space, Process(duplicate(child.process.handle, OWN_RIGHTS)))
        raise AssertionError("nothing is lost")
    except PagesLost:
        child.process.destroy(9)
    assert child.finish() == 9
    close(letters[0].reply)
    adopt_again(other)
    letters[1].answer()
    assert other.finish() == 0
    close_manager(server)


# ---- it hands over ----


def hand_over() -> None:
    """A program with pages in memory and in swap, one that waits for its report, and an idle image: all are known."""
    open_manager(server, FEW)
    child, faulty, other = Child(), Child(), Child()
    sink = create_port()
    memory.set_sink(sink.mint(1))
    start(child, "stay", 15)
    meet(letter)
    assert run("twice", 60) == 0
    start(faulty, "wild")
    told = Letter()
    sink.receive(told)
    before = totals()
    swapped = memory.describe(child.space).swapped
    assert swapped > 0
    assert swap(server, successor) <= 16
    after = totals()
    assert after.total == before.total and after.free == before.free and after.swap_used == before.swap_used
    assert memory.describe(child.space).swapped == swapped
    fault = memory.next_fault()
    assert fault.space == faulty.space
    memory.end_fault(fault.space, fault.thread, 21)
    assert faulty.finish() == 21
    letter.answer()
    start(other, "twice", 50)
    assert child.finish() == 0
    assert other.finish() == 0
    start(faulty, "wild")
    sink.receive(told)
    assert told.kind == Message.NOTIFICATION and told.words[0] == NEW_FAULT
    faulty.process.destroy(22)
    assert faulty.finish() == 22
    assert totals().swap_used == 0
    sink.close()
    close_manager(successor)


def main() -> None:
    begin()
    test("pages stay", pages_stay)
    test("shared pages are copied", shared_pages_are_copied)
    test("faults wait", faults_wait)
    test("numbers are not given again", numbers_are_not_given_again)
    test("swapped pages are lost", swapped_pages_are_lost)
    test("hand over", hand_over)
    end()
