"""Threads that carry out the calls from the wire, one for each request: a long call holds up no other.

At a swap they are stopped, and the successor's threads wait in their place for the replies (CALL_TAKE).
"""

from collections.abc import Callable

from atoll.abi.calls import MAX_SEGMENT, NO_TIMEOUT, Call, Status
from atoll.abi.objects import NO_HANDLE, STOPPED, Info, ThreadState
from atoll.abi.riscv import ecall
from atoll.abi.types import Array, Text, u8, u64
from atoll.abi.wire import Outcome, Way
from atoll.servers.network.message import Message
from atoll.servers.network.peers import MOST_REQUESTS
from atoll.servers.network.requests import Request, requests
from atoll.userland.runtime.kernel_calls import sleep
from atoll.userland.runtime.kernel_errors import KernelError
from atoll.userland.runtime.messages import Gate, Letter, Port, create_port
from atoll.userland.runtime.objects import Process, Thread, close, read_info
from atoll.userland.runtime.threads import create_thread

STACK_SIZE = 8 << 10  # bytes
WAKE = 1  # notification to a thread: its request is there
SHORTLY = 5_000  # nanoseconds in which a thread of ours has begun
STATE_OF_THREAD = 1  # where what is known of a thread says what it does


class Worker:
    """One thread."""

    thread: Thread
    port: Port  # it waits here for work
    wake: Gate  # to that
    is_held: bool  # stopped, so that a successor can take its call
    predecessor: Thread  # whose call it is to take
    stack: Array[u8, STACK_SIZE]


class Workers:
    """All of them."""

    find: Callable[[Text], u64]  # a gate to the service of that name, which is ours then; NO_HANDLE: there is none
    holds: bool  # some are held
    done: Gate  # notified, with a bit for its place, when a thread has done its work
    table: Array[Worker, MOST_REQUESTS]


workers: Workers = Workers()


def start(process: Process, priority: u64, done: Gate, find: Callable[[Text], u64]) -> None:
    """Make the threads of this process."""
    workers.find = find
    workers.done = done
    requests.stop = stop
    for place in range(u64(MOST_REQUESTS)):
        worker = workers.table[place]
        worker.port = create_port()
        worker.wake = worker.port.mint(0)
        worker.thread = create_thread(process, work, place, worker.stack[:], priority)
        worker.thread.resume()


def begin(place: u64) -> None:
    """Let a thread carry out the request in that place."""
    workers.table[place].wake.notify(WAKE)


def stop(place: u64) -> None:
    """Let it give up what it waits for. If it does not wait just now, it has to be told again."""
    ecall(workers.table[place].thread.handle, 0, 0, 0, 0, 0, 0, Call.CANCEL)


def work(place: u64) -> None:
    """What each thread does."""
    letter = Letter()
    port = workers.table[place].port
    while True:
        if letter.attempt(Call.RECEIVE, port.handle, NO_TIMEOUT) == Status.OK:
            if workers.table[place].predecessor.handle != NO_HANDLE:
                wait_instead(requests.table[place], workers.table[place].predecessor)
            else:
                carry_out(requests.table[place])
            workers.done.notify(u64(1) << place)


# ---- a swap ----


def hold(place: u64) -> u64:
    """The old server's side: stop the thread. Its handle, if it waits for a service's reply; else NO_HANDLE."""
    worker = workers.table[place]
    worker.thread.stop()
    worker.is_held, workers.holds = True, True
    return worker.thread.handle if is_waiting(worker.thread) else u64(NO_HANDLE)


def is_waiting(thread: Thread) -> bool:
    """Whether it is stopped, and a reply would come to it."""
    info = Info()
    try:
        read_info(thread.handle, info)
    except KernelError:
        return False
    return info.words[STATE_OF_THREAD] == ThreadState.REPLY + STOPPED


def let_go() -> None:
    """The swap has not come about."""
    if not workers.holds:
        return
    workers.holds = False
    for worker in workers.table:
        if worker.is_held:
            worker.is_held = False
            worker.thread.resume()


def take_over() -> None:
    """The new server's side: all calls that were handed over are ours when this returns; then the old one may end."""
    for place in range(u64(MOST_REQUESTS)):
        if workers.table[place].predecessor.handle != NO_HANDLE:
            begin(place)
    for worker in workers.table:
        while is_waiting(worker.predecessor):
            sleep(SHORTLY)


def wait_instead(request: Request, predecessor: Thread) -> None:
    """Wait for the reply to a call that another thread began. If it has come meanwhile, it has come for nothing."""
    message = request.message
    letter = Letter()
    letter.set_buffer(message.room(message.envelope.room))
    status = predecessor.take_call(letter)
    predecessor.close()
    predecessor.handle = NO_HANDLE
    if status == Status.OK:
        take_answer(request, message, letter)
    else:
        message.answer(Outcome.CANCELLED if status == Status.CANCELLED else Outcome.UNKNOWN, status)


# ---- calls ----


def carry_out(request: Request) -> None:
    """Call the service, and make the message what it says."""
    message = request.message
    is_named = message.envelope.name_size != 0
    gate = workers.find(message.name) if is_named else request.gate
    if gate == NO_HANDLE:
        message.answer(Outcome.NO_SUCH_SERVICE, 0)
        return
    letter = Letter()
    words = message.envelope.words
    letter.set_words(words[0], words[1], words[2], words[3])
    letter.enclose(message.segment)
    letter.set_buffer(message.room(message.envelope.room))
    letter.give(request.handle)
    request.handle = NO_HANDLE
    given = letter.transfer.handle
    status = letter.attempt(Call.SEND if message.envelope.way == Way.SEND else Call.CALL, gate, NO_TIMEOUT)
    if is_named:
        close(gate)
    if status == Status.OK:
        take_answer(request, message, letter)
        return
    message.answer(outcome_of(status), status)
    if given != NO_HANDLE:
        ecall(given, 0, 0, 0, 0, 0, 0, Call.HANDLE_CLOSE)  # if it has not moved, it is still ours


def take_answer(request: Request, message: Message, letter: Letter) -> None:
    """The service has answered, or taken what needs no answer."""
    taken, is_call = message.envelope.taken, message.envelope.way != Way.SEND
    message.clear()
    message.envelope.way, message.envelope.taken = u64(Outcome.ANSWERED), taken
    if is_call:
        for index in range(u64(4)):
            message.envelope.words[index] = letter.words[index]
        message.set_segment(min(letter.size, u64(MAX_SEGMENT)))
        request.handle = letter.handle


def outcome_of(status: u64) -> u64:
    """What a refused call means to the client."""
    if status == Status.PEER_DIED or status == Status.REPLY_DROPPED:
        return Outcome.UNKNOWN
    return Outcome.CANCELLED if status == Status.CANCELLED else Outcome.NOT_TAKEN
