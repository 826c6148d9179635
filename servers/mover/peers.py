"""The movers of other nodes, and the nodes themselves as the network server knows them."""

from atoll.abi.raw import address_of, at
from atoll.abi.startup import NAMING
from atoll.abi.types import Array, u8, u64
from atoll.servers.mover.interface import MigrationRefused, Mover, service_on
from atoll.servers.naming.interface import Naming
from atoll.servers.network.interface import MEMBER_SIZE, Member, Network
from atoll.userland.runtime.interface import ServiceError
from atoll.userland.runtime.kernel_errors import KernelError
from atoll.userland.runtime.messages import Port
from atoll.userland.runtime.objects import close
from atoll.userland.runtime.startup import given

SERVICE = "/services/mover"
MOST_NODES = 64
AT_ONCE = 8  # members that are asked for in one call


def network() -> Network:
    """The network server; to be closed."""
    return Network(Naming(given(NAMING)).wait_for("/services/network").handle)


def open_peer(node: u64) -> Mover:
    """The mover of another node; to be closed. Raises MigrationRefused: it cannot be found."""
    try:
        return Mover(service_on(node, SERVICE))
    except (ServiceError, KernelError) as error:
        raise MigrationRefused(f"node {node} cannot be reached: {error}") from None


def tell_leaving(port: Port, delivery: u64) -> None:
    """A port is about to leave, with that delivery; otherwise it is redirected. Raises KernelError."""
    gate = port.mint(0)
    own = network()
    try:
        own.leaving(gate, delivery)
    except ServiceError as error:
        print(f"mover: messages to a port are redirected: {error}")
    finally:
        close(own.handle)


class Nodes:
    """What is known of other nodes."""

    answer: Array[u8, AT_ONCE * MEMBER_SIZE]
    up: Array[u64, MOST_NODES]  # numbers of the nodes that are there

    def list_up(self) -> u64:
        """Fill `up`; how many those are."""
        own = network()
        first: u64 = 0
        found: u64 = 0
        try:
            while True:
                count = own.members(first, self.answer[:]) // MEMBER_SIZE
                for index in range(count):
                    member = at(Member, address_of(self.answer) + index * MEMBER_SIZE)
                    if member.is_up != 0 and found < MOST_NODES:
                        self.up[found] = member.number
                        found += 1
                first += count
                if count == 0:
                    return found
        except (ServiceError, KernelError):
            return found
        finally:
            close(own.handle)

    def find(self, node: u64, into: Member) -> bool:
        """Ask the network server for a node; False if it never heard of it, or does not answer."""
        own = network()
        first: u64 = 0
        try:
            while True:
                count = own.members(first, self.answer[:]) // MEMBER_SIZE
                for index in range(count):
                    member = at(Member, address_of(self.answer) + index * MEMBER_SIZE)
                    if member.number == node:
                        into.number, into.incarnation, into.is_up = node, member.incarnation, member.is_up
                        return True
                first += count
                if count == 0:
                    return False
        except (ServiceError, KernelError):
            return False
        finally:
            close(own.handle)
