"""Spaces on their way: a program is copied to another space, page by page, and goes on there."""

from parcels import (
    carried,
    carrying,
    copy_pages,
    end_source,
    go_on,
    open_carrying,
    page_at,
    prepare_move,
    regions,
    same_handles,
    server,
    survey,
)
from tally import test
from world import (
    Child,
    begin,
    close_manager,
    end,
    meet,
    memory,
    open_manager,
    start,
    totals,
)

from atoll.abi.address_space import PAGE_SIZE, STACK
from atoll.abi.objects import Right
from atoll.abi.raw import address_of, store64
from atoll.abi.types import Bytes, u64
from atoll.servers.memory.interface import (
    ACCESSED,
    CARRIED_SIZE,
    PAGE_NUMBER,
    REGION_SIZE,
    WRITTEN,
    BadPages,
)
from atoll.userland.runtime.messages import Letter
from atoll.userland.runtime.objects import close

DATA_PAGES = 40


def copied() -> None:
    """All pages are copied, the program goes on as if nothing had been; what it was needs no file."""
    open_carrying()
    source, to = Child(), Child()
    letter = Letter()
    start(source, "stay", 3)
    meet(letter)
    prepare_move(source, to)
    assert same_handles(source, to)
    count = survey(source.space)
    copy_pages(source.space, to.space, count)
    assert totals().spaces == 2
    end_source(source)
    go_on(to)
    assert to.finish() == 0
    close_manager(server)


def surveyed() -> None:
    """A survey tells pages in order, each once, what was used and what written; the next one what came since."""
    open_carrying()
    child = Child()
    letter = Letter()
    start(child, "read first", DATA_PAGES)
    meet(letter)
    count = survey(child.space)
    accessed: u64 = 0
    for number in range(count):
        assert number == 0 or page_at(number) & PAGE_NUMBER > page_at(number - 1) & PAGE_NUMBER
        if page_at(number) & ACCESSED != 0:
            accessed += 1
    assert DATA_PAGES < accessed < count <= memory.describe(child.space).resident + 30, f"{accessed} of {count}"
    assert page_at(count - 1) & PAGE_NUMBER >= STACK // PAGE_SIZE, "the stack"
    assert survey(child.space, True) == 0, "nothing has run since"
    assert survey(child.space) == count
    letter.answer()
    meet(letter)
    written = survey(child.space, True)
    assert DATA_PAGES <= written <= DATA_PAGES + 8, f"{written} pages"
    for number in range(written):
        assert page_at(number) & WRITTEN != 0
    letter.answer()
    assert child.finish() == 0
    close_manager(server)


def held() -> None:
    """What is held stays in memory, however short that is; what is let go is paged out, and can still be copied."""
    open_manager(server, 60)
    carrying.handle = memory.handle
    source, other, to = Child(), Child(), Child()
    letter = Letter()
    start(source, "stay", 20)
    meet(letter)
    carrying.hold(source.space, True)
    start(other, "touch", 100)
    assert other.finish() == 0
    assert memory.describe(source.space).swapped == 0
    carrying.hold(source.space, False)
    start(other, "touch", 100)
    assert other.finish() == 0
    assert memory.describe(source.space).swapped > 0
    prepare_move(source, to)
    copy_pages(source.space, to.space, survey(source.space))
    end_source(source)
    go_on(to)
    assert to.finish() == 0
    close_manager(server)


def refused() -> None:
    """What makes no sense is refused, and changes nothing."""
    open_carrying()
    child = Child()
    letter = Letter()
    start(child, "stay", 3)
    meet(letter)
    store64(address_of(carried), STACK // PAGE_SIZE)
    assert is_bad(child.space, carried[0:CARRIED_SIZE]), "a space that has a file"
    store64(address_of(regions), 16)
    store64(address_of(regions) + 8, 20)
    store64(address_of(regions) + 16, Right.READ)
    space, gate = carrying.prepare_carried(regions[0:REGION_SIZE])
    assert is_bad(space, carried[0:CARRIED_SIZE]), "no region"
    assert is_bad(space, carried[0:100]), "cut off"
    close(gate)
    letter.answer()
    assert child.finish() == 0
    assert totals().spaces == 0
    close_manager(server)


def is_bad(space: u64, pages: Bytes) -> bool:
    """Whether these pages cannot be written."""
    try:
        carrying.write_pages(space, pages)
    except BadPages:
        return True
    return False


def main() -> None:
    begin()
    test("a program is copied to another space", copied)
    test("a survey of a space", surveyed)
    test("a space that is held", held)
    test("pages that make no sense", refused)
    end()
