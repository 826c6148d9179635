"""Memory objects and mappings: what may be done with them, and what happens when there is no more."""

from harness import begin, end, run
from peers import leave, prepare, spawn
from world import PLACE, boot_info, expect, status_of, this_process

from atoll.abi.address_space import PAGE_SIZE, USER_END
from atoll.abi.boot import HANDLE_INITRD
from atoll.abi.calls import MAX_SEGMENT, Call, Status
from atoll.abi.objects import Right
from atoll.abi.raw import address_of, load64, store64
from atoll.abi.types import Array, low8, u8, u64
from atoll.userland.runtime.objects import close, create_memory, duplicate
from atoll.userland.runtime.shared import SharedNumber

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
    run("a quota is used up", quota_is_used_up)
    run("more than there is", own_quota_is_no_limit_to_honesty)
    end()
