"""What tests of carried spaces share: lists of pages, and programs that move to another space."""

from world import (
    OWN_RIGHTS,
    PRIORITY,
    QUOTA,
    Child,
    Server,
    memory,
    open_manager,
    show_start_page,
)

from atoll.abi.address_space import PAGE_SIZE, STACK_END
from atoll.abi.objects import NO_HANDLE, HandleInfo, Registers
from atoll.abi.raw import address_of, load64, store64
from atoll.abi.types import Array, Slice, u8, u64
from atoll.servers.memory.interface import (
    CARRIED_SIZE,
    MOST_WRITTEN,
    PAGE_NUMBER,
    REGION_SIZE,
    Carrying,
)
from atoll.userland.runtime.messages import Gate, Letter, create_port
from atoll.userland.runtime.objects import Process, close, create_process, duplicate

FRAMES = 400
MANY = 2048  # pages in a survey

server: Server = Server()
carrying: Carrying = Carrying(NO_HANDLE)
found: Array[u8, 8 * MANY] = Array()
wanted: Array[u64, MOST_WRITTEN] = Array()
contents: Array[u8, MOST_WRITTEN * PAGE_SIZE] = Array()
carried: Array[u8, MOST_WRITTEN * CARRIED_SIZE] = Array()
regions: Array[u8, 16 * REGION_SIZE] = Array()


def open_carrying() -> None:
    """A memory manager."""
    open_manager(server, FRAMES)
    carrying.handle = memory.handle


# ---- lists of pages ----


def survey(space: u64, only_written: bool = False) -> u64:
    """All that there is of a space, in `found`, asked for in small parts; how many pages."""
    count, first = u64(0), u64(0)
    while True:
        part = found[8 * count : 8 * min(count + 300, u64(MANY))]
        if only_written:
            size, first = carrying.survey_written(space, first, part)
        else:
            size, first = carrying.survey(space, first, part)
        count += size // 8
        if first == 0:
            return count


def page_at(number: u64) -> u64:
    """A page of `found`, with its marks."""
    return load64(address_of(found) + 8 * number)


def copy_pages(source: u64, to: u64, count: u64) -> None:
    """The first pages of `found`."""
    done: u64 = 0
    while done < count:
        part = min(count - done, u64(MOST_WRITTEN))
        for number in range(part):
            wanted[number] = page_at(done + number) & PAGE_NUMBER
        numbers = bytes_of(wanted[0:part])
        assert carrying.read_pages(source, numbers, contents[:]) == part * PAGE_SIZE
        for number in range(part):
            store64(address_of(carried) + number * CARRIED_SIZE, wanted[number])
            place = number * CARRIED_SIZE + 8
            carried[place : place + PAGE_SIZE] = contents[number * PAGE_SIZE : (number + 1) * PAGE_SIZE]
        carrying.write_pages(to, carried[0 : part * CARRIED_SIZE])
        done += part


def bytes_of(numbers: Slice[u64]) -> Slice[u8]:
    """The list as a message has it."""
    for number in range(u64(len(numbers))):
        store64(address_of(words) + 8 * number, numbers[number])
    view: Slice[u8] = words[0 : 8 * len(numbers)]
    return view


words: Array[u8, 65536] = Array()

# ---- programs that move ----


def prepare_move(source: Child, to: Child) -> None:
    """A space like the source's, and a process with a start page, the same handles and one thread, stopped."""
    source.thread.stop()
    size = carrying.regions(source.space, regions[:])
    space, pager = carrying.prepare_carried(regions[0:size])
    to.space = space
    to.heir = create_port()
    fate = to.heir.mint(1)
    to.process = create_process(QUOTA, Gate(pager), fate)
    fate.close()
    close(pager)
    memory.adopt(space, Process(duplicate(to.process.handle, OWN_RIGHTS)))
    show_start_page(to.process, "stay", 3)
    to.process.install(duplicate(to.process.handle, OWN_RIGHTS))
    registers = Registers()
    source.thread.read_registers(registers)
    to.thread = to.process.create_thread(registers.x[0], STACK_END, 0, 0, PRIORITY)
    to.thread.write_registers(registers)


def same_handles(first: Child, second: Child) -> bool:
    """Whether both have the same handles' values."""
    here: Array[HandleInfo, 8] = Array()
    there: Array[HandleInfo, 8] = Array()
    count, _ = first.process.list_handles(0, here[:])
    other, _ = second.process.list_handles(0, there[:])
    for number in range(count):
        if here[number].handle != there[number].handle or here[number].kind != there[number].kind:
            return False
    is_same: bool = count == other
    return is_same


def go_on(to: Child) -> None:
    """Its thread waits at its meeting point, and is let go."""
    letter = Letter()
    letter.reply = to.thread.await_reply(0, 0)
    to.thread.resume()
    letter.answer()


def end_source(source: Child) -> None:
    """Its process ends; its space with it, unless it is retained."""
    source.process.destroy(0)
    source.wait()
    source.free()
