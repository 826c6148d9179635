"""The network server: calls to ports of other nodes, and theirs to ports of this one; who is there."""

from atoll.abi import bootargs, startup
from atoll.abi.calls import NO_TIMEOUT
from atoll.abi.objects import NO_HANDLE, Info, Kind, Right
from atoll.abi.types import Slice, Text, u8, u64
from atoll.abi.wire import Delivery
from atoll.servers.naming.interface import Naming
from atoll.servers.network import friends, groups, handover, members, roots, station
from atoll.servers.network.card import CARD_PAGES
from atoll.servers.network.interface import (
    MAX_GROUP_NAME,
    BadDelivery,
    BadGroup,
    Network,
    NetworkFigures,
    NetworkFull,
    NoSuchNode,
)
from atoll.servers.network.line import line
from atoll.servers.network.outbox import filled
from atoll.servers.network.peers import NOWHERE, peers
from atoll.servers.network.report import describe, fill_figures
from atoll.userland.runtime.devices import Interrupt
from atoll.userland.runtime.interface import ServiceError, call
from atoll.userland.runtime.kernel_calls import clock
from atoll.userland.runtime.kernel_errors import KernelError
from atoll.userland.runtime.messages import Gate, create_port, create_set
from atoll.userland.runtime.objects import PORT_OF_GATE, Memory, create_memory, duplicate, read_info
from atoll.userland.runtime.service import FIRST_FREE_LABEL, loop, serve
from atoll.userland.runtime.startup import environment, given
from atoll.userland.runtime.state import StateReader, StateWriter

STATION_LABEL = FIRST_FREE_LABEL  # of the port that card and workers notify
FILLED_LABEL = FIRST_FREE_LABEL + 1  # of the port that the collector notifies
PRIORITY = 10  # of the threads that call services: those who run a program wait for it anyway


class NetworkServer(Network):
    """The server."""

    def figures(self) -> NetworkFigures:
        figures = NetworkFigures()
        fill_figures(figures)
        return figures

    def members(self, first: u64, into: Slice[u8]) -> u64:
        return describe(first, into)

    def watch(self, gate: Gate, bits: u64) -> None:
        if not members.watch(gate.handle, bits):
            raise NetworkFull("too many watch who is there")

    def naming(self, node: u64) -> Gate:
        if node == line.number:
            return Gate(duplicate(given(startup.NAMING), Right.SEND | Right.MOVE | Right.DUPLICATE))
        place = peers.find(node)
        if place == NOWHERE or not peers.table[place].is_up:
            raise NoSuchNode(f"node {node} is not there")
        gate = roots.root_of(place)
        if gate == NOWHERE:
            raise NetworkFull("too many ports of other nodes")
        return Gate(gate)

    def group(self, name: Text) -> Gate:
        check_group(name)
        gate = groups.gate_of(name)
        if gate == NO_HANDLE:
            raise NetworkFull("too many ports of other nodes")
        return Gate(gate)

    def join(self, name: Text, gate: Gate) -> None:
        check_group(name)
        if not groups.join(name, gate.handle):
            raise NetworkFull("too many groups")

    def leaving(self, gate: Gate, delivery: u64) -> None:
        if delivery > Delivery.RECOVER:
            raise BadDelivery(f"there is no delivery {delivery}")
        place = friends.prepare(port_of(gate), delivery)
        if place == NOWHERE:
            raise NetworkFull("too many receivers are about to leave")
        if friends.leavers.table[place].waiting != 0:
            friends.leavers.table[place].reply = call.postpone()

    def staying(self, gate: Gate) -> None:
        friends.forget(port_of(gate))

    # ---- a swap: frames that come meanwhile are lost, as on any wire, and sent again ----

    def state_size(self) -> u64:
        station.settle()
        return handover.state_size()

    def export_state(self, writer: StateWriter) -> None:
        handover.write_state(writer)

    def import_state(self, reader: StateReader) -> None:
        handover.read_state(reader)

    def activated(self) -> None:
        start()

    def resumed(self) -> None:
        station.go_on()

    # ---- what is not a call ----

    def timeout(self) -> u64:
        if loop.parked or not loop.serving:
            return NO_TIMEOUT  # the card is another's
        station.go_on()  # if a swap has failed before there was a state
        return station.look(clock())

    def notified(self, bits: u64, label: u64) -> None:
        if label == STATION_LABEL:
            station.notified(bits)
        elif label == FILLED_LABEL:
            filled(bits)

    def finish(self) -> None:
        members.announce(True)


def main() -> None:
    """Start the card, unless a predecessor has it still, and serve."""
    loop.ports = create_set()
    if given(startup.PORT) != NO_HANDLE:
        start()
    serve(NetworkServer())


def start() -> None:
    """From here on the card is ours, whatever was done with it before."""
    friends.leavers.answer = all_hold_back
    is_first = line.start == 0  # no predecessor has handed us its own
    station.introduce(
        environment(bootargs.KEY), environment(bootargs.NODE), max(number_of(bootargs.NUMBER), u64(1)),
        environment(bootargs.INCARNATION), number_of(bootargs.SPEED), number_of(bootargs.PATIENCE),
    )  # fmt: skip
    if is_first:
        roots.publish(given(startup.NAMING))
    done, filled_port = create_port(), create_port()
    station.start(
        Memory(given(startup.REGISTERS)), card_memory(), done, filled_port, Interrupt(given(startup.INTERRUPT)),
        PRIORITY, find,
    )  # fmt: skip
    loop.add(done, STATION_LABEL)
    loop.add(filled_port, FILLED_LABEL)


def port_of(gate: Gate) -> u64:
    """The serial number of a gate's port; the gate is closed. Raises KernelError."""
    info = Info()
    read_info(gate.handle, info)
    gate.close()
    return info.words[PORT_OF_GATE] if info.kind == Kind.GATE else u64(0)


def all_hold_back(reply: u64) -> None:
    """A receiver may leave."""
    Network.reply_leaving(reply)


def check_group(name: Text) -> None:
    """Raises BadGroup."""
    if not 0 < len(name) <= MAX_GROUP_NAME:
        raise BadGroup(f"a group's name has 1 to {MAX_GROUP_NAME} bytes")


def number_of(name: Text) -> u64:
    """A number of the kernel's command line; 0 if it is not there."""
    return station.number_in(environment(name))


def card_memory() -> Memory:
    """What we and the card share: the supervisor's, or our own."""
    memory = Memory(given(startup.DMA))
    return memory if memory.handle != NO_HANDLE else create_memory(CARD_PAGES)


def find(name: Text) -> u64:
    """A gate to a service by its name in this node's naming; NO_HANDLE if there is none."""
    try:
        return Naming(given(startup.NAMING)).lookup(name).handle
    except (ServiceError, KernelError):
        return NO_HANDLE
