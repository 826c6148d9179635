"""The pager at work: pages come when they are touched, are shared and copied, go to swap and come back."""

from tally import test
from world import (
    COPY,
    FULL,
    Child,
    Server,
    begin,
    close_manager,
    end,
    files,
    load,
    meet,
    memory,
    open_manager,
    run,
    start,
    totals,
)

from atoll.abi.address_space import PAGE_SIZE
from atoll.abi.objects import Right
from atoll.abi.types import Array, u8, u64
from atoll.servers.memory.interface import MemoryInfo
from atoll.userland.runtime.kernel_errors import NoRight
from atoll.userland.runtime.messages import Letter
from atoll.userland.runtime.objects import Memory, create_memory, duplicate

FRAMES = 400  # more than any program here needs
FEW = 40

server: Server = Server()


def demand_loading() -> None:
    """Only what is touched is read, and read once as long as it is in memory."""
    open_manager(server, FRAMES)
    before = files.bytes_read.read()
    assert run("nothing") == 0
    loaded = totals().page_ins
    assert 2 <= loaded <= 24, f"{loaded} pages"
    assert files.bytes_read.read() - before <= (loaded + 1) * 4096
    assert run("nothing") == 0
    assert totals().page_ins == loaded
    close_manager(server)


def zeros_on_demand() -> None:
    open_manager(server, FRAMES)
    assert run("nothing") == 0
    loaded = totals().page_ins
    assert run("touch", 100) == 0
    assert totals().page_ins <= loaded + 8
    assert totals().page_outs == 0
    close_manager(server)


def frames_come_back() -> None:
    """What one program has written, the next does not see; only pages of the image stay."""
    open_manager(server, FRAMES)
    assert run("touch", 100) == 0
    kept = used(totals())
    for _ in range(5):
        assert run("touch", 100) == 0
        assert used(totals()) == kept
    assert totals().spaces == 0
    close_manager(server)


def used(info: MemoryInfo) -> u64:
    """Frames in use."""
    return info.total - info.free


def sharing() -> None:
    """A second program of the same file takes only frames for what it writes; one of another file shares nothing."""
    open_manager(server, FRAMES)
    first, second, third = Child(), Child(), Child()
    letter = Letter()
    other = Letter()
    third_letter = Letter()
    start(first, "stay", 3)
    meet(letter)
    one = used(totals())
    start(second, "stay", 3)
    meet(other)
    two = used(totals())
    start(third, "stay", 3, COPY)
    meet(third_letter)
    three = used(totals())
    assert three - two == one, f"{one}, {two}, {three} frames"
    assert 4 <= two - one <= 8, f"{one}, {two} frames"
    assert memory.describe(first.space).resident == one
    letter.answer()
    other.answer()
    third_letter.answer()
    assert first.finish() == 0
    assert second.finish() == 0
    assert third.finish() == 0
    close_manager(server)


def copy_on_write() -> None:
    """Two programs share what they read of their data until they write: each has its own copies then."""
    open_manager(server, FRAMES)
    first, second = Child(), Child()
    letter = Letter()
    other = Letter()
    start(first, "read first", 40, FULL)
    meet(letter)
    one = used(totals())
    start(second, "read first", 40, FULL)
    meet(other)
    assert used(totals()) - one <= 8
    letter.answer()
    meet(letter)
    assert used(totals()) - one >= 40
    other.answer()
    meet(other)
    assert used(totals()) - one >= 80
    letter.answer()
    other.answer()
    assert first.finish() == 0
    assert second.finish() == 0
    close_manager(server)


def data_of_its_own() -> None:
    """Two programs change their data in turn, and neither sees the other's changes."""
    open_manager(server, FRAMES)
    first, second = Child(), Child()
    letter = Letter()
    other = Letter()
    start(first, "data", 100)
    start(second, "data", 200)
    for _ in range(4):
        meet(letter)
        meet(other)
        letter.answer()
        other.answer()
    assert first.finish() == 0
    assert second.finish() == 0
    close_manager(server)


def page_out() -> None:
    """A program that touches more than there is finds everything again."""
    open_manager(server, FEW)
    assert run("twice", 120) == 0
    assert run("twice", 120, FULL) == 0
    info = totals()
    assert info.total <= FEW, f"{info.total} frames"
    assert info.page_outs > 120
    assert info.swap_used == 0
    close_manager(server)


def swap_is_found() -> None:
    """The swap area is opened by its name when it is needed, and not before."""
    open_manager(server, FEW, "naming")
    assert run("touch", 5) == 0
    assert totals().swap_total == 0
    assert run("touch", 100) == 0
    assert totals().swap_total == 256
    assert totals().page_outs > 60
    close_manager(server)


def two_large_programs() -> None:
    """They page each other out, image included."""
    open_manager(server, FEW)
    first, second = Child(), Child()
    start(first, "twice", 80)
    start(second, "twice", 90)
    assert first.finish() == 0
    assert second.finish() == 0
    assert totals().swap_used == 0
    close_manager(server)


def working_set() -> None:
    """What waits is paged out while another program works; it is not in a working set then."""
    open_manager(server, FEW)
    waiting = Child()
    letter = Letter()
    start(waiting, "stay", 10)
    meet(letter)
    resident = memory.describe(waiting.space).resident
    assert memory.describe(waiting.space).swapped == 0
    assert run("twice", 100) == 0
    info = memory.describe(waiting.space)
    assert info.swapped >= 8, f"{info.swapped} pages in swap"
    assert info.working_set < resident
    letter.answer()
    assert waiting.finish() == 0
    close_manager(server)


def call_into_missing_pages() -> None:
    """The kernel writes a record across two pages that are not there yet."""
    open_manager(server, FRAMES)
    assert run("good call") == 0
    close_manager(server)


def memory_of_others() -> None:
    """A memory object is shown in a space with the rights of its handle, and no more."""
    open_manager(server, FRAMES)
    child = Child()
    load(child, "wild")
    pages = create_memory(2)
    pages.write(PAGE_SIZE, b"hello")
    memory.share(child.space, 0x5000_0000, Memory(duplicate(pages.handle, Right.READ | Right.MOVE)))
    seen: Array[u8, 5] = Array()
    child.process.read(0x5000_1000, seen[:])
    assert seen[:] == b"hello"
    try:
        child.process.protect(0x5000_0000, 1, Right.READ | Right.WRITE)
        raise AssertionError("it can be made writable")
    except NoRight:
        child.thread.resume()
    assert child.finish() == 0  # what the program reads there is 0
    pages.close()
    close_manager(server)


def main() -> None:
    begin()
    test("demand loading", demand_loading)
    test("zeros on demand", zeros_on_demand)
    test("frames come back", frames_come_back)
    test("sharing", sharing)
    test("copy on write", copy_on_write)
    test("data of its own", data_of_its_own)
    test("page-out", page_out)
    test("the swap area is found", swap_is_found)
    test("two large programs", two_large_programs)
    test("working set", working_set)
    test("a call into missing pages", call_into_missing_pages)
    test("memory of others", memory_of_others)
    end()
