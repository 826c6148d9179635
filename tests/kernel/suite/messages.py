"""Messages: calls, replies, segments, handles that travel, and all ways in which a message does not get through."""

from harness import begin, end, expect, finish_work, give, given, leave, run, spawn, status_of, work

from atoll.abi.address_space import USER_END
from atoll.abi.boot import BOOT_INFO
from atoll.abi.calls import MAX_SEGMENT, NO_TIMEOUT, Call, Message, Status
from atoll.abi.objects import NO_HANDLE, Right
from atoll.abi.raw import address_of, view
from atoll.abi.types import Array, low8, u8, u64
from atoll.userland.runtime.kernel_calls import clock, let_others_run, sleep
from atoll.userland.runtime.messages import Gate, Letter, Port, create_port, create_set
from atoll.userland.runtime.objects import close, create_memory, duplicate
from atoll.userland.runtime.shared import SharedNumber

MILLISECOND = 1_000_000
STOP = 99  # word 0 that ends an echo server
BAD = 0x1000  # an address where nothing is

NOT_OURS: Array[u64, 6] = Array((0, BAD, 0x8020_0000, 0xFFFF_FFC0_8020_0000, 0xFFFF_FFFF_FFFF_FFF8, USER_END - 4))

outgoing: Array[u8, 65600] = Array()
incoming: Array[u8, 65600] = Array()
served: Array[u8, 65600] = Array()
seen: Array[SharedNumber, 8] = Array()
gate: Gate = Gate(NO_HANDLE)
port: Port = Port(NO_HANDLE)


def open_port() -> None:
    """A port and a gate of badge 7 for the next test."""
    port.handle = create_port(3).handle
    gate.handle = port.mint(7).handle
    for number in range(u64(len(seen))):
        seen[number].write(0)


def shut_port() -> None:
    gate.close()
    port.close()


# ---- other threads and processes ----


def echo(at: u64) -> None:
    """Answer each call with its words, each larger by one, and with its bytes; `at` is the port."""
    letter = Letter()
    letter.set_buffer(served[:])
    own = Port(at)
    while True:
        own.receive(letter)
        if letter.words[0] == STOP:
            letter.answer()
            return
        letter.enclose(served[0 : letter.size])
        letter.set_words(letter.words[0] + 1, letter.words[1] + 1, letter.words[2] + 1, letter.words[3] + letter.badge)
        if letter.attempt(Call.REPLY, letter.reply, NO_TIMEOUT) == Status.TOO_LONG:
            close(letter.reply)


def echo_given(_: u64) -> None:
    """The same in another process, at the port that it is given."""
    echo(given.handles[0])


def stop_echo() -> None:
    letter = Letter()
    letter.set_words(STOP)
    gate.call(letter)


def call_once(at: u64) -> None:
    """Call a gate; leave the status in seen[0] and the first word in seen[1]."""
    letter = Letter()
    letter.set_words(10, 20, 30, 40)
    status = letter.attempt(Call.CALL, at, NO_TIMEOUT)
    seen[1].write(letter.words[0])
    seen[0].write(status + 1000)


def call_and_leave(_: u64) -> None:
    """In another process: call the gate given; the exit status is the call's, or the first word if that is OK."""
    letter = Letter()
    letter.set_words(10, 20, 30, 40)
    status = letter.attempt(Call.CALL, given.handles[0], NO_TIMEOUT)
    leave(letter.words[0] if status == Status.OK else status)


def send_numbered(number: u64) -> None:
    """Send one word through the gate."""
    letter = Letter()
    letter.set_words(number)
    gate.send(letter)


def receive_once(at: u64) -> None:
    """Receive; leave status and first word in `seen`."""
    letter = Letter()
    status = letter.attempt(Call.RECEIVE, at, NO_TIMEOUT)
    seen[1].write(letter.words[0])
    seen[0].write(status + 1000)


def wait_until_seen() -> u64:
    """Until a worker has left its status; that."""
    while seen[0].read() == 0:
        let_others_run()
    return seen[0].read() - 1000


# ---- calls and replies ----


def words_come_back() -> None:
    open_port()
    work(0, echo, port.handle)
    letter = Letter()
    for round in range(u64(5)):
        letter.set_words(round, 20, 30, 40)
        gate.call(letter)
        assert letter.words[0] == round + 1 and letter.words[1] == 21
        assert letter.words[2] == 31 and letter.words[3] == 47
        assert letter.handle == NO_HANDLE
    stop_echo()
    finish_work(1)
    shut_port()


def server_in_another_process() -> None:
    open_port()
    give(port.handle)
    child = spawn(echo_given)
    letter = Letter()
    letter.set_buffer(incoming[:])
    for size in (0, 1, 7, 8, 63, 4095, 4096, 4097, 65535, 65536):
        for place in range(u64(size)):
            outgoing[place] = low8(place * 7 + u64(size))
            incoming[place] = 0
        letter.set_words(u64(size))
        letter.enclose(outgoing[0:size])
        gate.call(letter)
        assert letter.size == u64(size), f"{letter.size} bytes of {size}"
        assert incoming[0:size] == outgoing[0:size], f"other bytes of {size}"
    stop_echo()
    assert child.finish() == 0
    gate.close()


def client_in_another_process() -> None:
    open_port()
    give(duplicate(gate.handle, Right.SEND | Right.MOVE))
    child = spawn(call_and_leave)
    letter = Letter()
    port.receive(letter)
    assert letter.kind == Message.CALL and letter.badge == 7 and letter.label == 3
    assert letter.words[0] == 10 and letter.words[1] == 20 and letter.words[2] == 30 and letter.words[3] == 40
    letter.set_words(55)
    letter.answer()
    assert child.finish() == 55
    shut_port()


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


def reply_and_receive_in_one() -> None:
    open_port()
    work(0, call_once, gate.handle)
    letter = Letter()
    port.receive(letter)
    letter.set_words(letter.words[0] * 2)
    work(1, call_once, gate.handle)
    port.answer_and_receive(letter)
    assert letter.kind == Message.CALL
    assert letter.words[0] == 10
    assert wait_until_seen() == Status.OK and seen[1].read() == 20
    letter.answer()
    finish_work(2)
    shut_port()


def replies_in_another_order() -> None:
    open_port()
    work(0, call_once, gate.handle)
    work(1, call_once, gate.handle)
    first = Letter()
    second = Letter()
    port.receive(first)
    port.receive(second)
    second.set_words(2)
    second.answer()
    assert wait_until_seen() == Status.OK and seen[1].read() == 2
    seen[0].write(0)
    first.set_words(1)
    first.answer()
    assert wait_until_seen() == Status.OK and seen[1].read() == 1
    finish_work(2)
    shut_port()


def only_one_reply() -> None:
    open_port()
    work(0, call_once, gate.handle)
    letter = Letter()
    port.receive(letter)
    reply = letter.reply
    letter.answer()
    expect(letter.attempt(Call.REPLY, reply, NO_TIMEOUT), Status.STALE_HANDLE)
    expect(status_of(Call.HANDLE_CLOSE, reply), Status.STALE_HANDLE)
    finish_work(1)
    shut_port()


def reply_dropped() -> None:
    open_port()
    work(0, call_once, gate.handle)
    letter = Letter()
    port.receive(letter)
    close(letter.reply)
    assert wait_until_seen() == Status.REPLY_DROPPED
    finish_work(1)
    shut_port()


def answer_first_letter(_: u64) -> None:
    """In another process: receive a letter with a reply handle in it and answer that."""
    letter = Letter()
    Port(given.handles[0]).receive(letter)
    letter.set_words(77)
    expect(letter.attempt(Call.REPLY, letter.handle, NO_TIMEOUT), Status.OK)


def reply_by_another() -> None:
    open_port()
    work(0, call_once, gate.handle)
    letter = Letter()
    port.receive(letter)
    deputy = create_port()
    to_deputy = deputy.mint(1)
    give(deputy.handle)
    child = spawn(answer_first_letter)
    forward = Letter()
    forward.give(letter.reply)
    to_deputy.send(forward)
    assert wait_until_seen() == Status.OK and seen[1].read() == 77
    assert child.finish() == 0
    finish_work(1)
    to_deputy.close()
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
    letter.give(0x1234)
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


# ---- who gives up waiting ----


def nobody_there() -> None:
    open_port()
    letter = Letter()
    expect(letter.attempt(Call.RECEIVE, port.handle, 0), Status.WOULD_BLOCK)
    expect(letter.attempt(Call.SEND, gate.handle, 0), Status.WOULD_BLOCK)
    expect(letter.attempt(Call.CALL, gate.handle, 0), Status.WOULD_BLOCK)
    for number in (Call.RECEIVE, Call.SEND, Call.CALL):
        start = clock()
        target = port.handle if number == Call.RECEIVE else gate.handle
        expect(letter.attempt(number, target, 5 * MILLISECOND), Status.TIMED_OUT)
        elapsed = clock() - start
        assert 5 * MILLISECOND <= elapsed < 6 * MILLISECOND, f"{elapsed} ns"
    shut_port()


def many_timeouts(_: u64) -> None:
    """Wait in vain, for 3 ms."""
    letter = Letter()
    seen[0].write(letter.attempt(Call.CALL, gate.handle, 3 * MILLISECOND) + 1000)


def late_reply() -> None:
    open_port()
    work(0, many_timeouts)
    letter = Letter()
    port.receive(letter)
    sleep(5 * MILLISECOND)
    assert wait_until_seen() == Status.TIMED_OUT
    expect(letter.attempt(Call.REPLY, letter.reply, NO_TIMEOUT), Status.CALLER_GONE)
    expect(letter.attempt(Call.REPLY, letter.reply, NO_TIMEOUT), Status.STALE_HANDLE)
    finish_work(1)
    shut_port()


def cancelled() -> None:
    open_port()
    caller = work(0, call_once, gate.handle)
    let_others_run()
    caller.cancel()
    assert wait_until_seen() == Status.CANCELLED, "waiting to send"
    finish_work(1)
    seen[0].write(0)
    caller = work(0, call_once, gate.handle)
    letter = Letter()
    port.receive(letter)
    caller.cancel()
    assert wait_until_seen() == Status.CANCELLED, "waiting for the reply"
    expect(letter.attempt(Call.REPLY, letter.reply, NO_TIMEOUT), Status.CALLER_GONE)
    finish_work(1)
    seen[0].write(0)
    receiver = work(0, receive_once, port.handle)
    let_others_run()
    receiver.cancel()
    assert wait_until_seen() == Status.CANCELLED, "waiting to receive"
    finish_work(1)
    shut_port()


def caller_dies() -> None:
    open_port()
    give(duplicate(gate.handle, Right.SEND | Right.MOVE))
    child = spawn(call_and_leave)
    letter = Letter()
    port.receive(letter)
    child.kill()
    expect(letter.attempt(Call.REPLY, letter.reply, NO_TIMEOUT), Status.CALLER_GONE)
    give(duplicate(gate.handle, Right.SEND | Right.MOVE))
    child = spawn(call_and_leave)
    let_others_run()
    child.kill()
    expect(letter.attempt(Call.RECEIVE, port.handle, 0), Status.WOULD_BLOCK, "a dead sender is in the queue")
    shut_port()


def port_closed() -> None:
    open_port()
    work(0, call_once, gate.handle)
    let_others_run()
    port.close()
    status = wait_until_seen()
    assert status in (Status.PEER_DIED, Status.DEAD), f"status {status:#x}"
    letter = Letter()
    status = letter.attempt(Call.CALL, gate.handle, NO_TIMEOUT)
    assert status in (Status.DEAD, Status.PEER_DIED), f"status {status:#x}"
    assert status_of(Call.NOTIFY, gate.handle, 1) != Status.OK
    finish_work(1)
    gate.close()


def receiver_dies_with_the_call() -> None:
    """It has received the call and not answered: the caller is told, with the receiver's serial number."""
    open_port()
    give(port.handle)
    child = spawn(die_with_a_call)
    letter = Letter()
    expect(letter.attempt(Call.CALL, gate.handle, NO_TIMEOUT), Status.PEER_DIED)
    assert letter.words[0] == child.serial, f"process {letter.words[0]}, not {child.serial}"
    assert child.finish() == 5
    gate.close()


def die_with_a_call(_: u64) -> None:
    """Receive, and end."""
    letter = Letter()
    Port(given.handles[0]).receive(letter)
    leave(5)


def revoked() -> None:
    open_port()
    other = port.mint(8)
    work(0, call_once, gate.handle)
    let_others_run()
    port.revoke(7)
    assert wait_until_seen() == Status.REVOKED
    letter = Letter()
    expect(letter.attempt(Call.SEND, gate.handle, 0), Status.REVOKED)
    expect(letter.attempt(Call.SEND, other.handle, 0), Status.WOULD_BLOCK, "another badge is dead too")
    expect(status_of(Call.GATE_REVOKE, gate.handle, 7), Status.WRONG_KIND)
    finish_work(1)
    other.close()
    shut_port()


def last_handle() -> None:
    open_port()
    told = port.mint(21, True)
    copy = duplicate(told.handle, Right.SEND | Right.MOVE)
    letter = Letter()
    told.close()
    expect(letter.attempt(Call.RECEIVE, port.handle, 0), Status.WOULD_BLOCK, "there is another handle")
    close(copy)
    port.receive(letter)
    assert letter.kind == Message.LAST_HANDLE and letter.badge == 21 and letter.reply == NO_HANDLE
    expect(letter.attempt(Call.RECEIVE, port.handle, 0), Status.WOULD_BLOCK)
    shut_port()


def last_handle_of_a_dead_process() -> None:
    open_port()
    give(port.mint(22, True).handle)
    child = spawn(leave, 0)
    child.finish()
    letter = Letter()
    port.receive(letter)
    assert letter.kind == Message.LAST_HANDLE and letter.badge == 22
    shut_port()


# ---- notifications, sets, order ----


def notifications() -> None:
    open_port()
    letter = Letter()
    gate.notify(1)
    gate.notify(4)
    port.receive(letter)
    assert letter.kind == Message.NOTIFICATION and letter.words[0] == 5
    expect(letter.attempt(Call.RECEIVE, port.handle, 0), Status.WOULD_BLOCK)
    work(0, receive_once, port.handle)
    let_others_run()
    gate.notify(8)
    assert wait_until_seen() == Status.OK and seen[1].read() == 8
    finish_work(1)
    shut_port()


def several_ports() -> None:
    ports = create_set()
    first = create_port(100)
    second = create_port(200)
    ports.add(first)
    ports.add(second)
    gate.handle = second.mint(2).handle
    expect(status_of(Call.SET_ADD, ports.handle, first.handle), Status.IN_USE)
    work(0, send_numbered, 1)
    let_others_run()
    letter = Letter()
    ports.receive(letter)
    assert letter.label == 200 and letter.badge == 2 and letter.words[0] == 1
    finish_work(1)
    other = first.mint(1)
    other.notify(16)
    ports.receive(letter)
    assert letter.label == 100 and letter.kind == Message.NOTIFICATION
    work(0, receive_once, ports.handle)
    let_others_run()
    seen[0].write(0)
    other.notify(32)
    assert wait_until_seen() == Status.OK and seen[1].read() == 32
    finish_work(1)
    second.set_label(201)
    gate.notify(1)
    ports.receive(letter)
    assert letter.label == 201
    ports.remove(second)
    gate.notify(1)
    expect(letter.attempt(Call.RECEIVE, ports.handle, 0), Status.WOULD_BLOCK)
    second.receive(letter)
    first.close()
    expect(letter.attempt(Call.RECEIVE, ports.handle, 0), Status.WOULD_BLOCK)
    ports.close()
    other.close()
    gate.close()
    second.close()


def senders_by_priority() -> None:
    """The most urgent sender first; among equals, who came first."""
    open_port()
    work(0, send_numbered, 1, 18)
    work(1, send_numbered, 2, 17)
    work(2, send_numbered, 3, 18)
    work(3, send_numbered, 4, 17)
    sleep(MILLISECOND)
    letter = Letter()
    for expected in (2, 4, 1, 3):
        port.receive(letter)
        assert letter.words[0] == u64(expected), f"{letter.words[0]} instead of {expected}"
    sleep(MILLISECOND)
    finish_work(4)
    shut_port()


def receive_rights_only() -> None:
    """Neither can one receive at a gate nor send to a port."""
    open_port()
    letter = Letter()
    expect(letter.attempt(Call.RECEIVE, gate.handle, 0), Status.WRONG_KIND)
    expect(letter.attempt(Call.SEND, port.handle, 0), Status.WRONG_KIND)
    expect(status_of(Call.GATE_MINT, gate.handle, 1, 0), Status.WRONG_KIND)
    mute = duplicate(gate.handle, Right.MOVE)
    expect(letter.attempt(Call.SEND, mute, 0), Status.NO_RIGHT)
    expect(status_of(Call.NOTIFY, mute, 1), Status.NO_RIGHT)
    close(mute)
    shut_port()


def call_to_oneself() -> None:
    """Nobody else receives: only the time-out ends that."""
    open_port()
    letter = Letter()
    expect(letter.attempt(Call.CALL, gate.handle, MILLISECOND), Status.TIMED_OUT)
    shut_port()


def main() -> None:
    begin()
    run("words come back", words_come_back)
    run("a server in another process", server_in_another_process)
    run("a client in another process", client_in_another_process)
    run("unaligned segments", unaligned_segments)
    run("reply and receive in one call", reply_and_receive_in_one)
    run("replies in another order", replies_in_another_order)
    run("only one reply", only_one_reply)
    run("a dropped reply", reply_dropped)
    run("a reply by another process", reply_by_another)
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
    run("nobody is there", nobody_there)
    run("a late reply", late_reply)
    run("cancelled", cancelled)
    run("the caller dies", caller_dies)
    run("the port is closed", port_closed)
    run("the receiver dies with the call", receiver_dies_with_the_call)
    run("revoked", revoked)
    run("the last handle", last_handle)
    run("the last handle of a dead process", last_handle_of_a_dead_process)
    run("notifications", notifications)
    run("several ports", several_ports)
    run("senders by priority", senders_by_priority)
    run("sending and receiving are two things", receive_rights_only)
    run("a call to oneself", call_to_oneself)
    end()
