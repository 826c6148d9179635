"""Threads that carry out the calls from the wire, one for each transaction: a long call holds up no other."""

from collections.abc import Callable

from atoll.abi.calls import NO_TIMEOUT, Call, Status
from atoll.abi.objects import NO_HANDLE
from atoll.abi.riscv import ecall
from atoll.abi.types import Array, Text, u8, u64
from atoll.abi.wire import Outcome
from atoll.servers.network.exchange import Exchange
from atoll.servers.network.transaction import MAX_TRANSACTIONS, Transaction
from atoll.userland.runtime.messages import Gate, Letter, Port, create_port
from atoll.userland.runtime.objects import Process, Thread, close
from atoll.userland.runtime.threads import create_thread

STACK_SIZE = 16 << 10  # bytes
WAKE = 1  # notification to a thread: its transaction is there
DONE: u64 = 1 << 8  # notification to the exchange's thread: shifted by the place


class Worker:
    """One thread."""

    thread: Thread
    port: Port  # it waits here for work
    wake: Gate  # to that
    stack: Array[u8, STACK_SIZE]


class Workers:
    """All of them."""

    exchange: Exchange
    find: Callable[[Text], u64]  # a gate to the service of that name, which is ours then; NO_HANDLE: there is none
    done: Gate  # notified when a thread has done its work
    workers: Array[Worker, MAX_TRANSACTIONS]


workers: Workers = Workers()


def start(process: Process, priority: u64, done: Gate, find: Callable[[Text], u64]) -> None:
    """Make the threads of this process; who holds `done` gets a bit DONE << place for each call that has ended."""
    workers.find = find
    workers.done = done
    for place in range(u64(MAX_TRANSACTIONS)):
        worker = workers.workers[place]
        worker.port = create_port()
        worker.wake = worker.port.mint(WAKE)
        worker.thread = create_thread(process, work, place, worker.stack[:], priority)
        worker.thread.resume()


def begin(place: u64) -> None:
    """Let a thread carry out the transaction in that place."""
    workers.workers[place].wake.notify(WAKE)


def stop(place: u64) -> None:
    """Let it give up what it waits for. If it does not wait just now, it has to be told again."""
    ecall(workers.workers[place].thread.handle, 0, 0, 0, 0, 0, 0, Call.CANCEL)


def work(place: u64) -> None:
    """What each thread does."""
    letter = Letter()
    port = workers.workers[place].port
    while True:
        if letter.attempt(Call.RECEIVE, port.handle, NO_TIMEOUT) == Status.OK:
            carry_out(workers.exchange.transactions[place])
            workers.done.notify(DONE << place)


def carry_out(transaction: Transaction) -> None:
    """Call the service, and put what it says into the transaction."""
    is_named = transaction.name_size != 0
    gate = workers.find(transaction.name) if is_named else transaction.gate
    if gate == NO_HANDLE:
        transaction.answer(Outcome.NO_SUCH_SERVICE if is_named else Outcome.NO_SUCH_PORT, 0)
        return
    letter = Letter()
    letter.set_words(transaction.words[0], transaction.words[1], transaction.words[2], transaction.words[3])
    letter.enclose(transaction.segment)
    letter.set_buffer(transaction.reply[0 : transaction.room])
    status = letter.attempt(Call.CALL, gate, NO_TIMEOUT)
    if is_named:
        close(gate)
    if status == Status.OK:
        take_answer(transaction, letter)
    else:
        transaction.answer(outcome_of(status), status)


def take_answer(transaction: Transaction, letter: Letter) -> None:
    """The service has answered."""
    transaction.outcome = Outcome.ANSWERED
    for index in range(u64(4)):
        transaction.reply_words[index] = letter.words[index]
    transaction.reply_size = letter.size
    transaction.reply_handle = letter.handle


def outcome_of(status: u64) -> u64:
    """What a refused call means to the client."""
    if status == Status.PEER_DIED or status == Status.REPLY_DROPPED:
        return Outcome.UNKNOWN
    return Outcome.CANCELLED if status == Status.CANCELLED else Outcome.NOT_TAKEN
