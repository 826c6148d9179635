"""The directory: the names of the whole cluster, which every node has, and where the other nodes' names are.

Programs see it as Naming, under `/cluster`; what is declared here is what directories tell each other.
"""

from enum import IntEnum

from atoll.abi.types import Array, Bytes, u8, u64
from atoll.servers.naming.interface import MAX_NAME
from atoll.userland.runtime.interface import Interface, idempotent
from atoll.userland.runtime.messages import Gate


class Change(IntEnum):
    """What is done to a name; the last of it says what the name is."""

    REGISTER = 0  # unless somebody has the name
    REPLACE = 1
    MOUNT = 2  # as REPLACE, with a gate that speaks Naming
    REMOVE = 3


class Outcome(IntEnum):
    """What became of a change."""

    DONE = 0  # all nodes that are up have it
    TAKEN = 1
    NO_SUCH_NAME = 2
    FULL = 3
    TRY_AGAIN = 4  # who was asked is not the first of the nodes, or does not know yet who is there


class Record:
    """One change of one name. Of two of a name the later one counts: by version, then by the node that gave it."""

    version: u64
    orderer: u64  # number of the node that gave the version
    owner: u64  # number of the node at which the change was asked for: the name goes when that node goes
    incarnation: u64  # of that node
    ticket: u64  # with the two above: which request it was, so that it is done once only
    change: u64  # a Change
    length: u64
    name: Array[u8, MAX_NAME]

    def text(self) -> Bytes:
        """The name, as it is below `/cluster`."""
        return self.name[0 : self.length]


class DirectoryFigures:
    """How a directory goes."""

    names: u64
    removed: u64  # names of which it knows only that they are gone
    waiting: u64  # requests that are not answered yet
    is_ready: u64  # 1: it has heard from all nodes that are up
    first: u64  # number of the node that gives versions
    version: u64  # the highest that it has seen
    lost: u64  # names of this node that another's later registration has taken, after a partition


class Directory(Interface, messages=0x1300):
    """What directories tell each other."""

    def submit(self, record: Record, gate: Gate) -> tuple[Outcome, u64]:
        """To the first of the nodes: do this change; what became of it, and its version."""

    @idempotent
    def submit_removal(self, record: Record) -> tuple[Outcome, u64]:
        """The same without a gate."""

    def store(self, record: Record, gate: Gate) -> u64:
        """A change that has its version; the highest version that the receiver has seen."""

    @idempotent
    def store_removal(self, record: Record) -> u64:
        """The same without a gate."""

    @idempotent
    def greet(self, node: u64, session: u64) -> None:
        """That node lacks what the receiver has: everything is to be sent to it. `session` is another each time that a
        directory starts."""

    @idempotent
    def complete(self, node: u64, incarnation: u64, session: u64) -> None:
        """That node has sent all that it has to the directory that has greeted it with this session."""

    @idempotent
    def figures(self) -> DirectoryFigures:
        """How it goes."""
