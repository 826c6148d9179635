"""Messages that get through: calls, replies, notifications, several ports at once, and in which order."""

from harness import begin, end, run
from peers import finish_work, give, spawn, work
from speakers import (
    MILLISECOND,
    call_and_leave,
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
    send_numbered,
    shut_port,
    stop_echo,
    wait_until_seen,
)
from world import expect, given, status_of

from atoll.abi.calls import NO_TIMEOUT, Call, Message, MintFlag, Status
from atoll.abi.objects import NO_HANDLE, Right
from atoll.abi.types import low8, u64
from atoll.userland.runtime.kernel_calls import let_others_run, sleep, system_call
from atoll.userland.runtime.messages import Gate, Letter, Port, create_port, create_set
from atoll.userland.runtime.objects import close, duplicate

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


def gate_that_mints() -> None:
    """Who was given a gate with MANAGE makes others of any badge, wherever the port is received from; nobody else."""
    own = create_port()
    minter = Gate(system_call(Call.GATE_MINT, own.handle, 1, MintFlag.MANAGE))
    made = minter.mint(7, MintFlag.TELL_LAST)
    made.notify(5)
    letter = Letter()
    own.receive(letter, 0)
    assert letter.kind == Message.NOTIFICATION and letter.words[0] == 5
    expect(status_of(Call.GATE_MINT, made.handle, 8, 0), Status.WRONG_KIND)
    plain = duplicate(minter.handle, Right.SEND | Right.MOVE)
    expect(status_of(Call.GATE_MINT, plain, 8, 0), Status.WRONG_KIND)
    expect(status_of(Call.GATE_MINT, minter.handle, 8, 8), Status.BAD_ARGUMENT)
    made.close()
    own.receive(letter, 0)
    assert letter.kind == Message.LAST_HANDLE and letter.badge == 7
    own.close()
    expect(status_of(Call.GATE_MINT, minter.handle, 8, 0), Status.DEAD)
    minter.close()
    close(plain)


def main() -> None:
    begin()
    run("words come back", words_come_back)
    run("a server in another process", server_in_another_process)
    run("a client in another process", client_in_another_process)
    run("reply and receive in one call", reply_and_receive_in_one)
    run("replies in another order", replies_in_another_order)
    run("only one reply", only_one_reply)
    run("a reply by another process", reply_by_another)
    run("notifications", notifications)
    run("several ports", several_ports)
    run("senders by priority", senders_by_priority)
    run("sending and receiving are two things", receive_rights_only)
    run("a gate that mints others", gate_that_mints)
    end()
