"""Calls in flight that change their caller: taken over from a stopped thread, given to another one. That is how a
process that waits for a reply moves to another machine.
"""

from harness import begin, end, run
from peers import Child, finish_work, give, leave, prepare, spawn, work
from players import MILLISECOND, clear_counters, counters, gate, nothing, open_port, port
from world import expect, given, status_of

from atoll.abi.calls import NO_TIMEOUT, Call, Status
from atoll.abi.objects import STOPPED, Registers, Right, ThreadState
from atoll.abi.raw import address_of
from atoll.abi.types import Array, u8, u64
from atoll.userland.runtime.kernel_calls import clock, sleep
from atoll.userland.runtime.messages import Letter, Port
from atoll.userland.runtime.objects import Process, Thread, close, create_memory, duplicate

PC = 0
A0 = 10
BUFFER = 64
received: Array[u8, BUFFER] = Array()


# ---- calls in flight ----


def call_and_check(timeout: u64) -> None:
    """In another process: a call whose reply has words, bytes and a memory object with a byte of its own."""
    letter = Letter()
    letter.set_words(1, 2, 3, 4)
    letter.set_buffer(received[:])
    status = letter.attempt(Call.CALL, given.handles[0], timeout)
    if status != Status.OK:
        leave(status)
    page = create_memory(1)
    page.handle = letter.handle
    byte: Array[u8, 1] = Array()
    page.read(0, byte[:])
    leave(letter.words[0] + letter.words[3] + received[2] + letter.size + byte[0])


def start_call(letter: Letter, timeout: u64 = NO_TIMEOUT) -> Child:
    """A child that waits for a reply, stopped."""
    open_port()
    give(gate.handle)
    gate.handle = port.mint(7).handle
    child = prepare(call_and_check, timeout, 48, None)
    child.thread.resume()
    port.receive(letter)
    child.thread.stop()
    return child


def answer_fully(reply: u64) -> u64:
    """Words 10 and 40, three bytes whose last is 5, a memory object that begins with 7; how that went."""
    page = create_memory(1)
    page.write(0, b"\x07")
    letter = Letter()
    letter.set_words(10, 20, 30, 40)
    letter.enclose(b"\x03\x04\x05")
    letter.give(page.handle)
    status = letter.attempt(Call.REPLY, reply, NO_TIMEOUT)
    if status != Status.OK:
        page.close()
    return status


def take(thread: u64) -> None:
    """A worker: wait in the place of a thread; leave status, words, what was received."""
    letter = Letter()
    letter.set_buffer(received[:])
    status = Thread(thread).take_call(letter, counters[3].read())
    counters[1].write(letter.words[3])
    counters[2].write(letter.size + received[2])
    if status == Status.OK:
        close(letter.handle)
    counters[0].write(status + 1000)


def start_taker(child: Child, timeout: u64 = NO_TIMEOUT) -> Thread:
    """A worker that has taken the child's call."""
    clear_counters()
    counters[3].write(timeout)
    thread: Thread = work(0, take, child.thread.handle)
    sleep(MILLISECOND)
    return thread


def state_of(thread: Thread) -> u64:
    """Its state and whether it is stopped."""
    registers = Registers()
    thread.read_registers(registers)
    return registers.state


def taken() -> None:
    """The reply goes to the taker; the caller stays as it was, at its call."""
    asked = Letter()
    child = start_call(asked)
    assert state_of(child.thread) == ThreadState.REPLY + STOPPED
    start_taker(child)
    assert state_of(child.thread) == ThreadState.READY + STOPPED
    expect(answer_fully(asked.reply), Status.OK)
    finish_work(1)
    expect(counters[0].read() - 1000, Status.OK)
    assert counters[1].read() == 40 and counters[2].read() == 8
    child.thread.resume()
    port.receive(asked)
    assert asked.words[0] == 1, "resumed, it calls again"
    expect(answer_fully(asked.reply), Status.OK)
    assert child.finish() == 65
    shut_port()


def shut_port() -> None:
    """Nobody calls any more."""
    gate.close()
    port.close()


def not_to_be_taken() -> None:
    asked = Letter()
    child = start_call(asked)
    expect(Thread(port.handle).take_call(Letter()), Status.WRONG_KIND)
    expect(Thread(child.process.handle).take_call(Letter()), Status.WRONG_KIND)
    weak = duplicate(child.thread.handle, Right.MOVE)
    expect(Thread(weak).take_call(Letter()), Status.NO_RIGHT)
    close(weak)
    child.thread.resume()
    expect(child.thread.take_call(Letter()), Status.NOT_STOPPED)
    child.thread.stop()
    letter = Letter()
    letter.transfer.buffer_address, letter.transfer.buffer_size = 1 << 40, 8
    expect(child.thread.take_call(letter), Status.BAD_ADDRESS)
    expect(answer_fully(asked.reply), Status.OK, "a refusal has changed nothing")
    expect(child.thread.take_call(Letter()), Status.NOT_WAITING)
    child.thread.resume()
    assert child.finish() == 65
    shut_port()


def taker_gone() -> None:
    """Who takes a call and gives up, or ends, has cancelled it."""
    asked = Letter()
    child = start_call(asked)
    taker = start_taker(child)
    taker.cancel()
    finish_work(1)
    expect(counters[0].read() - 1000, Status.CANCELLED)
    expect(answer_fully(asked.reply), Status.CALLER_GONE)
    child.kill()
    shut_port()
    child = start_call(asked)
    taker = start_taker(child)
    taker.destroy()
    expect(answer_fully(asked.reply), Status.CALLER_GONE)
    finish_work(1)
    child.kill()
    shut_port()


def taker_waits_no_longer() -> None:
    asked = Letter()
    child = start_call(asked, 100 * MILLISECOND)
    start_taker(child, MILLISECOND)
    sleep(2 * MILLISECOND)
    finish_work(1)
    expect(counters[0].read() - 1000, Status.TIMED_OUT)
    expect(answer_fully(asked.reply), Status.CALLER_GONE)
    child.kill()
    shut_port()


def receiver_dies() -> None:
    """The taker learns it as the caller would have."""
    open_port()
    give(port.handle)
    receiver = spawn(receive_and_wait)
    give(gate.handle)
    child = prepare(call_and_check, NO_TIMEOUT, 48, None)
    child.thread.resume()
    sleep(MILLISECOND)
    child.thread.stop()
    start_taker(child)
    receiver.kill()
    finish_work(1)
    expect(counters[0].read() - 1000, Status.PEER_DIED)
    child.kill()


def receive_and_wait(_: u64) -> None:
    """Receive once, and answer never."""
    Port(given.handles[0]).receive(Letter())
    while True:
        sleep(1000 * MILLISECOND)


def goes_on_elsewhere() -> None:
    """A call in flight moves to a thread of another process, with the same registers and memory, which goes on."""
    asked = Letter()
    child = start_call(asked)
    registers = Registers()
    child.thread.read_registers(registers)
    start_taker(child)
    other = prepare(call_and_check, NO_TIMEOUT, 48, None)
    copy_stack(child.process, other.process, registers.x[2])
    other.thread.write_registers(registers)
    reply = other.thread.await_reply(address_of(received), BUFFER)
    assert state_of(other.thread) == ThreadState.REPLY + STOPPED
    expect(status_of(Call.CALL_AWAIT, other.thread.handle, 0, 0, NO_TIMEOUT), Status.IN_USE)
    child.kill()
    expect(answer_fully(asked.reply), Status.OK)
    finish_work(1)
    expect(too_long(reply), Status.TOO_LONG)
    expect(answer_fully(reply), Status.OK)
    other.thread.resume()
    assert other.finish() == 65
    shut_port()


def copy_stack(source: Process, to: Process, sp: u64) -> None:
    """What lies above the stack pointer."""
    part: Array[u8, 8] = Array()
    address = sp
    while True:
        try:
            source.read(address, part[:])
        except Exception:
            return
        to.write(address, part[:])
        address += 8


def too_long(reply: u64) -> u64:
    """An answer that does not fit; how that went."""
    letter = Letter()
    letter.enclose(long[:])
    return letter.attempt(Call.REPLY, reply, NO_TIMEOUT)


long: Array[u8, 65] = Array()


def awaited() -> None:
    """What a thread that was made to wait learns: that nobody will answer, that time is over."""
    child = prepare(nothing, 0, 48, None)
    thread = child.thread
    expect(status_of(Call.CALL_AWAIT, thread.handle, 1 << 40, 8, NO_TIMEOUT), Status.BAD_ADDRESS)
    close(thread.await_reply(0, 0))
    registers = Registers()
    thread.read_registers(registers)
    expect(registers.x[A0], Status.REPLY_DROPPED)
    assert registers.state == ThreadState.READY + STOPPED
    reply = thread.await_reply(0, 0, MILLISECOND)
    thread.read_registers(registers)
    assert clock() < registers.deadline <= clock() + 2 * MILLISECOND
    sleep(2 * MILLISECOND)
    thread.read_registers(registers)
    expect(registers.x[A0], Status.TIMED_OUT)
    assert registers.deadline == 0
    expect(answer_fully(reply), Status.CALLER_GONE)
    reply = thread.await_reply(0, 0)
    thread.destroy()
    expect(answer_fully(reply), Status.CALLER_GONE)
    thread.close()
    thread.handle = child.process.create_thread(registers.x[PC], 0, 0, 0, 16).handle
    thread.resume()
    expect(status_of(Call.CALL_AWAIT, thread.handle, 0, 0, NO_TIMEOUT), Status.NOT_STOPPED)
    child.kill()


def main() -> None:
    begin()
    run("a call is taken", taken)
    run("calls that cannot be taken", not_to_be_taken)
    run("who took a call is gone", taker_gone)
    run("who took a call waits no longer", taker_waits_no_longer)
    run("the receiver of a taken call dies", receiver_dies)
    run("a call goes on elsewhere", goes_on_elsewhere)
    run("a thread is made to wait", awaited)
    end()
