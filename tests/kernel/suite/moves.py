"""Moves of several handles at once, from the caller or from one process to another: how a server is swapped."""

from harness import begin, end, run
from peers import Child, finish_work, give, leave, prepare, work, workers
from players import MILLISECOND, call_and_mark, clear_counters, counters, gates
from world import expect, given, status_of, this_process

from atoll.abi.calls import MAX_MOVE, NO_TIMEOUT, Call, Message, Status
from atoll.abi.objects import NO_HANDLE, HandleInfo, Kind, Right
from atoll.abi.raw import address_of, view
from atoll.abi.types import Array, u64
from atoll.userland.runtime.kernel_calls import sleep
from atoll.userland.runtime.messages import Gate, Letter, Port, create_port, create_set
from atoll.userland.runtime.objects import close, create_memory, create_process, duplicate, move_rights

SERVICE = 1  # labels
CONTROL = 2
moved: Array[u64, MAX_MOVE + 1] = Array()
orders: Gate = Gate(NO_HANDLE)


# ---- from the caller ----


def serve_two(_: u64) -> None:
    """One call at each of two ports."""
    letter = Letter()
    for number in range(u64(2)):
        Port(given.handles[number]).receive(letter)
        letter.set_words(letter.words[0] + 100 + number)
        letter.answer()


def move_a_set() -> None:
    """Two receive rights with callers waiting move at once, or not at all."""
    clear_counters()
    first = create_port(1)
    second = create_port(2)
    gates[0].handle = first.mint(1).handle
    gates[1].handle = second.mint(1).handle
    work(0, call_and_mark, 0)
    work(1, call_and_mark, 1)
    sleep(MILLISECOND)
    child = prepare(serve_two, 0, 48, None)
    moved[0], moved[1], moved[2] = first.handle, second.handle, 0x1234_FFFF
    expect(attempt_move(NO_HANDLE, child.process.handle, 3), Status.BAD_HANDLE)
    assert moved[0] == first.handle
    child.process.receive_rights(moved[0:2])
    expect(status_of(Call.HANDLE_CLOSE, first.handle), Status.STALE_HANDLE)
    child.process.write(address_of(given.handles), view(address_of(moved), 16))
    child.thread.resume()
    assert child.finish() == 0
    finish_work(2)
    assert counters[0].read() == 100 and counters[1].read() == 102
    close_gates()


def close_gates() -> None:
    """Nobody calls any more."""
    gates[0].close()
    gates[1].close()


def attempt_move(source: u64, to: u64, count: u64) -> u64:
    """Move the first handles of `moved`; how the call ends."""
    status: u64 = status_of(Call.MOVE_RIGHTS, source, to, address_of(moved), count)
    return status


# ---- a swap ----


def old_server(_: u64) -> None:
    """Take one call and keep it; when told to park, say what there is to move, and receive where only orders come."""
    service, control = Port(given.handles[0]), Port(given.handles[1])
    both = create_set()
    both.add(service)
    both.add(control)
    kept, order = Letter(), Letter()
    both.receive(kept)
    assert kept.label == SERVICE and kept.kind == Message.CALL
    both.receive(order)
    assert order.label == CONTROL
    order.set_words(service.handle, kept.reply)
    order.answer()
    control.receive(order)
    order.answer()
    both.receive(kept)  # only after a swap that was given up
    kept.set_words(300)
    kept.answer()
    leave(1)


def new_server(_: u64) -> None:
    """Answer the call that the old one took, and the one that has waited since."""
    letter = Letter()
    letter.set_words(100)
    if letter.attempt(Call.REPLY, given.handles[1], NO_TIMEOUT) != Status.OK:
        leave(letter.status)
    Port(given.handles[0]).receive(letter)
    assert letter.label == SERVICE, "the label stays until the new receiver sets another"
    letter.set_words(200 + letter.words[0])
    letter.answer()
    leave(0)


def start_old() -> Child:
    """The old server is parked with one call in hand while a second caller waits; `moved` holds what it has."""
    clear_counters()
    service, control = create_port(SERVICE), create_port(CONTROL)
    gates[0].handle = service.mint(1).handle
    gates[1].handle = service.mint(2).handle
    orders.handle = control.mint(3).handle
    give(service.handle)
    give(control.handle)
    old = prepare(old_server, 0, 48, None)
    old.thread.resume()
    work(0, call_and_mark, 0)
    sleep(MILLISECOND)
    letter = Letter()
    orders.call(letter)
    moved[0], moved[1] = letter.words[0], letter.words[1]
    work(1, call_and_mark, 1)
    sleep(MILLISECOND)
    return old


def swap() -> None:
    """A port with a caller waiting and a call half done change the server; the port leaves the old one's set."""
    old = start_old()
    new = prepare(new_server, 0, 48, None)
    before = moved[0]
    move_rights(old.process, new.process, moved[0:2])
    expect(status_of(Call.HANDLE_TAKE, old.process.handle, before), Status.STALE_HANDLE)
    new.process.write(address_of(given.handles), view(address_of(moved), 16))
    new.thread.resume()
    assert new.finish() == 0
    old.kill()
    finish_work(2)
    assert counters[0].read() == 100 and counters[1].read() == 201, "no call was lost"
    orders.close()
    close_gates()


def swap_given_up() -> None:
    """Whatever is wrong with a commit, nothing has moved, and the old server goes on as if nothing had been."""
    old = start_old()
    new = prepare(new_server, 0, 48, None)
    there, handle = new.process.handle, old.process.handle
    moved[2] = 0x1234_FFFF
    expect(attempt_move(handle, there, 3), Status.BAD_HANDLE)
    moved[2] = moved[0]
    expect(attempt_move(handle, there, 3), Status.BAD_ARGUMENT, "the same handle twice")
    expect(attempt_move(handle, there, MAX_MOVE + 1), Status.BAD_ARGUMENT)
    expect(attempt_move(handle, handle, 2), Status.IN_USE)
    expect(attempt_move(NO_HANDLE, this_process().handle, 2), Status.IN_USE)
    weak = duplicate(handle, Right.MOVE)
    expect(attempt_move(weak, there, 2), Status.NO_RIGHT)
    expect(attempt_move(handle, weak, 2), Status.NO_RIGHT)
    expect(status_of(Call.MOVE_RIGHTS, handle, there, 0x1000, 2), Status.BAD_ADDRESS)
    close(weak)
    expect(attempt_move(handle, there, 0), Status.OK)
    orders.call(Letter())
    sleep(MILLISECOND)
    assert counters[1].read() == 300, f"{counters[1].read()}: the old server serves whoever waits"
    assert old.finish() == 1
    expect(counters[0].read(), Status.PEER_DIED, "whom the old one had in hand")
    new.kill()
    finish_work(2)
    orders.close()
    close_gates()


def caller_gone() -> None:
    """A caller that gives up before the commit does not stop it; who replies later is told."""
    old = start_old()
    new = prepare(new_server, 0, 48, None)
    caller = workers[0].thread
    caller.cancel()
    move_rights(old.process, new.process, moved[0:2])
    new.process.write(address_of(given.handles), view(address_of(moved), 16))
    new.thread.resume()
    assert new.finish() == Status.CALLER_GONE
    expect(counters[0].read(), Status.CANCELLED)
    old.kill()
    finish_work(2)
    orders.close()
    close_gates()


def no_room() -> None:
    """A process that cannot pay for a place in its table gets nothing."""
    poor = create_process(1, None, None)
    port = create_port()
    moved[0] = port.handle
    expect(attempt_move(NO_HANDLE, poor.handle, 1), Status.NO_MEMORY)
    port.set_label(5)
    port.close()
    poor.destroy(0)
    poor.close()


def many_at_once() -> None:
    """As many as one call moves, and their values there."""
    taker = create_process(16, None, None)
    for number in range(u64(MAX_MOVE)):
        moved[number] = create_memory(1).handle
    move_rights(this_process(), taker, moved[0:MAX_MOVE])
    found: Array[HandleInfo, MAX_MOVE] = Array()
    count, _ = taker.list_handles(0, found[:])
    assert count == MAX_MOVE
    for number in range(u64(MAX_MOVE)):
        assert found[number].kind == Kind.MEMORY
        close(taker.take(moved[number]))
    taker.destroy(0)
    taker.close()


# ---- a stopped server ----


def serve_set(_: u64) -> None:
    """Answer one call that comes to a set."""
    both = create_set()
    both.add(Port(given.handles[0]))
    letter = Letter()
    both.receive(letter)
    letter.set_words(letter.label)
    letter.answer()
    leave(0)


def stopped_at_receive() -> None:
    """A server that is stopped while it waits takes what has come meanwhile when it goes on, from the set as before."""
    clear_counters()
    service = create_port(SERVICE)
    gates[0].handle = service.mint(1).handle
    give(service.handle)
    server = prepare(serve_set, 0, 48, None)
    server.thread.resume()
    sleep(MILLISECOND)
    server.thread.stop()
    work(0, call_and_mark, 0)
    sleep(MILLISECOND)
    assert counters[0].read() == 0
    server.thread.resume()
    assert server.finish() == 0
    finish_work(1)
    assert counters[0].read() == SERVICE
    gates[0].close()


def main() -> None:
    begin()
    run("move a set", move_a_set)
    run("swap a server", swap)
    run("a swap that is given up", swap_given_up)
    run("a swap whose caller is gone", caller_gone)
    run("no room for a move", no_room)
    run("as many as one move can", many_at_once)
    run("a server stopped at receive", stopped_at_receive)
    end()
