"""Programs that cannot go on: mistakes of their own, memory that is not there, files that fail; what is reported."""

from tally import test
from world import (
    BROKEN,
    DEAD_FILE,
    IMAGE,
    NO_PROGRAM,
    QUOTA,
    Child,
    Server,
    begin,
    close_manager,
    end,
    files,
    load,
    meet,
    memory,
    open_file,
    open_manager,
    run,
    start,
    totals,
)

from atoll.abi import causes
from atoll.abi.address_space import STACK, STACK_GUARD
from atoll.abi.calls import Message, Status
from atoll.abi.objects import Info
from atoll.abi.types import Array, Text, copy, u64
from atoll.servers.memory.interface import (
    NEW_FAULT,
    BadImage,
    Fault,
    NoFault,
    NoSuchSpace,
    Reason,
    TooManySpaces,
)
from atoll.userland.runtime.messages import Letter, Port, create_port
from atoll.userland.runtime.objects import close, read_info

FRAMES = 400
FEW = 40
SPACES = 64  # as many as the manager has room for
STATUS = 33  # what programs are ended with here

server: Server = Server()


def open_sink() -> Port:
    """From now on faults are reported to us."""
    sink = create_port()
    memory.set_sink(sink.mint(1))
    return sink


def wait_for_fault(sink: Port) -> Fault:
    """The next fault that is reported."""
    letter = Letter()
    sink.receive(letter)
    assert letter.kind == Message.NOTIFICATION and letter.words[0] == NEW_FAULT
    fault: Fault = memory.next_fault()
    return copy(fault)


def fault_of(what: Text, amount: u64 = 0, file: u64 = IMAGE, quota: u64 = QUOTA) -> Fault:
    """Run a program that makes a fault: what is reported. It ends as we say then."""
    sink = open_sink()
    child = Child()
    start(child, what, amount, file, quota)
    fault = wait_for_fault(sink)
    assert fault.space == child.space
    thread = child.process.open_thread(fault.thread)
    info = Info()
    read_info(thread.handle, info)
    assert info.words[0] == fault.thread
    thread.close()
    memory.end_fault(fault.space, fault.thread, STATUS)
    assert child.finish() == STATUS
    sink.close()
    return copy(fault)


def mistakes() -> None:
    """Each is reported as what it is."""
    open_manager(server, FRAMES)
    fault = fault_of("wild")
    assert fault.reason == Reason.MISTAKE and fault.cause == causes.LOAD_PAGE_FAULT and fault.address == 0x5000_0000
    fault = fault_of("write code")
    assert fault.reason == Reason.MISTAKE and fault.cause == causes.STORE_PAGE_FAULT
    fault = fault_of("execute data")
    assert fault.reason == Reason.MISTAKE and fault.cause == causes.FETCH_PAGE_FAULT
    close_manager(server)


def stack_overflow() -> None:
    """The stack is there to its last page; below that is the guard."""
    open_manager(server, FRAMES)
    fault = fault_of("recurse")
    assert fault.reason == Reason.MISTAKE
    assert STACK_GUARD <= fault.address < STACK, f"{fault.address:#x}"
    close_manager(server)


def without_a_sink() -> None:
    """Nobody wants to know: the program ends."""
    open_manager(server, FRAMES)
    assert run("wild") == 1
    close_manager(server)


def bad_pointer_in_a_call() -> None:
    """The call is refused, and the program goes on."""
    open_manager(server, FRAMES)
    sink = open_sink()
    assert run("bad call") == Status.BAD_ADDRESS
    no_fault()
    sink.close()
    close_manager(server)


def no_fault() -> None:
    """Nothing is reported."""
    try:
        memory.next_fault()
    except NoFault:
        return
    raise AssertionError("a fault is reported")


def shared_pages_stay_read_only() -> None:
    """A program holds its own process; that does not let it write to pages that others have too."""
    open_manager(server, FRAMES)
    assert run("unprotect code") == Status.NO_RIGHT
    close_manager(server)


def out_of_memory() -> None:
    """Without a swap area, what was written cannot go away; others go on."""
    open_manager(server, FEW, "")
    fault = fault_of("touch", 100)
    assert fault.reason == Reason.OUT_OF_MEMORY
    assert run("touch", 5) == 0
    assert totals().page_outs == 0
    close_manager(server)


def swap_full() -> None:
    """One program after the other goes until there is no slot left; what they had is free then."""
    open_manager(server, FEW)
    letter = Letter()
    sink = open_sink()
    first, second, third = Child(), Child(), Child()
    start(first, "stay", 150)
    meet(letter)
    start(second, "touch", 150)
    fault = wait_for_fault(sink)
    assert fault.space == second.space and fault.reason == Reason.OUT_OF_MEMORY
    memory.end_fault(fault.space, fault.thread, STATUS)
    assert second.finish() == STATUS
    start(third, "touch", 50)
    assert third.finish() == 0
    letter.answer()
    assert first.finish() == 0
    assert totals().swap_used == 0
    sink.close()
    close_manager(server)


def out_of_quota() -> None:
    """The process's own quota has no room for page tables."""
    open_manager(server, FRAMES)
    fault = fault_of("touch", 100, IMAGE, 6)
    assert fault.reason == Reason.OUT_OF_QUOTA, f"{fault.reason}"
    close_manager(server)


def file_fails() -> None:
    """Pages of an image that cannot be read, and a file that cannot be read at all."""
    open_manager(server, FRAMES)
    sink = open_sink()
    child = Child()
    load(child, "nothing", 0, BROKEN)
    files.fails.write(1)
    child.thread.resume()
    fault = wait_for_fault(sink)
    files.fails.write(0)
    assert fault.reason == Reason.IMAGE_LOST and fault.space == child.space
    memory.end_fault(fault.space, fault.thread, STATUS)
    assert child.finish() == STATUS
    assert run("nothing", 0, BROKEN) == 0
    sink.close()
    close_manager(server)


def file_comes_back() -> None:
    """Where the file service has died, another gate to the same file lets all go on that wait."""
    open_manager(server, FRAMES)
    sink = open_sink()
    first, second = Child(), Child()
    load(first, "nothing", 0, BROKEN)
    load(second, "touch", 20, BROKEN)
    files.fails.write(1)
    first.thread.resume()
    second.thread.resume()
    assert wait_for_fault(sink).reason == Reason.IMAGE_LOST
    files.fails.write(0)
    try:
        memory.renew(first.space, open_file(IMAGE))
        raise AssertionError("another file was taken")
    except BadImage:
        memory.renew(first.space, open_file(BROKEN))
    assert first.finish() == 0
    assert second.finish() == 0
    sink.close()
    close_manager(server)


def cannot_be_read() -> None:
    """Neither a program nor what became of it is kept."""
    open_manager(server, FRAMES)
    files.fails.write(1)
    for file in (BROKEN, DEAD_FILE):
        try:
            memory.prepare(open_file(file))
        except BadImage as error:
            assert f"{error}" == "its file cannot be read: the disk is broken"
    files.fails.write(0)
    assert totals().spaces == 0
    assert run("nothing", 0, BROKEN) == 0
    close_manager(server)


def not_a_program() -> None:
    open_manager(server, FRAMES)
    for _ in range(3):
        try:
            memory.prepare(open_file(NO_PROGRAM))
        except BadImage as error:
            assert f"{error}" == "not an ELF file"
    assert totals().spaces == 0
    close_manager(server)


def too_many() -> None:
    """The table of spaces has an end; each that is given up makes room. Nothing has to be said: its gate is closed."""
    open_manager(server, FRAMES)
    pagers: Array[u64, SPACES] = Array()
    first: u64 = 0
    for number in range(u64(SPACES)):
        space, _, pagers[number] = memory.prepare(open_file(IMAGE))
        first = space if number == 0 else first
    try:
        memory.prepare(open_file(IMAGE))
        raise AssertionError("one space too many")
    except TooManySpaces:
        close(pagers[0])
    try:
        memory.describe(first)
        raise AssertionError("the space is still there")
    except NoSuchSpace:
        _, _, pagers[0] = memory.prepare(open_file(IMAGE))
    assert totals().spaces == SPACES
    for pager in pagers:
        close(pager)
    assert totals().spaces == 0
    close_manager(server)


def ended_from_outside() -> None:
    """A program that waits, and one whose fault is reported, are destroyed by who holds them."""
    open_manager(server, FRAMES)
    sink = open_sink()
    letter = Letter()
    child = Child()
    start(child, "stay", 20)
    meet(letter)
    child.process.destroy(44)
    assert child.finish() == 44
    close(letter.reply)
    start(child, "wild")
    wait_for_fault(sink)
    child.process.destroy(45)
    assert child.finish() == 45
    no_fault()
    sink.close()
    close_manager(server)


def main() -> None:
    begin()
    test("mistakes", mistakes)
    test("stack overflow", stack_overflow)
    test("without a sink", without_a_sink)
    test("a bad pointer in a call", bad_pointer_in_a_call)
    test("shared pages stay read-only", shared_pages_stay_read_only)
    test("out of memory", out_of_memory)
    test("swap full", swap_full)
    test("out of quota", out_of_quota)
    test("a file fails", file_fails)
    test("a file comes back", file_comes_back)
    test("a file that cannot be read", cannot_be_read)
    test("not a program", not_a_program)
    test("too many", too_many)
    test("ended from outside", ended_from_outside)
    end()
