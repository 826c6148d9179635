"""Memory: objects, mappings and their rights, pagers, and what happens when there is no more."""

from harness import (
    begin,
    boot_info,
    end,
    expect,
    finish_work,
    give,
    given,
    leave,
    prepare,
    run,
    spawn,
    status_of,
    this_process,
    work,
)

from atoll.abi import causes
from atoll.abi.address_space import PAGE_SIZE, USER_END
from atoll.abi.boot import HANDLE_INITRD
from atoll.abi.calls import IN_CALL, MAX_SEGMENT, Call, Death, FaultReply, Message, Status
from atoll.abi.objects import Registers, Right
from atoll.abi.raw import address_of, load64, store64, view
from atoll.abi.types import Array, low8, u8, u64
from atoll.userland.runtime.messages import Gate, Letter, Port, create_port
from atoll.userland.runtime.objects import close, create_memory, duplicate
from atoll.userland.runtime.shared import SharedNumber

PLACE = 0x3000_0000  # where tests map; nothing is there otherwise
OTHER = 0x3100_0000
READ_WRITE = Right.READ | Right.WRITE
READ_EXECUTE = Right.READ | Right.EXECUTE

# Code that returns at once: ret.
RETURN = 0x0000_8067

buffer: Array[u8, 9000] = Array()
seen: Array[SharedNumber, 4] = Array()


def read_and_write() -> None:
    memory = create_memory(3)
    memory.read(0, buffer[:])
    for byte in buffer[0:9000]:
        assert byte == 0, "a new page is not zero"
    for place in range(9000):
        buffer[place] = low8(u64(place * 5))
    memory.write(100, buffer[:])
    check: Array[u8, 50] = Array()
    memory.read(4096 + 80, check[:])
    assert check[:] == buffer[4076 : 4076 + 50]
    place = address_of(buffer)
    expect(status_of(Call.MEMORY_READ, memory.handle, 3 * PAGE_SIZE - 8, place, 9), Status.TOO_LONG)
    expect(status_of(Call.MEMORY_WRITE, memory.handle, 3 * PAGE_SIZE, place, 1), Status.TOO_LONG)
    expect(status_of(Call.MEMORY_READ, memory.handle, 0xFFFF_FFFF_FFFF_FFF8, place, 16), Status.TOO_LONG)
    expect(status_of(Call.MEMORY_READ, memory.handle, 0, 0, 8), Status.BAD_ADDRESS)
    expect(status_of(Call.MEMORY_READ, memory.handle, 0, 0x8020_0000, 8), Status.BAD_ADDRESS)
    expect(status_of(Call.MEMORY_WRITE, memory.handle, 0, 0xFFFF_FFC0_8020_0000, 8), Status.BAD_ADDRESS)
    expect(status_of(Call.MEMORY_READ, memory.handle, 0, place, MAX_SEGMENT + 1), Status.TOO_LONG)
    expect(status_of(Call.MEMORY_READ, memory.handle, 0, place, 0), Status.OK)
    memory.close()


def copy_pages() -> None:
    first = create_memory(2)
    second = create_memory(4)
    first.write(PAGE_SIZE, b"second page")
    second.copy_from(3, first.handle, 1, 1)
    second.read(3 * PAGE_SIZE, buffer[0:11])
    assert buffer[0:11] == b"second page"
    expect(status_of(Call.MEMORY_COPY, second.handle, 3, first.handle, 0, 2), Status.BAD_ARGUMENT)
    expect(status_of(Call.MEMORY_COPY, second.handle, 0, first.handle, 1, 2), Status.BAD_ARGUMENT)
    expect(status_of(Call.MEMORY_COPY, second.handle, 0, first.handle, 0xFFFF_FFFF_FFFF_FFFF, 2), Status.BAD_ARGUMENT)
    reader = duplicate(second.handle, Right.READ)
    expect(status_of(Call.MEMORY_COPY, reader, 0, first.handle, 0, 1), Status.NO_RIGHT)
    close(reader)
    first.close()
    second.close()


def map_and_unmap() -> None:
    memory = create_memory(4)
    memory.write(2 * PAGE_SIZE, b"12345678")
    this_process().map(memory, 1, PLACE, 2, READ_WRITE)
    assert load64(PLACE + PAGE_SIZE) == 0x3837_3635_3433_3231
    store64(PLACE, 99)
    own = this_process().handle
    expect(status_of(Call.MAP, own, memory.handle, 0, PLACE + PAGE_SIZE, 1, READ_WRITE), Status.IN_USE)
    this_process().unmap(PLACE, 2)
    memory.read(PAGE_SIZE, buffer[0:8])
    assert buffer[0] == 99
    this_process().unmap(PLACE, 2)
    this_process().map(memory, 0, PLACE, 4, Right.READ)
    this_process().unmap(PLACE + PAGE_SIZE, 2)
    assert load64(PLACE) == 0, "the pages before and behind stay"
    expect(status_of(Call.STATISTICS, PLACE + PAGE_SIZE), Status.BAD_ADDRESS)
    this_process().unmap(PLACE, 4)
    memory.close()


def map_mistakes() -> None:
    memory = create_memory(2)
    own, handle = this_process().handle, memory.handle
    expect(status_of(Call.MAP, own, handle, 0, PLACE + 8, 1, Right.READ), Status.BAD_ADDRESS)
    expect(status_of(Call.MAP, own, handle, 1, PLACE, 2, Right.READ), Status.BAD_ARGUMENT)
    expect(status_of(Call.MAP, own, handle, 0xFFFF_FFFF_FFFF_FFFF, PLACE, 2, Right.READ), Status.BAD_ARGUMENT)
    expect(status_of(Call.MAP, own, handle, 0, USER_END, 1, Right.READ), Status.BAD_ADDRESS)
    expect(status_of(Call.MAP, own, handle, 0, USER_END - PAGE_SIZE, 2, Right.READ), Status.BAD_ADDRESS)
    expect(status_of(Call.MAP, own, handle, 0, 0xFFFF_FFFF_FFFF_F000, 2, Right.READ), Status.BAD_ADDRESS)
    expect(status_of(Call.MAP, own, handle, 0, PLACE, 1, Right.WRITE), Status.NO_RIGHT, "writable alone")
    expect(status_of(Call.MAP, own, handle, 0, PLACE, 1, READ_WRITE | Right.EXECUTE), Status.NOT_BOTH)
    expect(status_of(Call.UNMAP, own, PLACE + 1, 1), Status.BAD_ADDRESS)
    reader = duplicate(handle, Right.READ)
    expect(status_of(Call.MAP, own, reader, 0, PLACE, 1, READ_WRITE), Status.NO_RIGHT)
    expect(status_of(Call.MAP, own, reader, 0, PLACE, 1, READ_EXECUTE), Status.NO_RIGHT)
    expect(status_of(Call.MAP, own, reader, 0, PLACE, 1, Right.READ), Status.OK)
    expect(status_of(Call.PROTECT, own, PLACE, 1, READ_WRITE), Status.NO_RIGHT)
    this_process().unmap(PLACE, 1)
    close(reader)
    archive = boot_info().handles[HANDLE_INITRD]
    expect(status_of(Call.MAP, own, archive, 0, PLACE, 1, READ_WRITE), Status.NO_RIGHT)
    memory.close()


def protect() -> None:
    memory = create_memory(1)
    own = this_process().handle
    this_process().map(memory, 0, PLACE, 1, READ_WRITE)
    store64(PLACE, RETURN)
    expect(status_of(Call.PROTECT, own, PLACE, 1, READ_WRITE | Right.EXECUTE), Status.NOT_BOTH)
    this_process().protect(PLACE, 1, Right.READ)
    expect(status_of(Call.STATISTICS, PLACE), Status.BAD_ADDRESS, "the kernel writes where the program may not")
    assert load64(PLACE) == RETURN
    this_process().protect(PLACE, 1, READ_WRITE)
    store64(PLACE, 5)
    this_process().unmap(PLACE, 1)
    memory.close()


def touched_pages() -> None:
    memory = create_memory(8)
    this_process().map(memory, 0, PLACE, 8, READ_WRITE)
    this_process().touched(PLACE, 8, True)
    accessed, written = this_process().touched(PLACE, 8)
    assert accessed == 0 and written == 0
    store64(PLACE + 2 * PAGE_SIZE, load64(PLACE + 5 * PAGE_SIZE) + 1)
    accessed, written = this_process().touched(PLACE, 8, True)
    assert accessed == 0b10_0100, f"accessed {accessed:b}"
    assert written == 0b100, f"written {written:b}"
    accessed, written = this_process().touched(PLACE, 8)
    assert accessed == 0 and written == 0
    own = this_process().handle
    expect(status_of(Call.TOUCHED, own, PLACE, 65, 0), Status.BAD_ARGUMENT)
    this_process().unmap(PLACE, 8)
    memory.close()


def increment_shared(_: u64) -> None:
    """Add one to the number at PLACE."""
    store64(PLACE, load64(PLACE) + 1)


def shared_memory() -> None:
    memory = create_memory(1)
    this_process().map(memory, 0, PLACE, 1, READ_WRITE)
    store64(PLACE, 41)
    child = prepare(increment_shared, 0, 48, None)
    child.process.map(memory, 0, PLACE, 1, READ_WRITE)
    child.thread.resume()
    assert child.finish() == 0
    assert load64(PLACE) == 42
    this_process().unmap(PLACE, 1)
    memory.close()


def memory_lives_while_mapped() -> None:
    memory = create_memory(1)
    this_process().map(memory, 0, PLACE, 1, READ_WRITE)
    memory.close()
    store64(PLACE, 1)
    assert load64(PLACE) == 1
    this_process().unmap(PLACE, 1)


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


def quota_is_used_up() -> None:
    """A process with little memory asks for much: an error to it, and nothing to others."""
    child = spawn(take_all_memory)
    taken = child.finish()
    assert 10 < taken < 48, f"{taken} pages of 48"


def take_all_memory(_: u64) -> None:
    """How many pages there are for us."""
    if status_of(Call.MEMORY_CREATE, 1 << 40) != Status.NO_MEMORY:
        leave(1000)
    if status_of(Call.MEMORY_CREATE, 100) != Status.NO_MEMORY:
        leave(1001)
    count: u64 = 0
    while status_of(Call.MEMORY_CREATE, 1) == Status.OK:
        count += 1
    leave(count)


def own_quota_is_no_limit_to_honesty() -> None:
    """Sizes beyond all memory are refused, and change nothing."""
    expect(status_of(Call.MEMORY_CREATE, 0xFFFF_FFFF_FFFF_FFFF), Status.NO_MEMORY)
    expect(status_of(Call.MEMORY_CREATE, 1 << 52), Status.NO_MEMORY)
    expect(status_of(Call.MEMORY_CREATE, 100_000), Status.NO_MEMORY)
    expect(status_of(Call.MEMORY_CREATE, 0), Status.BAD_ARGUMENT)
    large = create_memory(4000)
    large.write(3999 * PAGE_SIZE, b"the end")
    large.close()


def main() -> None:
    begin()
    run("read and write", read_and_write)
    run("copy pages", copy_pages)
    run("map and unmap", map_and_unmap)
    run("mistakes in map", map_mistakes)
    run("protect", protect)
    run("touched pages", touched_pages)
    run("shared memory", shared_memory)
    run("memory lives while it is mapped", memory_lives_while_mapped)
    run("destroyed while it is mapped", destroyed_while_mapped)
    run("faults without a pager", faults_without_a_pager)
    run("zeros on demand", demand_zero)
    run("copy on write", copy_on_write)
    run("a fault in a call", fault_in_a_call)
    run("refused by the pager", refused_by_the_pager)
    run("killed by the pager", killed_by_the_pager)
    run("the pager dies", pager_dies)
    run("a quota is used up", quota_is_used_up)
    run("more than there is", own_quota_is_no_limit_to_honesty)
    end()
