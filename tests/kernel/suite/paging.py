"""Page faults and who handles them: zeros on demand, copy on write, faults in calls, pagers that refuse or die."""

from collections.abc import Callable

from harness import begin, end, run
from memory import READ_WRITE, buffer
from peers import finish_work, give, leave, prepare, spawn, work
from world import PLACE, expect, given, status_of

from atoll.abi import causes
from atoll.abi.address_space import PAGE_SIZE
from atoll.abi.calls import IN_CALL, Call, Death, FaultReply, Message, Status
from atoll.abi.objects import Registers, Right
from atoll.abi.raw import address_of, load64, store64, view
from atoll.abi.types import u64
from atoll.userland.runtime.messages import Gate, Letter, Port, create_port
from atoll.userland.runtime.objects import close, create_memory


def destroyed_while_mapped() -> None:
    memory = create_memory(2)
    child = prepare(read_until_fault, 0, 48, None)
    child.process.map(memory, 0, PLACE, 2, READ_WRITE)
    child.thread.resume()
    while True:
        memory.read(0, buffer[0:8])
        if buffer[0] > 0:
            break
        status_of(Call.YIELD)
    expect(status_of(Call.MEMORY_DESTROY, memory.handle), Status.OK)
    expect(status_of(Call.MEMORY_READ, memory.handle, 0, address_of(buffer), 8), Status.DEAD)
    memory.close()
    assert child.finish() == causes.LOAD_PAGE_FAULT
    assert child.how == Death.FAULTED


def read_until_fault(_: u64) -> None:
    """Say that we are there, and touch the memory until it is gone."""
    store64(PLACE, 1)
    while True:
        load64(PLACE + PAGE_SIZE)


def read_nothing(address: u64) -> None:
    """Read where nothing may be."""
    leave(load64(address) % 2)


def write_something(address: u64) -> None:
    """Write where nothing may be."""
    store64(address, 1)


def faults_without_a_pager() -> None:
    for address in (0, PLACE, 0x8020_0000):
        child = spawn(read_nothing, u64(address))
        assert child.finish() == causes.LOAD_PAGE_FAULT
        assert child.how == Death.FAULTED
    child = spawn(write_something, address_of(faults_without_a_pager))
    assert child.finish() == causes.STORE_PAGE_FAULT


def wait_for_fault(pager: Port, letter: Letter, cause: u64, address: u64) -> None:
    """The next message is that fault."""
    pager.receive(letter)
    assert letter.kind == Message.FAULT
    assert letter.words[0] == cause, f"cause {letter.words[0]:#x} at {letter.words[1]:#x}, pc {letter.words[2]:#x}"
    assert letter.words[1] // PAGE_SIZE == address // PAGE_SIZE, f"at {letter.words[1]:#x}"


def demand_zero() -> None:
    """A pager that gives each page when it is first touched."""
    pager = create_port()
    to_pager = pager.mint(11)
    child = prepare(sum_pages, 0, 48, to_pager)
    child.thread.resume()
    letter = Letter()
    for number in range(u64(3)):
        wait_for_fault(pager, letter, causes.STORE_PAGE_FAULT, PLACE + number * PAGE_SIZE)
        assert letter.badge == 11
        page = create_memory(1)
        child.process.map(page, 0, PLACE + number * PAGE_SIZE, 1, READ_WRITE)
        page.close()
        letter.set_words(FaultReply.RETRY)
        letter.answer()
    assert child.finish() == 6
    to_pager.close()
    pager.close()


def sum_pages(_: u64) -> None:
    """Write 1, 2, 3 to three pages and add them up."""
    for number in range(u64(3)):
        store64(PLACE + number * PAGE_SIZE, number + 1)
    total: u64 = 0
    for number in range(u64(3)):
        total += load64(PLACE + number * PAGE_SIZE)
    leave(total)


def copy_on_write() -> None:
    """Two children share a page until one writes: its pager gives it a copy."""
    original = create_memory(1)
    original.write(0, b"ABCDEFGH")
    pager = create_port()
    to_pager = pager.mint(1)
    writer = prepare(write_and_compare, 0, 48, to_pager)
    reader = prepare(read_only, 0, 48, to_pager)
    writer.process.map(original, 0, PLACE, 1, Right.READ)
    reader.process.map(original, 0, PLACE, 1, Right.READ)
    writer.thread.resume()
    letter = Letter()
    wait_for_fault(pager, letter, causes.STORE_PAGE_FAULT, PLACE)
    own = create_memory(1)
    own.copy_from(0, original.handle, 0, 1)
    writer.process.unmap(PLACE, 1)
    writer.process.map(own, 0, PLACE, 1, READ_WRITE)
    letter.set_words(FaultReply.RETRY)
    letter.answer()
    assert writer.finish() == 0x58
    reader.thread.resume()
    assert reader.finish() == 0x41
    own.read(0, buffer[0:8])
    assert buffer[0:8] == b"XBCDEFGH"
    own.close()
    original.close()
    to_pager.close()
    pager.close()


def write_and_compare(_: u64) -> None:
    """Change the first byte, and leave what is there then."""
    word = load64(PLACE)
    store64(PLACE, word - 0x41 + 0x58)
    leave(load64(PLACE) % 256)


def read_only(_: u64) -> None:
    """Leave the first byte."""
    leave(load64(PLACE) % 256)


def write_to_buffer_not_there(_: u64) -> None:
    """Let the kernel write where the pager has yet to put a page."""
    letter = Letter()
    letter.set_buffer(view(PLACE + PAGE_SIZE - 4, 8))
    Port(given.handles[0]).receive(letter)
    leave(load64(PLACE + PAGE_SIZE - 8) >> 32)


def fault_in_a_call() -> None:
    """A receiver's buffer is not there yet: its pager is asked, the sender waits."""
    pager = create_port()
    to_pager = pager.mint(1)
    port = create_port()
    gate = port.mint(1)
    give(port.handle)
    child = prepare(write_to_buffer_not_there, 0, 48, to_pager)
    child.thread.resume()
    work(0, send_word, gate.handle)
    letter = Letter()
    pages = create_memory(2)
    for number in range(u64(2)):
        wait_for_fault(pager, letter, causes.STORE_PAGE_FAULT | IN_CALL, PLACE + number * PAGE_SIZE)
        child.process.map(pages, number, PLACE + number * PAGE_SIZE, 1, READ_WRITE)
        letter.set_words(FaultReply.RETRY)
        letter.answer()
    assert child.finish() == 0x3433_3231
    pages.close()
    finish_work(1)
    gate.close()
    to_pager.close()
    pager.close()


def send_word(at: u64) -> None:
    """Send eight bytes."""
    letter = Letter()
    letter.enclose(b"12345678")
    Gate(at).send(letter)


def refused_by_the_pager() -> None:
    """A bad pointer in a call is refused by the pager: the call ends with BAD_ADDRESS."""
    pager = create_port()
    to_pager = pager.mint(1)
    child = prepare(ask_with_bad_pointer, 0, 48, to_pager)
    child.thread.resume()
    letter = Letter()
    wait_for_fault(pager, letter, causes.STORE_PAGE_FAULT | IN_CALL, PLACE)
    letter.set_words(FaultReply.REFUSE)
    letter.answer()
    assert child.finish() == Status.BAD_ADDRESS
    to_pager.close()
    pager.close()


def ask_with_bad_pointer(_: u64) -> None:
    """The status of a call whose pointer leads nowhere."""
    leave(status_of(Call.STATISTICS, PLACE))


def killed_by_the_pager() -> None:
    pager = create_port()
    to_pager = pager.mint(1)
    child = prepare(read_nothing, PLACE, 48, to_pager)
    child.thread.resume()
    letter = Letter()
    wait_for_fault(pager, letter, causes.LOAD_PAGE_FAULT, PLACE)
    registers = Registers()
    thread = child.process.open_thread(letter.words[3])
    thread.read_registers(registers)
    assert registers.x[0] == letter.words[2]
    thread.close()
    letter.set_words(FaultReply.KILL, 33)
    letter.answer()
    assert child.finish() == 33
    to_pager.close()
    pager.close()


def pager_dies() -> None:
    """Nobody will ever answer: the process is ended."""
    pager = create_port()
    to_pager = pager.mint(1)
    child = prepare(read_nothing, PLACE, 48, to_pager)
    child.thread.resume()
    letter = Letter()
    wait_for_fault(pager, letter, causes.LOAD_PAGE_FAULT, PLACE)
    close(letter.reply)
    pager.close()
    child.wait()
    assert child.how == Death.FAULTED
    child.free()
    to_pager.close()


def take_one_and_die(_: u64) -> None:
    """A pager that dies while it handles a fault."""
    letter = Letter()
    Port(given.handles[0]).receive(letter)
    leave(9)


def the_pagers_heir() -> None:
    """The fault that the dead pager had in hand, in a call or not, comes to its heir, and then the thread goes on."""
    pager_dies_at_work(read_nothing, causes.LOAD_PAGE_FAULT)
    pager_dies_at_work(ask_with_bad_pointer, causes.STORE_PAGE_FAULT | IN_CALL)


def pager_dies_at_work(function: Callable[[u64], None], cause: u64) -> None:
    """With one fault, of that cause."""
    port = create_port()
    to_pager = port.mint(7)
    give(port.handle)
    pager = spawn(take_one_and_die)
    child = prepare(function, PLACE, 48, to_pager)
    child.thread.resume()
    letter = Letter()
    pager.heir.receive(letter)
    assert letter.kind == Message.INHERITED
    inherited = Port(letter.handle)
    assert pager.finish() == 9
    wait_for_fault(inherited, letter, cause, PLACE)
    assert letter.badge == 7
    page = create_memory(1)
    child.process.map(page, 0, PLACE, 1, READ_WRITE)
    page.close()
    letter.set_words(FaultReply.RETRY)
    letter.answer()
    assert child.finish() == 0
    to_pager.close()
    inherited.close()


def main() -> None:
    begin()
    run("destroyed while it is mapped", destroyed_while_mapped)
    run("faults without a pager", faults_without_a_pager)
    run("zeros on demand", demand_zero)
    run("copy on write", copy_on_write)
    run("a fault in a call", fault_in_a_call)
    run("refused by the pager", refused_by_the_pager)
    run("killed by the pager", killed_by_the_pager)
    run("the pager dies", pager_dies)
    run("the pager's heir", the_pagers_heir)
    end()
