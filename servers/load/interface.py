"""The load server: how busy this node is, what it knows of the others, and where a program had better run.

What it collects, and how often, is what Charlotte collected (docs/load.md). Shares and loads are whole numbers, in
hundredths: a load of 250 is two and a half programs.
"""

from enum import IntEnum

from atoll.abi.types import Array, Slice, Text, u8, u64
from atoll.userland.runtime.interface import Interface, ServiceError, idempotent
from atoll.userland.runtime.messages import Gate

NAME_SIZE = 32  # bytes of a name that `load` shows
REASON_SIZE = 104  # bytes of the reason of a decision
GROUP = "load"  # of all load servers: a gate to it speaks Load; announcements go through it
MOST_NODES = 32  # that a load server keeps figures of
HUNDRED = 100  # one program, or the whole CPU


class BadSettings(ServiceError):
    """There is no such index or policy, or a threshold makes no sense."""


class NoWay(ServiceError):
    """That node is down, or its load server has not been heard of yet."""


class Index(IntEnum):
    """What is taken for a node's load."""

    PROGRAMS = 0  # all programs, those that only wait too
    ACTIVE = 1  # programs that run or could, when it was looked
    CPU = 2  # the share of the CPU's time that was not idle


class Policy(IntEnum):
    """Who decides where a program runs (servers/load/policies/)."""

    HOME = 0  # always here: no load sharing
    RANDOM = 1
    LOCAL = 2  # a threshold for this node's load; to the least loaded that is known
    GLOBAL = 3  # a threshold over the mean of all nodes
    PROBING = 4  # a few nodes are asked, the first below the threshold gets it
    SHORTEST = 5  # a few nodes are asked, the least loaded gets it
    RECEIVER = 6  # idle nodes ask for work
    ANNOUNCED = 7  # idle nodes have announced themselves
    REGISTRAR = 8  # one node keeps the list of idle ones
    TALKING = 9  # programs that talk much belong together
    MEMORY = 10  # where there is room


POLICIES = 11


class NodeFigures:
    """One node, as its load server tells it: the same record is asked for and announced."""

    node: u64  # its number
    incarnation: u64
    time: u64  # of this record, nanoseconds since the node was switched on
    heard: u64  # when it was heard, by the clock of who keeps it
    load: u64  # by the index that the node has selected, hundredths
    index: u64  # an Index
    programs: u64  # now
    active: u64  # now
    mean_programs: u64  # of the last 100 samples, hundredths
    mean_active: u64
    busy: u64  # hundredths of the CPU, lately (the last few samples)
    mean_busy: u64  # of the last 100 samples
    links: u64  # gates that exist
    ports: u64
    messages: u64  # per second, of the last 100 samples
    free_pages: u64  # of programs and of the machine
    page_outs: u64  # per second, of the last 100 samples
    waiting_frames: u64  # calls that wait for the network, hundredths, mean of the last 100 samples
    speed: u64  # MHz; 0: not known
    idle: u64  # 1: it takes programs of others; changes when its mood has lasted
    owner: u64  # 1: its owner is there, it takes nobody in
    samples: u64  # since its start


NODE_SIZE = 176  # bytes of a NodeFigures


class ProgramLoad:
    """One program of this node."""

    pid: u64
    age: u64  # nanoseconds since it was started
    cpu_time: u64  # nanoseconds in all
    mean_cpu: u64  # hundredths of the CPU, over its life
    recent_cpu: u64  # hundredths of the CPU, in the last 100 samples
    pages: u64
    messages: u64  # sent per second, in the last 100 samples
    sent: u64  # through the busiest of its gates (links), since that exists
    received: u64  # at the busiest of its ports
    active: u64  # 1: when it was looked last it ran, or could
    home: u64  # number of the node that it belongs to
    name_length: u64
    name: Array[u8, NAME_SIZE]


PROGRAM_SIZE = 128  # bytes of a ProgramLoad


class Overhead:
    """What the load server itself costs."""

    samples: u64  # taken
    skipped: u64  # that were not taken because nothing had run: their values are known nevertheless
    own_time: u64  # CPU time of the server, nanoseconds
    sampling_time: u64  # from begin to end of samples, whoever ran meanwhile: the program manager too
    since: u64  # nanoseconds since the server's start
    asked: u64  # messages to other nodes
    told: u64  # messages from other nodes
    decisions: u64
    sent_away: u64  # of these, for another node


class Announce(IntEnum):
    """Whom a node tells that it has become idle or busy; 3: both."""

    TO_NOBODY = 0
    TO_ALL = 1
    TO_REGISTRAR = 2


class Settings:
    """How load is measured and shared; may be changed at any time."""

    index: u64  # an Index
    policy: u64  # a Policy
    busy_above: u64  # a node that was idle is busy above this load, hundredths
    idle_below: u64  # and idle again only below this: no node changes its mind at each sample
    probes: u64  # nodes that are asked before a program stays
    announces: u64  # an Announce: whom this node tells when it becomes idle and busy
    moves: u64  # 1: programs that run are moved to other nodes when that pays


class Candidate:
    """A program that is to be placed. 0 stands for what is not known."""

    need: u64  # CPU time that it will take, nanoseconds
    memory: u64  # pages
    peer: u64  # node that it talks to most
    traffic: u64  # messages per second with that peer
    asked: u64  # bit n: node n has been asked already (`Verdict.ASK`)
    only: u64  # bit n: node n would do; 0: any


class Move:
    """A program that had better run elsewhere, or has moved. Times in nanoseconds."""

    pid: u64  # 0: none
    node: u64  # where to
    cost: u64  # what it has cost
    bytes: u64  # that were sent for it


class Verdict(IntEnum):
    """What a decision says."""

    RUN = 0  # the program runs on that node
    ASK = 1  # ask that node's load server for its figures, tell them here (`heard`), then ask again
    REGISTRAR = 2  # ask that node's registrar
    WAIT = 3  # (a policy's word; the load server answers when there is room here, or somebody asks for work)


class Decision:
    """Where a program runs, and why."""

    node: u64
    verdict: u64  # a Verdict
    reason_length: u64
    reason: Array[u8, REASON_SIZE]


class Load(Interface, messages=0x1500, errors=(BadSettings, NoWay)):
    """What the load server does."""

    @idempotent
    def figures(self) -> NodeFigures:
        """This node, as it is now."""

    @idempotent
    def nodes(self, first: u64, into: Slice[u8]) -> u64:
        """NodeFigures of all nodes that are known, this one first, from number `first` on; the bytes written."""

    @idempotent
    def programs(self, first: u64, into: Slice[u8]) -> u64:
        """ProgramLoads of this node from number `first` on; the bytes written."""

    @idempotent
    def overhead(self) -> Overhead:
        """What collecting costs."""

    @idempotent
    def log(self, first: u64, into: Slice[u8]) -> tuple[u64, u64]:
        """Lines of the log from number `first` on, or the oldest that there is: the bytes written, and the number to
        go on from."""

    @idempotent
    def settings(self) -> Settings:
        """As they are."""

    @idempotent
    def configure(self, settings: Settings) -> None:
        """As they shall be. Raises BadSettings."""

    @idempotent
    def place(self, candidate: Candidate) -> Decision:
        """Where a program is to run. Whom the decision says to ask is asked by the caller: servers do not wait for
        each other."""

    @idempotent
    def placed(self, node: u64) -> None:
        """A program has been sent to that node: until it is heard of again, it counts as more loaded by one."""

    @idempotent
    def way(self, node: u64) -> Gate:
        """The gate to another node's load server, which is its registrar too. Raises NoWay."""

    @idempotent
    def registrar(self) -> u64:
        """The number of the node whose load server keeps the list of idle stations."""

    # ---- the owner of the machine ----

    @idempotent
    def owner_back(self) -> None:
        """Somebody has typed at this node's console: programs of other nodes have to leave, and none is taken in until
        the console has been left alone for a while."""

    @idempotent
    def leaving(self, first: u64, into: Slice[u8]) -> u64:
        """ProgramLoads of programs that have to leave, from number `first` on; the bytes written."""

    @idempotent
    def refuge(self, home: u64, failed: u64) -> u64:
        """Where a program that has to leave goes: home, or to who has least. Not where bit n of `failed` is set (node
        n does not take it). Raises NoWay: nobody is left."""

    # ---- programs that move ----

    @idempotent
    def migrant(self) -> Move:
        """The program that had better run elsewhere, if there is one; why, is in the log."""

    def moved(self, move: Move) -> None:
        """It has moved: that is what it has cost."""

    @idempotent
    def arrived(self, pid: u64, cost: u64) -> None:
        """From another node: a program has come here, at that cost: it stays for a while."""

    @idempotent
    def note(self, line: Text) -> None:
        """A line for the log."""

    # ---- from this node's herald ----

    def met(self, node: u64, way: Gate) -> None:
        """That node is up, and its load server is there."""

    @idempotent
    def lost(self, node: u64) -> None:
        """That node is down: what was known of it is forgotten."""

    @idempotent
    def settle(self) -> NodeFigures:
        """This node's mood has lasted: its record says from now on what it is."""

    @idempotent
    def set_registrar(self, node: u64) -> None:
        """That node's load server keeps the list of idle stations."""

    @idempotent
    def set_speed(self, speed: u64) -> None:
        """This node's, MHz; 0: it is not known."""

    # ---- between nodes ----

    @idempotent
    def heard(self, figures: NodeFigures) -> None:
        """What another node has said of itself, when it was asked or because it has announced itself."""

    def want_work(self, node: u64) -> bool:
        """That node is idle and asks for work: whether it will get a program, the one that has waited longest here."""

class Nobody(ServiceError):
    """No idle station fits; the text says what was missing."""


class Registrar(Interface, messages=0x1700, errors=(Nobody,)):
    """The registrar of idle stations: one for the cluster, on the node with the lowest number that is up."""

    @idempotent
    def register(self, figures: NodeFigures) -> None:
        """Step 1: a station has become idle; or it is not any more, then it is taken off the list."""

    def request(self, memory: u64, speed: u64, asker: u64) -> tuple[u64, u64]:
        """Steps 2 to 5: an idle station other than the asker's with that much memory (pages) and speed (MHz), which is
        taken off the list: its number and a ticket. Raises Nobody."""

    @idempotent
    def step(self, ticket: u64, number: u64) -> None:
        """Steps 6 to 10, for the log: environment set up, started, runs, has ended, the asker knows. With the last the
        station comes back on the list, unless it says otherwise."""

    @idempotent
    def stations(self, first: u64, into: Slice[u8]) -> u64:
        """NodeFigures of the idle stations from number `first` on; the bytes written."""


def reason_of(decision: Decision) -> Text:
    """The reason, as text."""
    return str(decision.reason[0 : decision.reason_length], "utf-8")

