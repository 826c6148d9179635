"""The load server for programs: figures of all nodes, settings by name."""

from atoll.abi.raw import address_of, at
from atoll.abi.types import Array, Text, u8, u64
from atoll.servers.load.interface import (
    MOST_NODES,
    NODE_SIZE,
    POLICIES,
    PROGRAM_SIZE,
    Index,
    Load,
    NodeFigures,
    Policy,
    ProgramLoad,
    Settings,
)
from atoll.userland.library.text import CASE_BIT, cut, parse_unsigned
from atoll.userland.library.vector import Vector

MOST_PROGRAMS = 64
INDICES = 3
EQUALS = 0x3D
UPPER_A = 0x41
UPPER_Z = 0x5A


class NodeList:
    """Nodes that a load server knows, its own first."""

    items: Vector[NodeFigures, MOST_NODES]
    answer: Array[u8, MOST_NODES * NODE_SIZE]

    def read(self, load: Load) -> None:
        """Ask it."""
        self.items.clear()
        for index in range(load.nodes(0, self.answer[:]) // NODE_SIZE):
            self.items.append(at(NodeFigures, address_of(self.answer) + index * NODE_SIZE))


class ProgramLoads:
    """Programs of a node."""

    items: Vector[ProgramLoad, MOST_PROGRAMS]
    answer: Array[u8, MOST_PROGRAMS * PROGRAM_SIZE]

    def read(self, load: Load) -> None:
        """Ask its load server."""
        self.items.clear()
        for index in range(load.programs(0, self.answer[:]) // PROGRAM_SIZE):
            self.items.append(at(ProgramLoad, address_of(self.answer) + index * PROGRAM_SIZE))


# ---- settings ----


def change(settings: Settings, assignment: Text) -> None:
    """`index=cpu`, `policy=probing`, `busy=200`, `idle=100`, `probes=3`, `announces=1`, `moves=1`. Or ValueError."""
    name, value = cut(assignment, EQUALS)
    match name:
        case "index":
            settings.index = index_of(value)
        case "policy":
            settings.policy = policy_of(value)
        case "busy":
            settings.busy_above = parse_unsigned(value)
        case "idle":
            settings.idle_below = parse_unsigned(value)
        case "probes":
            settings.probes = parse_unsigned(value)
        case "moves":
            settings.moves = parse_unsigned(value)
        case "announces":
            settings.announces = parse_unsigned(value)
        case _:
            raise ValueError(f"{name[0 : min(len(name), 40)]}: there is no such setting")


def index_of(name: Text) -> u64:
    """A load index by its name."""
    for number in range(u64(INDICES)):
        if is_same(name, Index(number).name):
            return number
    raise ValueError(f"{name[0 : min(len(name), 40)]}: the indices are programs, active, cpu")


def policy_of(name: Text) -> u64:
    """A policy by its name."""
    for number in range(u64(POLICIES)):
        if is_same(name, Policy(number).name):
            return number
    raise ValueError(f"{name[0 : min(len(name), 40)]}: there is no such policy")


def is_same(name: Text, upper: Text) -> bool:
    """Whether a name is that one in capitals."""
    if len(name) != len(upper):
        return False
    for place in range(len(name)):
        if name.encode()[place] != lower(upper.encode()[place]):
            return False
    return True


def lower(byte: u8) -> u8:
    """A capital letter as a small one."""
    return byte | CASE_BIT if UPPER_A <= byte <= UPPER_Z else byte
