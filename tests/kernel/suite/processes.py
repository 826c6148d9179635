"""Processes: how they begin and end, what their holders can do with them, who inherits, who wants too much."""

from harness import begin, end, run
from peers import finish_work, give, leave, prepare, spawn, work
from players import MILLISECOND, call_and_mark, clear_counters, counters, gate, gates, nothing, open_port, port, seen
from world import PLACE, expect, given, status_of

from atoll.abi import causes
from atoll.abi.address_space import STACK_END
from atoll.abi.calls import NO_TIMEOUT, Call, Death, Message, Status
from atoll.abi.objects import NO_HANDLE, HandleInfo, Registers, Right
from atoll.abi.raw import address_of, view
from atoll.abi.riscv import ebreak, unimp
from atoll.abi.types import Array, assembly, export, u64
from atoll.userland.runtime.kernel_calls import let_others_run, sleep
from atoll.userland.runtime.messages import Letter, Port, create_port, create_set
from atoll.userland.runtime.objects import close, create_memory, create_process, duplicate


def fail(_: u64) -> None:
    """An error that nobody catches."""
    raise ValueError("this traceback belongs to a test")


def recurse(level: u64) -> u64:
    """Without end."""
    return recurse(level + 1) + 1


def overflow_stack(level: u64) -> None:
    leave(recurse(level))


@assembly
@export("illegal_instruction")
def illegal_instruction(_: u64) -> None:
    """One that means nothing."""
    unimp()


def breakpoint_instruction(_: u64) -> None:
    ebreak()


# ---- beginning and end ----


def statuses() -> None:
    for status in (0, 1, 42, 255, 1000):
        child = spawn(leave, u64(status))
        assert child.finish() == u64(status)
        assert child.how == Death.EXITED


def last_thread_ends_the_process() -> None:
    child = spawn(nothing)
    assert child.finish() == 0
    assert child.how == Death.EXITED


def uncaught_error() -> None:
    child = spawn(fail)
    assert child.finish() == 1


def killed() -> None:
    child = spawn(count_in_vain)
    let_others_run()
    child.process.destroy(77)
    assert child.wait() == 77
    assert child.how == Death.DESTROYED
    expect(status_of(Call.THREAD_RESUME, child.thread.handle), Status.DEAD)
    status = status_of(Call.PROCESS_DESTROY, child.process.handle, 1)
    assert status in (Status.DEAD, Status.OK)
    child.free()


def count_in_vain(_: u64) -> None:
    """An endless loop."""
    while True:
        counters[0].add(1)


def exceptions() -> None:
    child = spawn(illegal_instruction)
    assert child.finish() == causes.ILLEGAL_INSTRUCTION
    assert child.how == Death.FAULTED
    child = spawn(breakpoint_instruction)
    assert child.finish() == causes.BREAKPOINT


def stack_overflow() -> None:
    """The page below the stack is not mapped."""
    child = spawn(overflow_stack)
    assert child.finish() == causes.STORE_PAGE_FAULT
    assert child.how == Death.FAULTED


def ended_before_anyone_waits() -> None:
    child = spawn(leave, 3)
    sleep(MILLISECOND)
    assert child.finish() == 3


def never_started() -> None:
    child = prepare(nothing, 0, 48, None)
    child.kill()


def read_and_write_its_memory() -> None:
    child = prepare(nothing, 0, 48, None)
    word: Array[u64, 2] = Array()
    place = STACK_END - 64
    child.process.write(place, b"12345678")
    child.process.read(place, view(address_of(word), 8))
    assert word[0] == 0x3837_3635_3433_3231
    handle = child.process.handle
    expect(status_of(Call.PROCESS_READ, handle, PLACE, address_of(word), 8), Status.BAD_ADDRESS)
    expect(status_of(Call.PROCESS_READ, handle, 0x8020_0000, address_of(word), 8), Status.BAD_ADDRESS)
    expect(status_of(Call.PROCESS_READ, handle, place, 0, 8), Status.BAD_ADDRESS)
    code = address_of(nothing)
    expect(status_of(Call.PROCESS_WRITE, handle, code, address_of(word), 8), Status.BAD_ADDRESS)
    child.kill()


def pc_not_aligned() -> None:
    """A thread that could not even begin is refused."""
    child = prepare(nothing, 0, 48, None)
    expect(status_of(Call.THREAD_CREATE, child.process.handle, 0x10002, 0, 0, 20, 0), Status.BAD_ADDRESS)
    registers = Registers()
    child.thread.read_registers(registers)
    registers.x[0] += 2
    expect(status_of(Call.THREAD_SET, child.thread.handle, address_of(registers)), Status.BAD_ADDRESS)
    child.kill()


def install_and_take() -> None:
    child = prepare(nothing, 0, 48, None)
    memory = create_memory(1)
    memory.write(0, b"x")
    there = child.process.install(memory.handle)
    expect(status_of(Call.HANDLE_CLOSE, memory.handle), Status.STALE_HANDLE)
    assert status_of(Call.HANDLE_TAKE, child.process.handle, 0x77_FFFF) != Status.OK
    memory.handle = child.process.take(there)
    memory.write(0, b"y")
    expect(status_of(Call.HANDLE_TAKE, child.process.handle, there), Status.STALE_HANDLE)
    found: Array[HandleInfo, 8] = Array()
    count, rest = child.process.list_handles(0, found[:])
    assert count == 1 and rest == 0, f"{count} handles, on from {rest}"  # the machine's, to print with
    memory.close()
    child.kill()


# ---- who inherits ----


def die_as_receiver(_: u64) -> None:
    """Take one call of two, and end."""
    letter = Letter()
    Port(given.handles[0]).receive(letter)
    sleep(5 * MILLISECOND)
    leave(9)


def ports_go_to_the_heir() -> None:
    """Who was received by the dead learns of its death at once; who still waits in the queue is served by the heir."""
    clear_counters()
    first = create_port(5)
    gates[0].handle = first.mint(1).handle
    gates[1].handle = first.mint(2).handle
    give(first.handle)
    child = spawn(die_as_receiver)
    work(0, call_and_mark, 0)
    sleep(MILLISECOND)
    work(1, call_and_mark, 1)
    letter = Letter()
    child.heir.receive(letter)
    assert letter.kind == Message.INHERITED
    assert letter.words[0] == child.serial and letter.words[1] == 5
    assert counters[0].read() == Status.PEER_DIED, "the caller is told before the heir"
    inherited = Port(letter.handle)
    child.heir.receive(letter)
    assert letter.kind == Message.DEATH and letter.words[0] == child.serial and letter.words[1] == 9
    child.free()
    inherited.receive(letter)
    assert letter.kind == Message.CALL and letter.badge == 2
    letter.set_words(55)
    letter.answer()
    finish_work(2)
    assert counters[1].read() == 55
    gates[0].close()
    gates[1].close()
    inherited.close()


def a_death_heard_through_a_set() -> None:
    """The thread that waits at the set hears the first of what there is to tell at once, and the set has the rest."""
    first, second = create_port(5), create_port(6)
    give(first.handle)
    give(second.handle)
    child = spawn(die_soon)
    both = create_set()
    both.add(child.heir)
    letter = Letter()
    for label in range(u64(5), u64(7)):
        both.receive(letter, 20 * MILLISECOND)
        assert letter.kind == Message.INHERITED and letter.words[1] == label
        close(letter.handle)
    both.receive(letter, 20 * MILLISECOND)
    assert letter.kind == Message.DEATH and letter.words[0] == child.serial and letter.words[1] == 9
    child.free()
    both.close()


def die_soon(_: u64) -> None:
    """When the parent waits."""
    sleep(5 * MILLISECOND)
    leave(9)


def no_heir() -> None:
    """Its ports are closed with it."""
    open_port()
    child = create_process(16, None, None)
    there = child.install(port.handle)
    assert there != NO_HANDLE
    work(0, call_and_note)
    sleep(MILLISECOND)
    child.destroy(0)
    finish_work(1)
    status = seen.read()
    assert status in (Status.PEER_DIED, Status.DEAD), f"status {status:#x}"
    child.close()
    gate.close()


def call_and_note(_: u64) -> None:
    """Leave the status of a call."""
    letter = Letter()
    seen.write(letter.attempt(Call.CALL, gate.handle, NO_TIMEOUT))


def forty_processes() -> None:
    """They begin and end; serial numbers are never used twice."""
    last: u64 = 0
    for _ in range(40):
        child = spawn(leave, 1)
        assert child.serial > last
        last = child.serial
        assert child.finish() == 1


# ---- too much ----


def fork_bomb() -> None:
    """It makes processes as long as it can. That is its quota, and all is back when it has been ended."""
    child = prepare(make_processes, 0, 400, None)
    child.thread.resume()
    made = child.finish()
    assert 3 < made < 400, f"{made} processes"


def make_processes(_: u64) -> None:
    """Make processes, each with a little of the quota, until one is refused."""
    count: u64 = 0
    while status_of(Call.PROCESS_CREATE, 4, 0, 0) == Status.OK:
        count += 1
    leave(count)


def thread_bomb() -> None:
    child = prepare(make_threads, 0, 100, None)
    itself = duplicate(child.process.handle, Right.MANAGE | Right.MOVE)
    at_child = child.process.install(itself)
    child.process.write(address_of(given.handles), view(address_of_word(at_child), 8))
    child.thread.resume()
    made = child.finish()
    assert 3 < made < 100_000, f"{made} threads"


def make_threads(_: u64) -> None:
    """Make threads until one is refused."""
    count: u64 = 0
    while status_of(Call.THREAD_CREATE, given.handles[0], 0x10000, 0, 0, 20, 0) == Status.OK:
        count += 1
    leave(count)


def address_of_word(value: u64) -> u64:
    """Where that number is."""
    seen.write(value)
    return address_of(seen)


def port_bomb() -> None:
    child = spawn(make_ports)
    made = child.finish()
    assert 3 < made < 100_000, f"{made} ports"


def make_ports(_: u64) -> None:
    """Make ports and gates until one is refused."""
    count: u64 = 0
    while status_of(Call.PORT_CREATE, 0) == Status.OK:
        count += 1
    leave(count)


def main() -> None:
    begin()
    run("exit statuses", statuses)
    run("the last thread", last_thread_ends_the_process)
    run("an uncaught error", uncaught_error)
    run("killed", killed)
    run("exceptions", exceptions)
    run("stack overflow", stack_overflow)
    run("ended before anyone waits", ended_before_anyone_waits)
    run("never started", never_started)
    run("read and write its memory", read_and_write_its_memory)
    run("a pc that is not aligned", pc_not_aligned)
    run("install and take", install_and_take)
    run("ports go to the heir", ports_go_to_the_heir)
    run("a death heard through a set", a_death_heard_through_a_set)
    run("no heir", no_heir)
    run("forty processes", forty_processes)
    run("a fork bomb", fork_bomb)
    run("a thread bomb", thread_bomb)
    run("a port bomb", port_bomb)
    end()
