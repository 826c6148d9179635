"""Replies whose bytes are held, since a page of the caller's buffer is not there. Here one thread is both the server
and the caller's pager: it would never get on if it waited in its own reply.
"""

from harness import begin, end, run
from memory import READ_WRITE
from paging import wait_for_fault
from peers import Child, give, leave, prepare
from world import PLACE, expect, given, status_of

from atoll.abi import causes
from atoll.abi.address_space import PAGE_SIZE
from atoll.abi.calls import IN_CALL, MAX_SEGMENT, NO_TIMEOUT, Call, FaultReply, Status
from atoll.abi.objects import NO_HANDLE, STOPPED, Registers, ThreadState
from atoll.abi.raw import address_of, load64, store64, view
from atoll.abi.types import Array, u8, u64
from atoll.userland.runtime.messages import Letter, Port, create_port
from atoll.userland.runtime.objects import close, create_memory

START = PLACE + PAGE_SIZE - 8  # of the caller's buffer
SIZE = PAGE_SIZE + 16  # of the reply: it ends eight bytes into the third page
WORD = 77
FIRST = 0x3837_3635_3433_3231  # eight bytes of it
LAST = 0x4847_4645_4443_4241
PAGES = MAX_SEGMENT // PAGE_SIZE  # the largest reply ends in the page behind so many
MISSING = causes.STORE_PAGE_FAULT | IN_CALL
reply: Array[u8, MAX_SEGMENT] = Array()


class Parties:
    """The caller, and the ports at which we are its server and its pager."""

    child: Child
    port: Port
    pager: Port
    letter: Letter

    def start(self, quota: u64 = 48, has_pager: bool = True) -> None:
        """The caller's request is in `letter`."""
        self.port, self.pager = create_port(), create_port()
        to_pager = self.pager.mint(2)
        give(self.port.mint(1).handle)
        self.child = prepare(ask, 0, quota, to_pager if has_pager else None)
        to_pager.close()
        self.child.thread.resume()
        self.port.receive(self.letter)

    def answer(self, size: u64 = SIZE) -> u64:
        """Reply with bytes, a word and a handle; the status."""
        store64(address_of(reply), FIRST)
        store64(address_of(reply) + size - 8, LAST)
        self.letter.set_words(WORD)
        self.letter.enclose(reply[0:size])
        sent = create_port()
        self.letter.give(sent.handle)
        status = self.letter.attempt(Call.REPLY, self.letter.reply, NO_TIMEOUT)
        if status != Status.OK:
            sent.close()
        return status

    def expect_fault(self, number: u64, fault: Letter) -> None:
        """The next page that is missing is that one of the buffer."""
        wait_for_fault(self.pager, fault, MISSING, PLACE + number * PAGE_SIZE)

    def bring(self, number: u64) -> None:
        """Wait for that fault, and let the page be there."""
        fault = Letter()
        self.expect_fault(number, fault)
        page = create_memory(1)
        self.child.process.map(page, 0, PLACE + number * PAGE_SIZE, 1, READ_WRITE)
        page.close()
        fault.set_words(FaultReply.RETRY)
        fault.answer()

    def bring_all(self, pages: u64 = 3) -> None:
        """So many, in the order of the bytes."""
        for number in range(pages):
            self.bring(number)

    def state(self) -> u64:
        """Of the caller's thread."""
        registers = Registers()
        self.child.thread.read_registers(registers)
        return registers.state

    def end(self) -> None:
        """Nobody calls any more."""
        self.port.close()
        self.pager.close()


parties: Parties = Parties()


def ask(_: u64) -> None:
    """Call with a buffer that is not there, and leave what becomes of it."""
    letter = Letter()
    letter.set_buffer(view(START, MAX_SEGMENT))
    status = letter.attempt(Call.CALL, given.handles[0], NO_TIMEOUT)
    expect(letter.words[0], WORD)
    if status == Status.OK and letter.size > 0:
        assert letter.size in (SIZE, u64(MAX_SEGMENT))
        assert load64(START) == FIRST and load64(START + letter.size - 8) == LAST
    if status == Status.BAD_ADDRESS or letter.size > 0:
        assert letter.handle != NO_HANDLE
        close(letter.handle)
    leave(status)


def comes_when_the_pages_are_there() -> None:
    parties.start()
    expect(parties.answer(), Status.OK)
    parties.bring_all()
    expect(parties.child.finish(), Status.OK)
    parties.end()


def some_pages_are_there() -> None:
    parties.start()
    page = create_memory(1)
    parties.child.process.map(page, 0, PLACE + PAGE_SIZE, 1, READ_WRITE)
    page.close()
    expect(parties.answer(), Status.OK)
    parties.bring(0)
    parties.bring(2)
    expect(parties.child.finish(), Status.OK)
    parties.end()


def the_last_page_of_the_largest() -> None:
    """So much is copied, and then held, in parts."""
    parties.start()
    pages = create_memory(PAGES)
    parties.child.process.map(pages, 0, PLACE, PAGES, READ_WRITE)
    pages.close()
    expect(parties.answer(MAX_SEGMENT), Status.OK)
    parties.bring(PAGES)
    expect(parties.child.finish(), Status.OK)
    parties.end()


def all_pages_of_the_largest() -> None:
    parties.start()
    expect(parties.answer(MAX_SEGMENT), Status.OK)
    parties.bring_all(PAGES + 1)
    expect(parties.child.finish(), Status.OK)
    parties.end()


def refused_by_the_pager() -> None:
    """The caller has the answer's words and its handle, and is told that the bytes are lost."""
    parties.start()
    expect(parties.answer(), Status.OK)
    fault = Letter()
    parties.expect_fault(0, fault)
    fault.set_words(FaultReply.REFUSE)
    fault.answer()
    expect(parties.child.finish(), Status.BAD_ADDRESS)
    parties.end()


def without_a_pager() -> None:
    parties.start(has_pager=False)
    expect(parties.answer(), Status.OK)
    expect(parties.child.finish(), Status.BAD_ADDRESS)
    parties.end()


def the_caller_ends() -> None:
    parties.start()
    expect(parties.answer(), Status.OK)
    fault = Letter()
    parties.expect_fault(0, fault)
    parties.child.kill()
    fault.set_words(FaultReply.RETRY)
    expect(fault.attempt(Call.REPLY, fault.reply, NO_TIMEOUT), Status.CALLER_GONE)
    parties.end()


def the_caller_is_stopped() -> None:
    """It gets its bytes, and goes on when it is resumed; nothing can take the call that has ended."""
    parties.start()
    parties.child.thread.stop()
    expect(parties.answer(), Status.OK)
    expect(parties.state(), ThreadState.FAULTED + STOPPED)
    expect(status_of(Call.CALL_TAKE, parties.child.thread.handle), Status.NOT_WAITING)
    parties.bring_all()
    expect(parties.state(), ThreadState.READY + STOPPED)
    parties.child.thread.resume()
    expect(parties.child.finish(), Status.OK)
    parties.end()


def the_caller_cannot_pay() -> None:
    """The server is told, and can answer with less."""
    parties.start(quota=16)
    expect(parties.answer(MAX_SEGMENT), Status.NO_PEER_MEMORY)
    parties.letter.set_words(WORD)
    parties.letter.answer()
    expect(parties.child.finish(), Status.OK)
    parties.end()


def main() -> None:
    begin()
    run("comes when the pages are there", comes_when_the_pages_are_there)
    run("some pages are there", some_pages_are_there)
    run("the last page of the largest", the_last_page_of_the_largest)
    run("all pages of the largest", all_pages_of_the_largest)
    run("refused by the pager", refused_by_the_pager)
    run("without a pager", without_a_pager)
    run("the caller ends", the_caller_ends)
    run("the caller is stopped", the_caller_is_stopped)
    run("the caller cannot pay", the_caller_cannot_pay)
    end()
