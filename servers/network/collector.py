"""The thread that receives what is sent to proxies, each message into a free parcel, and tells who carries it over.

While no parcel is free it receives nothing: the kernel keeps the senders waiting.
"""

from atoll.abi.calls import MAX_SEGMENT, NO_TIMEOUT, Call, Status
from atoll.abi.objects import Registers, ThreadState
from atoll.abi.riscv import ecall
from atoll.abi.types import Array, u8, u64
from atoll.servers.network.parcels import COLLECTED, parcels
from atoll.servers.network.proxies import proxies
from atoll.userland.runtime.kernel_calls import sleep
from atoll.userland.runtime.messages import Gate, Letter, Port, create_port, create_set
from atoll.userland.runtime.objects import Process, Thread
from atoll.userland.runtime.state import StateRefused
from atoll.userland.runtime.threads import create_thread

STACK_SIZE = 8 << 10
OPEN: u64 = 1 << 63  # notification bit: ports are opening; those of parcels are lower
ALL: u64 = (1 << COLLECTED) - 1
MOST_TRIES = 100  # to stop it while it does nothing
PAUSE = 20_000  # nanoseconds between two tries: what it waits for may be done by somebody with less priority than we
# ---- labels of our own ports; proxies have larger ones ----
FREE_LABEL = 1  # where parcels are given back
RIGHTS_LABEL = 2  # which threads call to make reply rights (rights.py)


class Collector:
    """The thread, and the ways to it and from it."""

    thread: Thread
    free: Port
    to_free: Gate  # notified with a bit for each parcel that is free
    to_rights: Gate
    filled: Gate  # notified with a bit for each parcel that was filled
    order: u64  # messages so far
    is_stopped: bool
    stack: Array[u8, STACK_SIZE]


def start(process: Process, priority: u64, filled: Gate) -> None:
    """Let it work."""
    collector.filled = filled
    collector.free = create_port(FREE_LABEL)
    collector.to_free = collector.free.mint(0)
    proxies.ports = create_set()
    proxies.ports.add(collector.free)
    rights = create_port(RIGHTS_LABEL)
    collector.to_rights = rights.mint(0)
    proxies.ports.add(rights)
    for place in range(proxies.used):  # a predecessor's
        proxy = proxies.table[place]
        if proxy.is_used and not proxy.is_home:
            proxy.port.set_label(proxy.label)
            proxy.is_opening = False
            if not proxy.is_passing:
                proxies.ports.add(proxy.port)
    parcels.give_back, proxies.open = give_back, tell_to_open
    if not parcels.is_started:
        parcels.start()
    collector.thread = create_thread(process, collect, 0, collector.stack[:], priority)
    collector.thread.resume()


def stop() -> u64:
    """Let it stop where it waits; a bit for each parcel that it has filled. Raises StateRefused."""
    registers = Registers()
    for _ in range(MOST_TRIES):
        collector.thread.read_registers(registers)
        is_waiting, place = registers.state == ThreadState.RECEIVING, registers.x[0]
        collector.thread.stop()
        collector.thread.read_registers(registers)
        if is_waiting and registers.x[0] == place:  # it has not got anything meanwhile
            collector.is_stopped = True
            return filled_parcels()
        collector.thread.resume()
        sleep(PAUSE)
    raise StateRefused("its collector does not come to rest")


def go_on() -> None:
    """Let it work again, if it does not."""
    if collector.is_stopped:
        collector.is_stopped = False
        collector.thread.resume()


def filled_parcels() -> u64:
    """A bit for each parcel whose message nobody has looked at."""
    bits: u64 = 0
    for place in range(u64(COLLECTED)):
        if parcels.table[place].order != 0:
            bits = bits | u64(1) << place
    return bits


def give_back(place: u64) -> None:
    """A parcel is free again."""
    collector.to_free.notify(u64(1) << place)


def tell_to_open() -> None:
    """Ports are opening."""
    collector.to_free.notify(OPEN)


def open_ports() -> None:
    """Receive at them too. (One of them may end just now: then that is refused.)"""
    for place in range(proxies.used):
        if proxies.table[place].is_opening:
            proxies.table[place].is_opening = False
            ecall(proxies.ports.handle, proxies.table[place].port.handle, 0, 0, 0, 0, 0, Call.SET_ADD)


def collect(_argument: u64) -> None:
    """What the thread does."""
    letter = Letter()
    free: u64 = ALL & ~parcels.lent
    place: u64 = 0
    while True:
        source = collector.free.handle
        if free != 0:
            source = proxies.ports.handle
            place = lowest(free)
            letter.set_buffer(parcels.table[place].message.room(MAX_SEGMENT))
        if letter.attempt(Call.RECEIVE, source, NO_TIMEOUT) != Status.OK:
            continue
        if letter.label == FREE_LABEL:
            free = free | letter.words[0] & ALL
            if letter.words[0] & OPEN != 0:
                open_ports()
        else:
            free = free & ~(u64(1) << place)
            fill(place, letter)


def fill(place: u64, letter: Letter) -> None:
    """A message has come into that parcel."""
    parcel = parcels.table[place]
    message = parcel.message
    message.clear()
    message.set_segment(letter.size)
    for index in range(u64(4)):
        message.envelope.words[index] = letter.words[index]
    parcel.kind, parcel.badge, parcel.label = letter.kind, letter.badge, letter.label
    parcel.reply.handle, parcel.handle = letter.reply, letter.handle
    collector.order += 1
    parcel.order = collector.order
    collector.filled.notify(u64(1) << place)


def lowest(bits: u64) -> u64:
    """The number of the lowest bit that is set."""
    place: u64 = 0
    while bits >> place & 1 == 0:
        place += 1
    return place


collector: Collector = Collector()
