"""The network server: calls from the wire become calls of local services, and their answers frames."""

from atoll.abi import bootargs, startup
from atoll.abi.objects import NO_HANDLE
from atoll.abi.raw import address_of, view
from atoll.abi.types import Slice, Text, u8, u64
from atoll.servers.naming.interface import Naming
from atoll.servers.network import handover, station
from atoll.servers.network.card import CARD_PAGES
from atoll.servers.network.interface import MEMBER_SIZE, Member, Network, NetworkFigures, NoSuchNode
from atoll.servers.network.key import parse_key
from atoll.servers.network.transaction import State
from atoll.userland.runtime.devices import Interrupt
from atoll.userland.runtime.interface import ServiceError
from atoll.userland.runtime.kernel_calls import clock
from atoll.userland.runtime.kernel_errors import KernelError
from atoll.userland.runtime.messages import Gate, create_port, create_set
from atoll.userland.runtime.objects import Memory, create_memory, duplicate
from atoll.userland.runtime.service import FIRST_FREE_LABEL, loop, serve
from atoll.userland.runtime.startup import environment, given
from atoll.userland.runtime.state import StateReader, StateWriter

STATION_LABEL = FIRST_FREE_LABEL  # of the port that card and threads notify
PRIORITY = 10  # of the threads that call services: those who run a program wait for it anyway


class NetworkServer(Network):
    """The server."""

    def figures(self) -> NetworkFigures:
        figures = NetworkFigures()
        counts = station.exchange().counts
        figures.received, figures.sent, figures.dropped = counts.received, counts.sent, counts.dropped
        figures.late, figures.calls, figures.repeated = counts.late, counts.calls, counts.repeated
        figures.refused, figures.cancelled, figures.stuck = counts.refused, counts.cancelled, station.card.dropped
        for client in station.exchange().clients:
            figures.clients += u64(client.is_used)
        for transaction in station.exchange().transactions:
            figures.busy += u64(transaction.state in (State.WORKING, State.ABANDONED))
        for export in station.exchange().exports.entries:
            figures.exports += u64(export.gate != NO_HANDLE)
        return figures

    def members(self, first: u64, into: Slice[u8]) -> u64:
        if first > 0:
            return 0
        member = Member()
        member.number, member.incarnation, member.is_up = 1, 1, 1
        member.name_length = 5
        member.name[0:5] = b"node1"
        into[0:MEMBER_SIZE] = view(address_of(member), MEMBER_SIZE)
        return MEMBER_SIZE

    def watch(self, gate: Gate, bits: u64) -> None:
        gate.close()

    def naming(self, node: u64) -> Gate:
        return Gate(duplicate(given(startup.NAMING), 35))

    def group(self, name: Text) -> Gate:
        raise NoSuchNode("no group")

    def join(self, name: Text, gate: Gate) -> None:
        gate.close()

    def release(self, low: u64, high: u64) -> None:
        station.release(low, high)

    # ---- a swap: frames that come meanwhile are lost, as on any wire, and sent again ----

    def state_size(self) -> u64:
        return handover.state_size(station.exchange())

    def export_state(self, writer: StateWriter) -> None:
        handover.write_state(station.exchange(), writer)

    def import_state(self, reader: StateReader) -> None:
        handover.read_state(station.exchange(), reader)

    def activated(self) -> None:
        start()

    # ---- what is not a call ----

    def timeout(self) -> u64:
        return station.exchange().look(clock())

    def notified(self, bits: u64, label: u64) -> None:
        station.notified(bits)


def main() -> None:
    """Start the card, unless a predecessor has it still, and serve."""
    loop.ports = create_set()
    if given(startup.PORT) != NO_HANDLE:
        start()
    serve(NetworkServer())


def start() -> None:
    """From here on the card is ours, whatever was done with it before."""
    first, second = parse_key(environment(bootargs.KEY))
    port = create_port()
    station.start(
        Memory(given(startup.REGISTERS)), card_memory(), Interrupt(given(startup.INTERRUPT)), first, second,
        environment(bootargs.INCARNATION), PRIORITY, port.mint(0), find,
    )  # fmt: skip
    loop.add(port, STATION_LABEL)


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
