"""What a process needs to go on in another table of handles and with other threads: handles with given values, sets,
deadlines. A migration between machines is made of these.
"""

from harness import begin, end, run
from peers import finish_work, leave, prepare, work
from players import MILLISECOND, nothing
from world import expect, status_of

from atoll.abi.calls import Call, Status
from atoll.abi.objects import STOPPED, HandleInfo, Info, Kind, Registers, ThreadState
from atoll.abi.types import Array, u64
from atoll.userland.runtime.kernel_calls import clock, sleep
from atoll.userland.runtime.messages import Letter, PortSet, create_port, create_set
from atoll.userland.runtime.objects import close, create_memory, create_process, read_info

# ---- handles ----


def given_values() -> None:
    """A handle has the value that it is given, also far up in the table; its place's next value is a newer one."""
    made = create_process(64, None, None)
    for value in values:
        made.install_at(create_memory(1).handle, value)
    found: Array[HandleInfo, 8] = Array()
    start, number = u64(0), u64(0)
    while number == 0 or start != 0:
        count, start = made.list_handles(start, found[:])
        for info in found[0:count]:
            assert info.handle == values[number] and info.kind == Kind.MEMORY
            number += 1
    assert number == len(values)
    close(made.take(values[1]))
    again = made.install(create_memory(1).handle)
    assert again == values[1] + (1 << 16), f"{again:x}"
    own = create_memory(1).handle
    expect(status_of(Call.HANDLE_INSTALL, made.handle, own, values[0]), Status.IN_USE)
    expect(status_of(Call.HANDLE_INSTALL, made.handle, own, 0x1_0000), Status.BAD_HANDLE, "place 0")
    expect(status_of(Call.HANDLE_INSTALL, made.handle, own, 5), Status.BAD_HANDLE, "no generation")
    expect(status_of(Call.HANDLE_INSTALL, made.handle, own, 1 << 48 | 0x1_0005), Status.BAD_HANDLE)
    expect(status_of(Call.HANDLE_INSTALL, made.handle, own, 0x1_00FF), Status.NO_ROOM, "back to a lower page")
    expect(status_of(Call.HANDLE_INSTALL, made.handle, own + (1 << 16), 0x1_0301), Status.STALE_HANDLE)
    close(own)
    made.destroy(0)
    made.close()


values: Array[u64, 5] = Array((0x3_0001, 0x7_0002, 0x1_0050, 0xFFFF_0102, 0x2_03FF))


def no_value_twice() -> None:
    """Places of a table that takes another's place are newer than all of that one's."""
    old = create_process(16, None, None)
    for _ in range(5):
        close(old.take(old.install(create_memory(1).handle)))
    assert old.newest_generation() == 5
    new = create_process(16, None, None, old.newest_generation())
    value = new.install(create_memory(1).handle)
    assert value >> 16 == 6
    expect(status_of(Call.PROCESS_CREATE, 16, 0, 0, 1 << 32), Status.BAD_ARGUMENT)
    old.destroy(0)
    old.close()
    new.destroy(0)
    new.close()


def receive_from_set(_: u64) -> None:
    """One message, at a set of a given value."""
    letter = Letter()
    PortSet(0x4_0009).receive(letter)
    leave(letter.label + letter.words[0])


def sets() -> None:
    """Which set a port is in can be seen, and made again."""
    group, member = create_set(), create_port(5)
    sender = member.mint(1)
    found: Array[HandleInfo, 8] = Array()
    child = prepare(receive_from_set, 0, 48, None)
    child.process.create_set_at(0x4_0009)
    there = child.process.install(member.handle)
    child.process.add_to_set(0x4_0009, there)
    count, _ = child.process.list_handles(0, found[:])
    for info in found[0:count]:
        if info.handle == there:
            assert info.set != 0 and info.badge == 5
    expect(status_of(Call.SET_CREATE, child.process.handle, 0x4_0009), Status.IN_USE)
    expect(status_of(Call.SET_ADD, 0x4_0009, there, group.handle), Status.WRONG_KIND)
    group.close()
    child.thread.resume()
    letter = Letter()
    letter.set_words(20)
    sender.send(letter)
    assert child.finish() == 25
    sender.close()


# ---- threads ----


def all_threads() -> None:
    """One after the other, by serial number."""
    child = prepare(nothing, 0, 48, None)
    second = child.process.create_thread(0x1000, 0, 0, 0, 16)
    last: u64 = 0
    for thread in (child.thread, second):
        opened = child.process.next_thread(last + 1)
        wanted, info = Info(), Info()
        read_info(thread.handle, wanted)
        read_info(opened.handle, info)
        opened.close()
        assert info.words[0] == wanted.words[0]
        last = info.words[0]
    expect(status_of(Call.THREAD_OPEN, child.process.handle, last + 1, 1), Status.BAD_ARGUMENT)
    expect(status_of(Call.THREAD_OPEN, child.process.handle, last + 1), Status.BAD_ARGUMENT)
    second.close()
    child.kill()


def sleep_long(_: u64) -> None:
    """A worker."""
    sleep(5 * MILLISECOND)


def deadline() -> None:
    """Until when a thread waits, which it has forgotten once it is stopped."""
    before = clock()
    sleeper = work(0, sleep_long)
    sleep(MILLISECOND)
    registers = Registers()
    sleeper.read_registers(registers)
    assert registers.state == ThreadState.SLEEPING
    assert before + 5 * MILLISECOND <= registers.deadline <= before + 6 * MILLISECOND
    sleeper.stop()
    sleeper.read_registers(registers)
    assert registers.deadline == 0 and registers.state == ThreadState.READY + STOPPED
    sleeper.resume()
    finish_work(1)


def main() -> None:
    begin()
    run("handles with given values", given_values)
    run("no handle's value comes twice", no_value_twice)
    run("sets", sets)
    run("all threads of a process", all_threads)
    run("until when a thread waits", deadline)
    end()
