"""What travels with messages: segments of all sizes, also such as do not fit or are not there, and handles."""

from harness import begin, end, run
from peers import finish_work, give, spawn, work
from speakers import (
    BAD,
    MILLISECOND,
    NOT_OURS,
    call_once,
    echo,
    echo_given,
    gate,
    incoming,
    open_port,
    outgoing,
    port,
    receive_once,
    seen,
    served,
    shut_port,
    stop_echo,
    wait_until_seen,
)
from world import expect, given, status_of

from atoll.abi.boot import BOOT_INFO
from atoll.abi.calls import MAX_SEGMENT, NO_TIMEOUT, Call, Message, Status
from atoll.abi.objects import NO_HANDLE, Right
from atoll.abi.raw import address_of, view
from atoll.abi.types import low8, u64
from atoll.userland.runtime.kernel_calls import let_others_run
from atoll.userland.runtime.messages import Letter, Port, create_port
from atoll.userland.runtime.objects import close, create_memory, duplicate
from atoll.userland.runtime.shared import SharedNumber


def unaligned_segments() -> None:
    open_port()
    work(0, echo, port.handle)
    letter = Letter()
    for start in range(1, 9):
        for place in range(5000):
            outgoing[place] = low8(u64(place * 3 + start))
        letter.set_words(0)
        letter.set_buffer(incoming[2 * start : 2 * start + 5000])
        letter.enclose(outgoing[start : start + 4500])
        gate.call(letter)
        assert incoming[2 * start : 2 * start + 4500] == outgoing[start : start + 4500]
    stop_echo()
    finish_work(1)
    shut_port()


# ---- segments that do not fit ----


def too_long() -> None:
    open_port()
    give(port.handle)
    child = spawn(echo_given)
    letter = Letter()
    letter.set_words(1)
    letter.set_buffer(incoming[0:100])
    letter.enclose(outgoing[0:101])
    expect(letter.attempt(Call.CALL, gate.handle, NO_TIMEOUT), Status.REPLY_DROPPED)
    letter.enclose(view(address_of(outgoing), MAX_SEGMENT + 1))
    expect(letter.attempt(Call.CALL, gate.handle, NO_TIMEOUT), Status.TOO_LONG)
    child.kill()
    gate.close()


def receive_little(_: u64) -> None:
    """Receive two messages with room for 16 bytes."""
    letter = Letter()
    letter.set_buffer(served[0:16])
    port.receive(letter)
    seen[2].write(letter.size)
    letter.attempt(Call.REPLY, letter.reply, NO_TIMEOUT)


def too_long_for_the_receiver() -> None:
    open_port()
    work(0, receive_little)
    let_others_run()
    letter = Letter()
    letter.enclose(outgoing[0:17])
    expect(letter.attempt(Call.SEND, gate.handle, NO_TIMEOUT), Status.TOO_LONG)
    letter.enclose(outgoing[0:16])
    expect(letter.attempt(Call.CALL, gate.handle, NO_TIMEOUT), Status.OK, "the receiver does not wait any more")
    finish_work(1)
    assert seen[2].read() == 16
    shut_port()


def too_long_from_the_queue() -> None:
    """The sender waits already when a receiver with a small buffer comes."""
    open_port()
    work(0, send_long, 17)
    let_others_run()
    letter = Letter()
    letter.set_buffer(served[0:16])
    expect(letter.attempt(Call.RECEIVE, port.handle, MILLISECOND), Status.TIMED_OUT)
    assert wait_until_seen() == Status.TOO_LONG
    finish_work(1)
    shut_port()


def send_long(size: u64) -> None:
    """Send so many bytes; leave the status."""
    letter = Letter()
    letter.enclose(outgoing[0:size])
    seen[0].write(letter.attempt(Call.SEND, gate.handle, NO_TIMEOUT) + 1000)


def bad_segments() -> None:
    open_port()
    letter = Letter()
    for address in NOT_OURS:
        letter.transfer.send_address = address
        letter.transfer.send_size = 8
        status = letter.attempt(Call.SEND, gate.handle, 0)
        assert status in (Status.BAD_ADDRESS, Status.WOULD_BLOCK), f"status {status:#x}"
    work(0, receive_once, port.handle)
    let_others_run()
    letter.transfer.send_address = BAD
    letter.transfer.send_size = 0
    expect(letter.attempt(Call.SEND, gate.handle, 0), Status.OK, "no bytes have no address")
    finish_work(1)
    expect(status_of(Call.CALL, gate.handle, 0, 0, 0, 0, BAD), Status.BAD_ADDRESS)
    expect(status_of(Call.RECEIVE, port.handle, 0, 0, 0, 0, address_of(letter.transfer) + 4), Status.BAD_ADDRESS)
    shut_port()


def bad_segment_to_a_receiver() -> None:
    """A sender whose bytes are not there harms itself, and not the receiver, who waits on."""
    open_port()
    work(0, receive_little)
    let_others_run()
    letter = Letter()
    letter.transfer.send_address = BAD
    letter.transfer.send_size = 8
    expect(letter.attempt(Call.SEND, gate.handle, NO_TIMEOUT), Status.BAD_ADDRESS)
    letter.enclose(outgoing[0:5])
    gate.call(letter)
    finish_work(1)
    assert seen[2].read() == 5
    shut_port()


def bad_buffer() -> None:
    """A receiver whose buffer is not there, or not writable, is refused, and not the sender, who waits on."""
    open_port()
    work(0, send_long, 8)
    let_others_run()
    letter = Letter()
    for address in (BAD, 0x8020_0000, BOOT_INFO):
        letter.transfer.buffer_address = u64(address)
        letter.transfer.buffer_size = 64
        expect(letter.attempt(Call.RECEIVE, port.handle, NO_TIMEOUT), Status.BAD_ADDRESS)
    letter.set_buffer(served[0:64])
    port.receive(letter)
    assert letter.kind == Message.SEND and letter.size == 8 and letter.reply == NO_HANDLE
    assert wait_until_seen() == Status.OK
    finish_work(1)
    shut_port()


# ---- handles that travel ----


def memory_travels() -> None:
    open_port()
    memory = create_memory(1)
    memory.write(0, b"hello")
    give(port.handle)
    child = spawn(read_memory_given)
    letter = Letter()
    letter.give(memory.handle)
    gate.call(letter)
    expect(status_of(Call.HANDLE_CLOSE, memory.handle), Status.STALE_HANDLE, "it is still here")
    memory.handle = letter.handle
    memory.read(0, incoming[0:5])
    assert incoming[0:5] == b"HELLO"
    memory.close()
    assert child.finish() == 0
    gate.close()


def read_memory_given(_: u64) -> None:
    """Receive memory, change what it holds, and send it back."""
    letter = Letter()
    Port(given.handles[0]).receive(letter)
    memory = create_memory(1)
    memory.handle, own = letter.handle, memory.handle
    close(own)
    memory.read(0, incoming[0:5])
    assert incoming[0:5] == b"hello"
    memory.write(0, b"HELLO")
    letter.give(memory.handle)
    letter.answer()


def what_does_not_travel() -> None:
    open_port()
    stay = duplicate(create_and_forget_memory(), Right.READ)
    letter = Letter()
    work(0, receive_once, port.handle)
    let_others_run()
    letter.give(stay)
    expect(letter.attempt(Call.SEND, gate.handle, 0), Status.NO_RIGHT)
    letter.give(0xFFFF)
    expect(letter.attempt(Call.SEND, gate.handle, 0), Status.BAD_HANDLE)
    expect(letter.attempt(Call.SEND, gate.handle, 0), Status.OK)
    close(stay)
    close(kept.read())
    finish_work(1)
    shut_port()


kept: SharedNumber = SharedNumber()


def create_and_forget_memory() -> u64:
    """A handle that the test closes by `kept`."""
    kept.write(create_memory(1).handle)
    return kept.read()


def failed_move_leaves_the_handle() -> None:
    open_port()
    memory = create_memory(1)
    letter = Letter()
    letter.give(memory.handle)
    expect(letter.attempt(Call.SEND, gate.handle, 0), Status.WOULD_BLOCK)
    letter.give(memory.handle)
    expect(letter.attempt(Call.SEND, gate.handle, MILLISECOND), Status.TIMED_OUT)
    memory.write(0, b"still here")
    memory.close()
    shut_port()


def port_travels_with_its_queue() -> None:
    """Callers that wait at a port do not notice that it moves to another process."""
    open_port()
    work(0, call_once, gate.handle)
    let_others_run()
    carrier = create_port()
    to_child = carrier.mint(1)
    give(carrier.handle)
    child = spawn(serve_port_received)
    letter = Letter()
    letter.give(port.handle)
    to_child.send(letter)
    assert wait_until_seen() == Status.OK and seen[1].read() == 11
    expect(letter.attempt(Call.RECEIVE, port.handle, 0), Status.STALE_HANDLE)
    stop_echo()
    assert child.finish() == 0
    finish_work(1)
    to_child.close()
    gate.close()


def serve_port_received(_: u64) -> None:
    """Receive a port, and serve it."""
    letter = Letter()
    Port(given.handles[0]).receive(letter)
    echo(letter.handle)


def main() -> None:
    begin()
    run("unaligned segments", unaligned_segments)
    run("too long", too_long)
    run("too long for the receiver", too_long_for_the_receiver)
    run("too long, from the queue", too_long_from_the_queue)
    run("segments that are not there", bad_segments)
    run("a segment that is not there, to one who waits", bad_segment_to_a_receiver)
    run("a buffer that is not there", bad_buffer)
    run("memory travels", memory_travels)
    run("what does not travel", what_does_not_travel)
    run("a move that fails", failed_move_leaves_the_handle)
    run("a port travels with its queue", port_travels_with_its_queue)
    end()
