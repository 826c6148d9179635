"""A node's station on the wire: card, exchange and threads put together. Everything here happens in one thread."""

from collections.abc import Callable

from atoll.abi.objects import NO_HANDLE, Info, Kind
from atoll.abi.types import Text, u64
from atoll.abi.wire import Outcome
from atoll.servers.network import workers
from atoll.servers.network.card import Card
from atoll.servers.network.exchange import Exchange
from atoll.servers.network.frame import Frame
from atoll.servers.network.transaction import MAX_TRANSACTIONS, State, Transaction
from atoll.servers.network.workers import DONE
from atoll.userland.runtime.devices import Interrupt
from atoll.userland.runtime.kernel_calls import clock
from atoll.userland.runtime.messages import Gate
from atoll.userland.runtime.objects import Memory, Process, close, read_info
from atoll.userland.runtime.siphash import siphash
from atoll.userland.runtime.system import own_process

INTERRUPT = 1  # notification bit: the card has something; DONE and the bits above it come from the threads

card: Card = Card()
interrupt: Interrupt = Interrupt(0)
received: Frame = Frame()


def exchange() -> Exchange:
    """The server's side of the wire. (It lies with the threads, who read the transactions in it.)"""
    return workers.workers.exchange


def start(
    registers: Memory,
    shared: Memory,
    line: Interrupt,
    first_key: u64,
    second_key: u64,
    incarnation: Text,
    priority: u64,
    notify: Gate,
    find: Callable[[Text], u64],
) -> None:
    """Start card and threads; what they have to say comes to `notified`, by notifications through that gate."""
    global interrupt
    card.start(registers, shared)
    ours = exchange()
    ours.address = card.address
    ours.first_key, ours.second_key = first_key, second_key
    if ours.session == 0:  # no predecessor has handed us its own
        ours.session = new_session(first_key, second_key, incarnation)
    ours.prepare, ours.transmit, ours.release = prepare, transmit, release
    ours.begin, ours.stop = workers.begin, workers.stop
    workers.start(Process(own_process()), priority, notify, find)
    interrupt = line
    line.bind(notify, INTERRUPT)
    line.done()


def new_session(first_key: u64, second_key: u64, incarnation: Text) -> u64:
    """A number that no earlier start has had: of this incarnation of the node, and the time of this start in it."""
    return siphash(first_key, second_key, f"session {incarnation} {clock()}".encode()) | 1


def prepare(frame: Frame) -> bool:
    """A place for a frame that is to be sent."""
    return card.begin(frame)


def transmit(frame: Frame) -> None:
    """It to the card."""
    card.send(frame)


def notified(bits: u64) -> None:
    """The card or a thread has something to say."""
    for place in range(u64(MAX_TRANSACTIONS)):
        if bits & DONE << place != 0:
            finish(exchange().transactions[place])
            exchange().answered(place)
    if bits & INTERRUPT != 0:
        card.device.take_interrupt()
        take_frames()
        interrupt.done()


def finish(transaction: Transaction) -> None:
    """A gate that came with the reply becomes known beyond this node; other handles cannot."""
    handle = transaction.reply_handle
    if handle == NO_HANDLE:
        return
    transaction.reply_handle = NO_HANDLE
    info = Info()
    read_info(handle, info)
    ours = exchange()
    is_wanted = transaction.state == State.WORKING and info.kind == Kind.GATE
    if not is_wanted or not ours.exports.add(
        handle, ours.first_key, ours.second_key, ours.session, transaction.reply_target
    ):
        close(handle)
        transaction.answer(Outcome.NOT_TRANSFERABLE, info.kind)


def release(low: u64, high: u64) -> None:
    """Nobody needs that identity any more."""
    gate = exchange().exports.remove(low, high)
    if gate != NO_HANDLE:
        close(gate)


def take_frames() -> None:
    """All frames that have come."""
    now = clock()
    while card.receive(received):
        exchange().arrived(received, now)
        card.done(received)
