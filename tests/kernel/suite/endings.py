"""All ways in which a message does not get through: time-outs, cancellation, revoked gates, peers that die."""

from harness import begin, end, run
from peers import finish_work, give, leave, spawn, work
from speakers import (
    MILLISECOND,
    call_and_leave,
    call_once,
    gate,
    open_port,
    port,
    receive_once,
    seen,
    shut_port,
    wait_until_seen,
)
from world import expect, given, status_of

from atoll.abi.calls import NO_TIMEOUT, Call, Message, MintFlag, Status
from atoll.abi.objects import NO_HANDLE, Info, Kind, Right
from atoll.abi.types import u64
from atoll.userland.runtime.kernel_calls import clock, let_others_run, sleep, system_call
from atoll.userland.runtime.messages import Letter, Port
from atoll.userland.runtime.objects import close, duplicate, read_info


def reply_dropped() -> None:
    open_port()
    work(0, call_once, gate.handle)
    letter = Letter()
    port.receive(letter)
    close(letter.reply)
    assert wait_until_seen() == Status.REPLY_DROPPED
    finish_work(1)
    shut_port()


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
    info = Info()
    read_info(letter.reply, info)
    assert info.kind == Kind.REPLY
    sleep(5 * MILLISECOND)
    assert wait_until_seen() == Status.TIMED_OUT
    read_info(letter.reply, info)
    assert info.kind == Kind.CALLER_GONE
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


def last_message_of_a_badge() -> None:
    """A handle is closed while a message sent through it still waits: first the message comes, then the news."""
    open_port()
    other = port.mint(9, True)
    work(0, call_once, other.handle)
    let_others_run()
    other.close()
    letter = Letter()
    port.receive(letter)
    assert letter.kind == Message.CALL and letter.badge == 9
    letter.answer()
    port.receive(letter)
    assert letter.kind == Message.LAST_HANDLE and letter.badge == 9
    finish_work(1)
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


def keepers() -> None:
    """A handle without SEND keeps a gate, but does not count; who may mint makes another of the same gate from it."""
    open_port()
    told = port.mint(23, True)
    keeper = duplicate(told.handle, Right.DUPLICATE | Right.MOVE)
    other = system_call(Call.GATE_MINT, port.handle, keeper, MintFlag.SHARED)
    told.close()
    letter = Letter()
    expect(letter.attempt(Call.RECEIVE, port.handle, 0), Status.WOULD_BLOCK, "there is another handle")
    close(other)
    expect(status_of(Call.GATE_MINT, port.handle, keeper, MintFlag.SHARED), Status.DEAD)
    hear_last(23)
    expect(status_of(Call.GATE_MINT, port.handle, keeper, MintFlag.SHARED), Status.DEAD)
    close(keeper)
    expect(status_of(Call.GATE_MINT, port.handle, port.handle, MintFlag.SHARED), Status.BAD_ARGUMENT)
    shut_port()


def hear_last(badge: u64) -> None:
    """The news that a badge is unused."""
    letter = Letter()
    port.receive(letter, 0)
    assert letter.kind == Message.LAST_HANDLE and letter.badge == badge
    expect(letter.attempt(Call.RECEIVE, port.handle, 0), Status.WOULD_BLOCK, "that was told twice")


def gates_of_a_port() -> None:
    open_port()
    made = port.mint(24, True)
    other = port.mint(25, True)
    first = system_call(Call.GATE_NEXT, port.handle, NO_HANDLE)
    second = system_call(Call.GATE_NEXT, port.handle, first)
    third = system_call(Call.GATE_NEXT, port.handle, second)
    expect(system_call(Call.GATE_NEXT, port.handle, third), NO_HANDLE)
    for handle, badge in ((first, 25), (second, 24), (third, 7)):
        info = Info()
        read_info(handle, info)
        assert info.words[0] == badge and info.words[1] == 2 and info.words[4] == u64(badge != 7)
        assert info.rights == Right.SEND | Right.MOVE | Right.DUPLICATE
    keeper = duplicate(second, Right.MOVE)
    made.close()
    close(second)
    expect(status_of(Call.GATE_NEXT, port.handle, keeper), Status.BAD_ARGUMENT)
    hear_last(24)
    close(keeper)
    close(first)
    other.close()
    close(third)
    hear_last(25)
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


def call_to_oneself() -> None:
    """Nobody else receives: only the time-out ends that."""
    open_port()
    letter = Letter()
    expect(letter.attempt(Call.CALL, gate.handle, MILLISECOND), Status.TIMED_OUT)
    shut_port()


def main() -> None:
    begin()
    run("a dropped reply", reply_dropped)
    run("nobody is there", nobody_there)
    run("a late reply", late_reply)
    run("cancelled", cancelled)
    run("the caller dies", caller_dies)
    run("the port is closed", port_closed)
    run("the receiver dies with the call", receiver_dies_with_the_call)
    run("revoked", revoked)
    run("the last message of a badge", last_message_of_a_badge)
    run("the last handle", last_handle)
    run("handles that only keep a gate", keepers)
    run("the gates of a port", gates_of_a_port)
    run("the last handle of a dead process", last_handle_of_a_dead_process)
    run("a call to oneself", call_to_oneself)
    end()
