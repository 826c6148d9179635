"""Nodes of the cluster: which there are, and which one a program is to run on: `node2`, or `*` for any that fits.

    node = choose("*:memory=64,speed=500")     # MiB free, MHz; the first that answers
    programs = programs_of(node)
"""

from atoll.abi.bootargs import NODE
from atoll.abi.raw import address_of, at
from atoll.abi.types import Array, Text, u8, u64
from atoll.servers.naming.interface import Naming, NoSuchName
from atoll.servers.network.interface import MEMBER_SIZE, Member, Network
from atoll.servers.programs.interface import GROUP, Offers, Programs
from atoll.userland.library.services import service
from atoll.userland.library.text import EQUALS, SPACE, StringBuilder, cut, parse_unsigned
from atoll.userland.library.vector import Vector
from atoll.userland.runtime.interface import ServiceError
from atoll.userland.runtime.kernel_errors import Dead, KernelError
from atoll.userland.runtime.objects import close
from atoll.userland.runtime.startup import environment

MAX_NODES = 64
AT_ONCE = 8  # members that are asked for in one call
MIB = 1 << 20
MHZ = 1_000_000  # instructions per second
MOST_NAMES = 6  # of nodes in a message
ANY = "*"
LIVES_AT = "LIVES_AT"  # what `at` tells a program: the number of the node whose names and programs it has
OWN_PROGRAM = "PROGRAM"  # what the program manager tells each program: pid, space, home, path
COLON = 0x3A
COMMA = 0x2C
NODE_SHIFT = 48  # of pids


class NoNode(Exception):
    """No node is the one wanted; the text says what was missing."""


class Nodes:
    """All nodes ever heard of, by number; without a network, our own."""

    items: Vector[Member, MAX_NODES]
    answer: Array[u8, AT_ONCE * MEMBER_SIZE]

    def read(self) -> None:
        """Ask the network server."""
        self.items.clear()
        try:
            network = Network(service("network"))
        except NoSuchName:
            self.add_own()
            return
        try:
            self.read_from(network)
        finally:
            close(network.handle)

    def read_from(self, network: Network) -> None:
        """All that it knows; MAX_NODES at most."""
        while True:
            count = network.members(u64(len(self.items)), self.answer[:]) // MEMBER_SIZE
            if count == 0:
                return
            for index in range(count):
                if self.items.full:
                    return
                self.items.append(at(Member, address_of(self.answer) + index * MEMBER_SIZE))

    def add_own(self) -> None:
        """Our own node, of which nothing more is known."""
        member = Member()
        member.number, member.is_up = own_node(), 1
        name = environment(NODE)
        member.name_length = min(u64(len(name)), u64(len(member.name)))
        member.name[0 : member.name_length] = name[0 : member.name_length].encode()
        self.items.append(member)

    def find(self, name: Text) -> Member | None:
        """A node by its name."""
        for member in self.items:
            if name_of(member) == name:
                return member
        return None

    def numbered(self, number: u64) -> Member | None:
        """A node by its number."""
        for member in self.items:
            if member.number == number:
                return member
        return None


class Found:
    """What a message is put together in, and the answer of `choose`."""

    node: Member
    text: StringBuilder[240]


nodes: Nodes = Nodes()
found: Found = Found()


def name_of(member: Member) -> Text:
    """A node's name."""
    return str(member.name[0 : member.name_length], "utf-8")


# ---- who we are ----


def own_number(index: u64) -> u64:
    """What the program manager has told us of ourselves: pid (0), space (1) or home (2); 0 if nothing."""
    rest = environment(OWN_PROGRAM)
    part: Text = ""
    for _ in range(index + 1):
        part, rest = cut(rest, SPACE)
    return parse_unsigned(part) if len(part) > 0 else 0


def own_home() -> u64:
    """Where we belong, and our children: node << 16 | incarnation."""
    home = own_number(2)
    return home if home != 0 else own_number(0) >> 32


def own_node() -> u64:
    """The number of the node whose names and programs are ours: our home's, or where `at` has started us."""
    number = environment(LIVES_AT)
    return parse_unsigned(number) if len(number) > 0 else own_home() >> 16


# ---- one that is wanted ----


def choose(wanted: Text) -> Member:
    """The node that is meant by what stands behind an `@`. Good until the next call. Raises NoNode, ServiceError."""
    nodes.read()
    name, requirements = cut(wanted, COLON)
    if name == ANY:
        return choose_any(requirements)
    member = nodes.find(name)
    if member is None:
        raise NoNode(names_after("there is no such node, only"))
    if member.is_up == 0:
        raise NoNode("this node is down")
    found.node = member
    return found.node


def names_after(text: Text) -> Text:
    """A text, then the names of the nodes. Good until the next call."""
    found.text.set(text)
    for index in range(min(len(nodes.items), MOST_NAMES)):
        found.text.add(" " if index == 0 else ", ")
        found.text.add(name_of(nodes.items[index]))
    if len(nodes.items) > MOST_NAMES:
        found.text.add(f" and {len(nodes.items) - MOST_NAMES} more")
    return found.text.text


def choose_any(requirements: Text) -> Member:
    """The first that answers of those that have what is required."""
    memory, speed = parse_requirements(requirements)
    try:
        network = Network(service("network"))
    except NoSuchName:
        raise NoNode("there is no network") from None
    number: u64 = 0
    try:
        group = network.group(GROUP)
        try:
            number, _, _ = Offers(group.handle).offer(memory * MIB, speed * MHZ)
        finally:
            group.close()
    except (ServiceError, KernelError):
        raise NoNode(what_is_missing(memory, speed)) from None
    finally:
        close(network.handle)
    nodes.read()  # who has answered may have come up only now
    member = nodes.numbered(number)
    if member is None:
        raise NoNode("the node that answered is not known")
    found.node = member
    return found.node


def parse_requirements(text: Text) -> tuple[u64, u64]:
    """`memory=64,speed=500`: MiB and MHz; 0 for what is not said. Raises NoNode."""
    memory: u64 = 0
    speed: u64 = 0
    rest = text
    while len(rest) > 0:
        part, rest = cut(rest, COMMA)
        name, value = cut(part, EQUALS)
        try:
            if name == "memory":
                memory = parse_unsigned(value)
            elif name == "speed":
                speed = parse_unsigned(value)
            else:
                raise NoNode(f"{name[0 : min(len(name), 40)]}: only memory=MIB and speed=MHZ can be required")
        except ValueError:
            raise NoNode(f"{name}={value[0 : min(len(value), 40)]}: not a number") from None
    return memory, speed


def what_is_missing(memory: u64, speed: u64) -> Text:
    """Why no node has offered itself. Good until the next call."""
    nodes.read()
    most_memory, most_free, fastest = Member(), Member(), Member()
    others: u64 = 0
    for member in nodes.items:
        if member.is_up != 0 and member.number != own_node():
            others += 1
            most_memory = member if member.memory >= most_memory.memory else most_memory
            most_free = member if member.free >= most_free.free else most_free
            fastest = member if member.speed >= fastest.speed else fastest
    found.text.clear()
    if others == 0:
        found.text.add("no other node is up")
    elif most_memory.memory < memory * MIB:
        found.text.add(f"no node has {memory} MiB: the most is {most_memory.memory // MIB} on {name_of(most_memory)}")
    elif most_free.free < memory * MIB:
        found.text.add(f"no node has {memory} MiB free: the most is {most_free.free // MIB} on {name_of(most_free)}")
    elif fastest.speed < speed * MHZ:
        found.text.add(f"no node has {speed} MHz: the fastest has {fastest.speed // MHZ}, {name_of(fastest)}")
    elif memory > 0 and speed > 0:
        found.text.add(f"no node has both {memory} MiB free and {speed} MHz")
    else:
        found.text.add("no node has answered")
    return found.text.text


# ---- its services ----


def programs_of(member: Member) -> Programs:
    """The program manager of a node; to be closed. Raises NoNode if it has just gone, ServiceError, KernelError."""
    network = Network(service("network"))
    try:
        root = network.naming(member.number)
    finally:
        close(network.handle)
    try:
        return Programs(Naming(root.handle).lookup("/services/programs").handle)
    except Dead:
        raise NoNode("this node has fallen silent") from None
    finally:
        root.close()


def is_up(number: u64, incarnation: u64) -> bool:
    """Whether a node is up, and has been since it had that incarnation. (True if the network server cannot tell.)"""
    try:
        nodes.read()
    except (ServiceError, KernelError):
        return True
    member = nodes.numbered(number)
    return member is None or (member.is_up != 0 and member.incarnation == incarnation)
