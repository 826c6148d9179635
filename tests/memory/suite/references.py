"""Programs that leave their pages behind: these come when they are touched, from a source that may be lost."""

from parcels import (
    carrying,
    contents,
    end_source,
    found,
    go_on,
    open_carrying,
    page_at,
    prepare_move,
    server,
    survey,
    words,
)
from tally import test
from world import (
    PRIORITY,
    Child,
    begin,
    close_manager,
    end,
    meet,
    memory,
    start,
    totals,
)

from atoll.abi.calls import NO_TIMEOUT, Call, Message
from atoll.abi.raw import address_of, store64
from atoll.abi.types import Array, Bytes, Slice, u8, u64
from atoll.servers.memory.interface import (
    NEW_FAULT,
    PAGE_NUMBER,
    NoFault,
    NoSuchSpace,
    PagesAway,
    PageSource,
    Reason,
)
from atoll.servers.root import machine
from atoll.userland.runtime.interface import call
from atoll.userland.runtime.messages import Letter, Port, create_port
from atoll.userland.runtime.shared import SharedNumber
from atoll.userland.runtime.threads import start_thread

# ---- pages that come when they are touched ----


class Source(PageSource):
    """Answers from a retained space; a thread of this suite."""

    port: Port
    space: u64
    is_broken: SharedNumber
    fetched: SharedNumber
    stack: Array[u8, 16384]
    request: Array[u8, 4096]
    answer: Array[u8, 65536]

    def fetch(self, page: u64, into: Slice[u8]) -> u64:
        """One page."""
        if self.is_broken.read() != 0:
            raise NoSuchSpace("it is gone")
        self.fetched.add(1)
        size: u64 = carrying.read_pages(self.space, one_word(page), into)
        return size


source_server: Source = Source()


def one_word(page: u64) -> Bytes:
    """A list of one page."""
    store64(address_of(source_server.request), page)
    view: Bytes = source_server.request[0:8]
    return view


def serve_pages(_: u64) -> None:
    """Until the last gate is gone."""
    letter = Letter()
    letter.set_buffer(source_server.request[:])
    while True:
        source_server.port.receive(letter)
        if letter.kind != Message.CALL:
            return
        call.badge, call.label, call.reply = letter.badge, letter.label, letter.reply
        source_server.dispatch(letter, source_server.request[0 : letter.size], source_server.answer[:])
        letter.attempt(Call.REPLY, letter.reply, NO_TIMEOUT)


def open_source(space: u64) -> PageSource:
    """The thread."""
    source_server.port = create_port()
    source_server.space = space
    source_server.is_broken.write(0)
    source_server.fetched.write(0)
    gate = source_server.port.mint(1, True)
    start_thread(machine.this_process(), serve_pages, 0, source_server.stack[:], PRIORITY - 5).close()
    return PageSource(gate.handle)


def move_by_reference(source: Child, to: Child) -> u64:
    """Everything stays at the source; how many pages."""
    prepare_move(source, to)
    count: u64 = survey(source.space)
    number = carrying.set_source(to.space, 2, open_source(source.space))
    for index in range(count):
        store64(address_of(found) + 8 * index, page_at(index) & PAGE_NUMBER)
    carrying.expect(to.space, number, found[0 : 8 * count])
    carrying.retain(source.space)
    end_source(source)
    return count


def by_reference() -> None:
    """Only what is touched is fetched, once; what is not touched never; the source is let go with the space."""
    open_carrying()
    source, to = Child(), Child()
    letter = Letter()
    start(source, "stay", 3)
    meet(letter)
    count = move_by_reference(source, to)
    go_on(to)
    assert to.wait() == 0
    fetched = source_server.fetched.read()
    assert 4 <= fetched < count, f"{fetched} of {count}"
    memory.release(to.space)
    to.free()
    memory.release(source.space)
    source_server.port.close()
    assert totals().spaces == 0
    close_manager(server)


def brought() -> None:
    """Pages are fetched before they are touched: when all have come, nobody needs the source."""
    open_carrying()
    source, to = Child(), Child()
    letter = Letter()
    start(source, "stay", 3)
    meet(letter)
    count = move_by_reference(source, to)
    first = page_at(0)
    store64(address_of(words), first)
    try:
        carrying.read_pages(to.space, words[0:8], contents[:])
        raise AssertionError("a page that is away was read")
    except PagesAway:
        pass
    for number in range(count):
        carrying.bring(to.space, page_at(number))
        carrying.bring(to.space, first)
    assert source_server.fetched.read() == count
    memory.release(source.space)
    go_on(to)
    assert to.finish() == 0
    source_server.port.close()
    close_manager(server)


def source_lost() -> None:
    """A program whose pages cannot be fetched any more is reported, with the reason; others are not kept waiting."""
    open_carrying()
    sink = create_port()
    memory.set_sink(sink.mint(1))
    source, to = Child(), Child()
    letter = Letter()
    start(source, "stay", 3)
    meet(letter)
    move_by_reference(source, to)
    source_server.is_broken.write(1)
    go_on(to)
    sink.receive(letter)
    assert letter.words[0] == NEW_FAULT
    fault = memory.next_fault()
    assert fault.space == to.space and fault.reason == Reason.SOURCE_LOST
    memory.end_fault(fault.space, fault.thread, 7)
    assert to.finish() == 7
    try:
        memory.next_fault()
        raise AssertionError("another fault")
    except NoFault:
        pass
    memory.release(source.space)
    source_server.port.close()
    sink.close()
    close_manager(server)


def main() -> None:
    begin()
    test("pages come when they are touched", by_reference)
    test("pages are brought before they are touched", brought)
    test("the source of pages is lost", source_lost)
    end()
