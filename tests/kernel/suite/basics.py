"""Calls about no object, handles, and numbers that make no sense."""

from harness import begin, end, run
from world import boot_info, expect, status_of, this_process

from atoll.abi.address_space import USER_END
from atoll.abi.boot import BOOT_INFO, HANDLE_INITRD, HANDLE_MACHINE
from atoll.abi.calls import MAX_DEBUG_WRITE, Call, Status
from atoll.abi.objects import ALL_RIGHTS, HandleInfo, Info, Kind, Right, Statistics
from atoll.abi.raw import address_of
from atoll.abi.types import Array, u64
from atoll.userland.runtime.kernel_calls import clock, do_nothing, let_others_run, read_statistics, sleep
from atoll.userland.runtime.messages import create_port, create_set
from atoll.userland.runtime.objects import close, create_memory, duplicate, read_info

LAST = 0xFFFF_FFFF_FFFF_FFFF
MILLISECOND = 1_000_000
KERNEL = 0x8020_0000
DIRECT_MAP = 0xFFFF_FFC0_8020_0000
# The first and the last call of each range, and numbers between and beyond.
STRANGE_NUMBERS: Array[u64, 8] = Array((0x06, 0x0F, 0x19, 0x27, 0x69, 0x75, 0x1_0000_0010, 0xFFFF_FFFF_FFFF_FFFF))
# Calls whose handle is none of memory.
WITH_OTHER_KINDS: Array[u64, 15] = Array((
    Call.CALL, Call.SEND, Call.RECEIVE, Call.REPLY, Call.NOTIFY, Call.CANCEL, Call.HANDLE_INSTALL, Call.GATE_MINT,
    Call.SET_ADD, Call.PORT_LABEL, Call.MAP, Call.PROCESS_DESTROY, Call.THREAD_RESUME, Call.DEVICE_MEMORY,
    Call.INTERRUPT_DONE,
))  # fmt: skip


def nothing() -> None:
    do_nothing()
    expect(status_of(Call.NOTHING, LAST, LAST, LAST), Status.OK)


def unknown_calls() -> None:
    for number in STRANGE_NUMBERS:
        expect(status_of(number, 1, 2, 3), Status.NO_SUCH_CALL)


def time_passes() -> None:
    first = clock()
    second = clock()
    assert second >= first
    sleep(3 * MILLISECOND)
    elapsed = clock() - second
    assert 3 * MILLISECOND <= elapsed < 4 * MILLISECOND, f"{elapsed} ns"
    sleep(0)
    let_others_run()


def statistics() -> None:
    figures = Statistics()
    read_statistics(figures)
    assert figures.processes == 1 and figures.threads == 1
    assert figures.free_pages > 1000
    assert figures.traps > 0
    expect(status_of(Call.STATISTICS, 0), Status.BAD_ADDRESS)
    expect(status_of(Call.STATISTICS, address_of(figures) + 4), Status.BAD_ADDRESS)
    expect(status_of(Call.STATISTICS, BOOT_INFO), Status.BAD_ADDRESS)
    expect(status_of(Call.STATISTICS, KERNEL), Status.BAD_ADDRESS)
    expect(status_of(Call.STATISTICS, DIRECT_MAP), Status.BAD_ADDRESS)
    expect(status_of(Call.STATISTICS, USER_END - 8), Status.BAD_ADDRESS)
    expect(status_of(Call.STATISTICS, LAST - 7), Status.BAD_ADDRESS)


def idle_time_is_counted() -> None:
    before = Statistics()
    after = Statistics()
    read_statistics(before)
    sleep(20 * MILLISECOND)
    read_statistics(after)
    idle = after.idle - before.idle
    assert 19 * MILLISECOND < idle <= 21 * MILLISECOND, f"{idle} ns"
    assert after.ticks - before.ticks <= 2, "the timer ticks although nobody runs"


def debug_write() -> None:
    console = boot_info().handles[HANDLE_MACHINE]
    text = b"written by the kernel\n"
    expect(status_of(Call.DEBUG_WRITE, console, address_of(text), 22), Status.OK)
    expect(status_of(Call.DEBUG_WRITE, console, 0, 0), Status.OK)
    expect(status_of(Call.DEBUG_WRITE, console, 0, 1), Status.BAD_ADDRESS)
    expect(status_of(Call.DEBUG_WRITE, console, KERNEL, 16), Status.BAD_ADDRESS)
    expect(status_of(Call.DEBUG_WRITE, console, LAST, 16), Status.BAD_ADDRESS)
    expect(status_of(Call.DEBUG_WRITE, console, USER_END - 1, 2), Status.BAD_ADDRESS)
    expect(status_of(Call.DEBUG_WRITE, console, BOOT_INFO, MAX_DEBUG_WRITE + 1), Status.TOO_LONG)
    expect(status_of(Call.DEBUG_WRITE, this_process().handle, address_of(text), 22), Status.WRONG_KIND)
    expect(status_of(Call.DEBUG_WRITE, 0, address_of(text), 22), Status.BAD_HANDLE)
    reduced = duplicate(console, Right.DUPLICATE)
    expect(status_of(Call.DEBUG_WRITE, reduced, address_of(text), 22), Status.NO_RIGHT)
    close(reduced)


def bad_handles() -> None:
    expect(status_of(Call.HANDLE_CLOSE, 0), Status.BAD_HANDLE)
    expect(status_of(Call.HANDLE_CLOSE, 0xFFFF), Status.BAD_HANDLE)
    expect(status_of(Call.HANDLE_CLOSE, LAST), Status.BAD_HANDLE)
    expect(status_of(Call.HANDLE_CLOSE, 1 << 48), Status.BAD_HANDLE)
    memory = create_memory(1)
    expect(status_of(Call.HANDLE_CLOSE, memory.handle + (1 << 48)), Status.BAD_HANDLE)
    memory.close()
    expect(status_of(Call.HANDLE_CLOSE, memory.handle), Status.STALE_HANDLE)
    again = create_memory(1)
    assert again.handle != memory.handle, "a closed handle's value is used again"
    expect(status_of(Call.MEMORY_DESTROY, memory.handle), Status.STALE_HANDLE)
    again.close()


def wrong_kinds() -> None:
    memory = create_memory(1)
    for number in WITH_OTHER_KINDS:
        expect(status_of(number, memory.handle), Status.WRONG_KIND, f"call {number:#x}")
    memory.close()


def duplicates() -> None:
    memory = create_memory(1)
    reader = duplicate(memory.handle, Right.READ | Right.DUPLICATE)
    buffer: Array[u64, 1] = Array()
    place = address_of(buffer)
    expect(status_of(Call.MEMORY_READ, reader, 0, place, 8), Status.OK)
    expect(status_of(Call.MEMORY_WRITE, reader, 0, place, 8), Status.NO_RIGHT)
    expect(status_of(Call.HANDLE_DUPLICATE, reader, Right.READ | Right.WRITE), Status.NO_RIGHT)
    expect(status_of(Call.MEMORY_DESTROY, reader), Status.NO_RIGHT)
    last = duplicate(reader, Right.READ)
    expect(status_of(Call.HANDLE_DUPLICATE, last, Right.READ), Status.NO_RIGHT)
    close(reader)
    memory.close()
    expect(status_of(Call.MEMORY_READ, last, 0, place, 8), Status.OK)
    close(last)
    port = create_port()
    assert status_of(Call.HANDLE_DUPLICATE, port.handle, Right.RECEIVE) != Status.OK, "two could receive"
    port.close()


def info_of_handles() -> None:
    info = Info()
    memory = create_memory(3)
    read_info(memory.handle, info)
    assert info.kind == Kind.MEMORY and info.words[0] == 3
    memory.close()
    port = create_port(77)
    gate = port.mint(5)
    read_info(port.handle, info)
    assert info.kind == Kind.PORT and info.words[1] == 77 and info.words[7] == 1
    read_info(gate.handle, info)
    assert info.kind == Kind.GATE and info.words[0] == 5 and info.words[1] == 1
    read_info(this_process().handle, info)
    assert info.kind == Kind.PROCESS and info.words[3] == 1
    expect(status_of(Call.INFO, gate.handle, 4), Status.BAD_ADDRESS)
    expect(status_of(Call.INFO, gate.handle, BOOT_INFO), Status.BAD_ADDRESS)
    gate.close()
    port.close()


def list_of_handles() -> None:
    port = create_port(5)
    found: Array[HandleInfo, 4] = Array()
    first: u64 = 0
    total: u64 = 0
    seen = False
    while True:
        count, first = this_process().list_handles(first, found[:])
        for number in range(count):
            seen = seen or (found[number].handle == port.handle and found[number].kind == Kind.PORT)
            total += 1
        if first == 0:
            break
    info = Info()
    read_info(this_process().handle, info)
    assert total == info.words[4], f"{total} handles listed, {info.words[4]} told"
    assert seen, "the port is not in the list"
    port.close()


def many_handles() -> None:
    """More handles than fit one page of the table."""
    handles: Array[u64, 300] = Array()
    for number in range(u64(len(handles))):
        handles[number] = create_set().handle
    for handle in handles:
        close(handle)


def initrd_cannot_be_written() -> None:
    buffer: Array[u64, 1] = Array()
    archive = boot_info().handles[HANDLE_INITRD]
    expect(status_of(Call.MEMORY_WRITE, archive, 0, address_of(buffer), 8), Status.NO_RIGHT)
    expect(status_of(Call.HANDLE_DUPLICATE, archive, ALL_RIGHTS), Status.NO_RIGHT)


def main() -> None:
    begin()
    run("the shortest call", nothing)
    run("numbers that no call has", unknown_calls)
    run("time passes", time_passes)
    run("statistics", statistics)
    run("idle time is counted", idle_time_is_counted)
    run("the boot console", debug_write)
    run("values that are no handles", bad_handles)
    run("handles of another kind", wrong_kinds)
    run("duplicates with fewer rights", duplicates)
    run("what a handle tells of itself", info_of_handles)
    run("the list of handles", list_of_handles)
    run("many handles", many_handles)
    run("the initial RAM disk is read-only", initrd_cannot_be_written)
    end()
