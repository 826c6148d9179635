"""longest: everything that could keep the kernel busy for long, so that the host sees how long it does.

Large segments, large memory objects, a crowded process that ends, many who wait for the same thing. The first process.
"""

import loops
import marks
import support
from loops import mark, repeat
from support import BUFFER, DATA, Child, new_child

from atoll.abi.address_space import PAGE_SIZE
from atoll.abi.calls import MAX_MOVE, MAX_SEGMENT, MAX_TOUCHED, Call
from atoll.abi.objects import HandleInfo, Registers, Right, Transfer
from atoll.abi.raw import address_of
from atoll.abi.types import Array, u8, u64
from atoll.userland.runtime.kernel_calls import sleep
from atoll.userland.runtime.messages import create_port, create_set
from atoll.userland.runtime.objects import Process, create_memory, create_process, duplicate

PAGES = 2048  # of a large memory object
HERE = 0x3000_0000  # where it is mapped
CROWD = 64  # ports, mappings, children, memory objects
MANY = 1500  # threads of one process, gates of one badge, ports of one set
SHORT = 1_000_000  # nanoseconds
PATIENCE = 20 * SHORT  # for all threads of the crowd
LOW = 20  # priority of the crowd

segment: Array[u8, MAX_SEGMENT] = Array()
listed: Array[HandleInfo, 128] = Array()
moved: Array[u64, MAX_MOVE] = Array()


def main() -> None:
    """One after the other."""
    support.begin()
    mark(marks.BEGIN)
    copy_segments()
    use_large_memory()
    end_a_crowd()
    revoke_many()
    move_many()
    close_a_large_set()
    mark(marks.END)
    support.rest()


def copy_segments() -> None:
    """64 KiB with a call, to another process; and in and out of its memory."""
    child = new_child()
    child.add_buffer(MAX_SEGMENT // PAGE_SIZE)
    port = create_port()
    gate = port.mint(0)
    child.run(address_of(loops.serve), child.process.install(port.handle), DATA)
    transfer = Transfer()
    support.set_buffer(transfer, 0, 0)
    transfer.send_address = address_of(segment)
    transfer.send_size = MAX_SEGMENT
    assert repeat(4, Call.CALL, gate.handle, address_of(transfer)) == 0
    child.process.read(BUFFER, segment[:])
    child.process.write(BUFFER, segment[:])
    registers = Registers()
    child.thread.stop()
    child.thread.read_registers(registers)
    child.thread.write_registers(registers)
    gate.close()
    child.end()


def use_large_memory() -> None:
    """8 MiB: filled, copied, mapped, protected, looked at, unmapped, destroyed."""
    memory = create_memory(PAGES)
    for number in range(u64(PAGES * PAGE_SIZE // MAX_SEGMENT)):
        memory.write(number * MAX_SEGMENT, segment[:])
    memory.read(0, segment[:])
    other = create_memory(PAGES)
    other.copy_from(0, memory.handle, 0, PAGES)
    own = support.this_process()
    own.map(memory, 0, HERE, PAGES, Right.READ | Right.WRITE)
    own.protect(HERE, PAGES, Right.READ)
    own.touched(HERE, MAX_TOUCHED, True)
    own.unmap(HERE, PAGES // 2)
    memory.destroy()
    other.close()


# ---- a crowd ----


def end_a_crowd() -> None:
    """A process with many threads that wait, many ports, gates, mappings, children and large memory is destroyed."""
    child = new_child()
    child.process.set_quota(4 * PAGES)
    crowd = create_port()
    gate = crowd.mint(0)
    child.run(address_of(loops.call_for_ever), Call.CALL, child.process.install(gate.handle), LOW)
    fill_memory(child.process)
    fill_table(child.process)
    add_threads(child)
    sleep(SHORT)
    child.process.list_handles(0, listed[:])
    crowd.close()
    sleep(SHORT)
    child.end()


def fill_memory(process: Process) -> None:
    """One large mapping, and many of one page each."""
    memory = create_memory(PAGES)
    process.map(memory, 0, HERE, PAGES, Right.READ | Right.WRITE)
    for number in range(u64(CROWD)):
        process.map(memory, 0, HERE + (PAGES + 2 * number) * PAGE_SIZE, 1, Right.READ)
    memory.close()


def fill_table(process: Process) -> None:
    """Handles of all kinds."""
    for _ in range(u64(CROWD)):
        port = create_port()
        process.install(port.mint(1, True).handle)
        process.install(port.handle)
        process.install(create_memory(4).handle)
        process.install(create_process(1, None, None).handle)


def add_threads(child: Child) -> None:
    """Threads that sleep, each with a deadline of its own, and threads that call a port where nobody receives."""
    port = create_port()
    gate = child.process.install(port.mint(0).handle)
    for number in range(u64(CROWD)):
        child.process.create_thread(support.CODE, 0, Call.SLEEP, 1_000_000_000 + number, LOW).resume()
    for _ in range(u64(MANY)):
        thread = child.process.create_thread(support.CODE, 0, Call.CALL, gate, LOW)
        thread.resume()
        thread.close()
    sleep(PATIENCE)
    port.close()
    sleep(PATIENCE)


# ---- many of the same ----


def revoke_many() -> None:
    """Many gates of one badge are revoked, and their port closed with as many of another."""
    port = create_port()
    for number in range(u64(MANY)):
        port.mint(number % 2)
    port.revoke(1)
    port.close()


def close_a_large_set() -> None:
    """A set of many ports, at each of which something waits."""
    group = create_set()
    port = create_port()
    for _ in range(u64(MANY)):
        port = create_port()
        port.mint(0).notify(1)
        group.add(port)
    group.close()


def move_many() -> None:
    """Ports with many gates, in a set, move all at once."""
    child = new_child()
    group = create_set()
    for number in range(u64(MAX_MOVE)):
        port = create_port()
        for _ in range(u64(CROWD)):
            port.mint(0)
        group.add(port)
        moved[number] = port.handle
    child.process.receive_rights(moved[:])
    group.close()
    child.process.destroy(0)
    child.process.close()
    duplicate(support.this_process().handle, Right.MANAGE)
