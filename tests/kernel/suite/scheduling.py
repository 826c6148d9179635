"""Threads: who runs when, and what their holders can do with them."""

from harness import begin, end, run
from peers import finish_work, prepare, work
from players import MILLISECOND, clear_counters, counters, gate, nothing, open_port, port, seen
from world import PLACE, PRIORITY, expect, status_of, this_process

from atoll.abi.boot import BOOT_INFO
from atoll.abi.calls import Call, Status
from atoll.abi.objects import Info, Registers, Right
from atoll.abi.raw import address_of, load64, store64
from atoll.abi.types import Array, u8, u64
from atoll.userland.runtime.kernel_calls import clock, sleep
from atoll.userland.runtime.messages import Letter
from atoll.userland.runtime.objects import Thread, create_memory, read_info
from atoll.userland.runtime.threads import create_thread

READ_WRITE = Right.READ | Right.WRITE


# ---- what others run ----


def count_on(number: u64) -> None:
    """Count, without end."""
    while True:
        counters[number].add(1)


def count_in_shared_memory(number: u64) -> None:
    """In another process: count in memory that the test sees too."""
    while True:
        store64(PLACE + 8 * number, load64(PLACE + 8 * number) + 1)


def mark(number: u64) -> None:
    """Leave the order of arrival."""
    counters[number].write(seen.add(1) + 1)


def a_thread_ends_another() -> None:
    clear_counters()
    thread = work(0, count_on, 0)
    sleep(MILLISECOND)
    thread.destroy()
    before = counters[0].read()
    assert before > 0
    sleep(MILLISECOND)
    assert counters[0].read() == before
    thread.close()


# ---- who runs ----


def equal_turns() -> None:
    """Two endless loops and this test: each gets about as much."""
    clear_counters()
    first = work(0, count_on, 0, PRIORITY + 1)
    second = work(1, count_on, 1, PRIORITY + 1)
    sleep(40 * MILLISECOND)
    assert counters[0].read() > 0 and counters[1].read() > 0, "somebody never ran"
    share = cpu_time(first) * 100 // (cpu_time(first) + cpu_time(second))
    assert 30 <= share <= 70, f"{share} %"
    total = cpu_time(first) + cpu_time(second)
    assert 35 * MILLISECOND < total <= 41 * MILLISECOND, f"{total} ns"
    first.destroy()
    second.destroy()
    first.close()
    second.close()


def cpu_time(thread: Thread) -> u64:
    """Nanoseconds."""
    info = Info()
    read_info(thread.handle, info)
    return info.words[4]


def endless_loops_in_other_processes() -> None:
    memory = create_memory(1)
    this_process().map(memory, 0, PLACE, 1, READ_WRITE)
    first = prepare(count_in_shared_memory, 0, 48, None)
    second = prepare(count_in_shared_memory, 1, 48, None)
    first.process.map(memory, 0, PLACE, 1, READ_WRITE)
    second.process.map(memory, 0, PLACE, 1, READ_WRITE)
    first.thread.resume()
    second.thread.resume()
    sleep(40 * MILLISECOND)
    assert load64(PLACE) > 1000 and load64(PLACE + 8) > 1000
    first.kill()
    second.kill()
    this_process().unmap(PLACE, 1)
    memory.close()


def urgent_ones_first() -> None:
    clear_counters()
    work(0, mark, 0, 20)
    work(1, mark, 1, 18)
    work(2, mark, 2, 19)
    sleep(MILLISECOND)
    assert counters[1].read() == 1 and counters[2].read() == 2 and counters[0].read() == 3
    finish_work(3)


def nothing_for_the_less_urgent() -> None:
    clear_counters()
    busy = work(0, count_on, 0, PRIORITY + 1)
    poor = work(1, count_on, 1, PRIORITY + 2)
    sleep(25 * MILLISECOND)
    assert counters[0].read() > 0 and counters[1].read() == 0
    busy.stop()
    sleep(20 * MILLISECOND)
    assert counters[1].read() > 0
    busy.destroy()
    poor.destroy()
    busy.close()
    poor.close()


def priority_of_its_own() -> None:
    """No thread makes another more urgent than it is itself."""
    thread = create_thread(this_process(), nothing, 0, spare[:])
    expect(status_of(Call.THREAD_PRIORITY, thread.handle, 32), Status.BAD_ARGUMENT)
    assert status_of(Call.THREAD_PRIORITY, thread.handle, PRIORITY - 1) != Status.OK
    thread.set_priority(PRIORITY + 3)
    info = Info()
    read_info(thread.handle, info)
    assert info.words[2] == PRIORITY + 3
    thread.destroy()
    thread.close()
    own = this_process().handle
    assert status_of(Call.THREAD_CREATE, own, 0, 0, 0, PRIORITY - 1, 0) != Status.OK
    assert status_of(Call.THREAD_CREATE, own, 0, 0, 0, 99, 0) != Status.OK


spare: Array[u8, 8192] = Array()


def answer_slowly(_: u64) -> None:
    """A server of low priority that has much to do for each call."""
    letter = Letter()
    port.receive(letter)
    for _round in range(u64(100_000)):
        counters[2].add(1)
    letter.set_words(1)
    letter.answer()


def urgency_is_inherited() -> None:
    """An urgent caller waits for a server less urgent than an endless loop: the server becomes as urgent as it."""
    clear_counters()
    open_port()
    work(0, answer_slowly, 0, PRIORITY + 4)
    sleep(MILLISECOND)
    hog = work(1, count_on, 0, PRIORITY + 2)
    letter = Letter()
    start = clock()
    gate.call(letter, 500 * MILLISECOND)
    assert letter.words[0] == 1
    assert clock() - start < 100 * MILLISECOND
    hog.destroy()
    hog.close()
    finish_work(1)
    gate.close()
    port.close()


# ---- what the holder can do ----


def stop_and_resume() -> None:
    clear_counters()
    thread = work(0, count_on, 0, PRIORITY + 1)
    sleep(MILLISECOND)
    thread.stop()
    before = counters[0].read()
    sleep(5 * MILLISECOND)
    assert counters[0].read() == before
    info = Info()
    read_info(thread.handle, info)
    assert info.words[1] >= 16, "its state says that it is stopped"
    thread.resume()
    sleep(MILLISECOND)
    assert counters[0].read() > before
    thread.destroy()
    thread.close()


def receive_and_mark(_: u64) -> None:
    """Wait for a message."""
    letter = Letter()
    port.receive(letter)
    seen.write(letter.words[0])


def stopped_while_it_waits() -> None:
    """It waits no more while it is stopped, and again when it is resumed."""
    open_port()
    thread = work(0, receive_and_mark)
    sleep(MILLISECOND)
    thread.stop()
    letter = Letter()
    letter.set_words(5)
    expect(letter.attempt(Call.SEND, gate.handle, 0), Status.WOULD_BLOCK)
    thread.resume()
    sleep(MILLISECOND)
    gate.send(letter)
    finish_work(1)
    assert seen.read() == 5
    gate.close()
    port.close()


def other_registers() -> None:
    clear_counters()
    thread = create_thread(this_process(), count_on, 0, spare[:], PRIORITY + 1)
    registers = Registers()
    thread.read_registers(registers)
    assert registers.x[10] == registers.x[2], "a0 is what it was created with"
    assert registers.x[1] == 0 and registers.x[31] == 0 and registers.f[0] == 0
    registers.f[9] = 0x4010_0000_0000_0000
    registers.x[20] = 77
    thread.write_registers(registers)
    check = Registers()
    thread.read_registers(check)
    assert check.x[20] == 77 and check.f[9] == registers.f[9] and check.x[0] == registers.x[0]
    thread.resume()
    sleep(MILLISECOND)
    expect(status_of(Call.THREAD_SET, thread.handle, address_of(registers)), Status.NOT_STOPPED)
    thread.stop()
    thread.read_registers(registers)
    assert registers.f[9] == 0x4010_0000_0000_0000, "a floating point register is lost"
    expect(status_of(Call.THREAD_GET, thread.handle, 0), Status.BAD_ADDRESS)
    expect(status_of(Call.THREAD_SET, thread.handle, 8), Status.BAD_ADDRESS)
    expect(status_of(Call.THREAD_GET, thread.handle, BOOT_INFO), Status.BAD_ADDRESS)
    thread.destroy()
    thread.close()


def floats_on(number: u64) -> None:
    """Compute with floating point registers while others do."""
    value = 1.0
    for _ in range(20_000):
        value = value * 1.0001 + number
        value = value / 1.0001 - number / 1.0001
    counters[number].write(1 if 0.999 < value < 1.001 else 2)


def floating_point_registers() -> None:
    """Each thread has its own."""
    clear_counters()
    work(0, floats_on, 0)
    work(1, floats_on, 1)
    work(2, floats_on, 2)
    sleep(40 * MILLISECOND)
    finish_work(3)
    for number in range(u64(3)):
        assert counters[number].read() == 1


def main() -> None:
    begin()
    run("a thread ends another", a_thread_ends_another)
    run("equal turns", equal_turns)
    run("endless loops in other processes", endless_loops_in_other_processes)
    run("urgent ones first", urgent_ones_first)
    run("nothing for the less urgent", nothing_for_the_less_urgent)
    run("a priority of its own", priority_of_its_own)
    run("urgency is inherited", urgency_is_inherited)
    run("stop and resume", stop_and_resume)
    run("stopped while it waits", stopped_while_it_waits)
    run("other registers", other_registers)
    run("floating point registers", floating_point_registers)
    end()
