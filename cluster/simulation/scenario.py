"""What a seed stands for: nodes, workers with their operations, faults at times. All is drawn before the run.

A scenario is plain data: it can be shown, shrunk and run again.
"""

from dataclasses import dataclass
from random import Random

MILLISECOND = 1_000_000
SPAN_NS = 100 * MILLISECOND  # in which faults begin, unless another is asked for
LONG_NS = 4_000 * MILLISECOND  # more than the silence after which a node is taken for dead
SIZES = (1,) * 10 + (2,) * 5 + (3,) * 3 + (4, 5)  # how many nodes, and how often
KILLED = ("naming", "console", "block", "files", "time", "entropy", "memory", "programs", "pipe", "network",
          "session", "directory", "mover", "migration", "load")
SWAPPED = ("naming", "console", "block", "files", "time", "entropy", "memory", "programs", "pipe", "network",
           "session", "directory", "supervisor", "mover", "migration", "load")
FAULTS = ("kill", "kill", "swap", "swap", "crash", "spoil", "cut", "pause")
SPOILS = ("loss", "duplication", "reordering", "corruption")
COUNTERS = 4  # few, so that workers meet at them

LETTERS = "wwwrcdenxlphiiibzzz"  # how often each operation
BETWEEN_NODES = "ooobbgggffsss"

Operation = tuple[str, int]  # a letter of userland/simulation/worker.py and its number


@dataclass(frozen=True)
class Worker:
    """One client: its number, the node, how often that node has been switched on when it starts, its operations."""

    number: int
    node: str
    start: int
    operations: tuple[Operation, ...]
    files: str = ""  # whose disk has its files; its own node's unless said
    tally: str = ""  # whose tally it counts with

    @property
    def words(self) -> str:
        """Its operations, as its program takes them."""
        return " ".join(f"{letter}{argument}" for letter, argument in self.operations)

    def line(self) -> str:
        """For the shell."""
        files, tally = (f"/nodes/{node}" if node else "" for node in (self.files, self.tally))
        return f"worker {self.number} {files}/sim {tally}/tally {self.words} &"


@dataclass(frozen=True)
class Fault:
    """Something that happens at a time: a monitor line, or a service that is killed or swapped on a node."""

    at_ns: int
    what: str  # "monitor", "kill", "swap", "spoil"
    node: str  # whose service; "" otherwise
    argument: str
    by: str = ""  # the node that swaps another's service

    def __str__(self) -> str:
        where = f" on {self.node}" if self.node else ""
        where += f" by {self.by}" if self.by else ""
        words = self.argument if self.what == "monitor" else f"{self.what} {self.argument}"
        return f"{self.at_ns / MILLISECOND:.3f} ms: {words}{where}"


@dataclass(frozen=True)
class Scenario:
    """All of a run."""

    seed: int
    nodes: int
    workers: tuple[Worker, ...]
    faults: tuple[Fault, ...]
    span_ns: int = SPAN_NS
    switches: int = 1

    def __str__(self) -> str:
        operations = sum(len(worker.operations) for worker in self.workers)
        switches = f" at {self.switches} switches" if self.switches > 1 else ""
        what = f"{len(self.workers)} workers, {operations} operations, {len(self.faults)} faults"
        return f"{self.nodes} nodes{switches}, {what}"

    def describe(self) -> str:
        """Everything that was drawn."""
        lines = [f"seed {self.seed}: {self}"]
        for worker in self.workers:
            lines.append(f"  {worker.node}, start {worker.start}: {worker.line()}")
        return "\n".join([*lines, *(f"  {fault}" for fault in self.faults)])


def draw(seed: int, nodes: int | None = None, span_ns: int = SPAN_NS) -> Scenario:
    """The scenario of a seed; with so many nodes, if that is given."""
    chance = Random(f"simulation {seed}")
    count = chance.choice(SIZES)
    count = count if nodes is None else nodes
    switches = 2 if count > 2 and chance.random() < 0.4 else 1
    names = [f"node{number}" for number in range(1, count + 1)]
    faults: list[Fault] = []
    crashes = dict.fromkeys(names, 0)
    for _ in range(chance.randint(2, 7)):
        faults += draw_fault(chance, names, switches, span_ns, crashes)
    workers: list[Worker] = []
    for node in names:
        for start in range(1, crashes[node] + 2):
            for _ in range(2 if start == 1 else 1):
                number = len(workers) + 1
                files, tally = chance.choice(["", "", *names]), chance.choice(["", *names])
                workers.append(Worker(number, node, start, draw_operations(chance, number, count), files, tally))
    in_order = tuple(sorted(faults, key=lambda fault: fault.at_ns))
    return Scenario(seed, count, tuple(workers), in_order, span_ns, switches)


def draw_fault(
    chance: Random, names: list[str], switches: int, span_ns: int, crashes: dict[str, int]
) -> list[Fault]:
    """One fault, with its end if it has one before all is healed."""
    node = chance.choice(names)
    begin = int(span_ns * chance.random() ** 2)  # early rather than late: that is when clients work
    end = begin + chance.randint(5 * MILLISECOND, span_ns // 2)
    end += LONG_NS if len(names) > 1 and chance.random() < 0.15 else 0
    match chance.choice(FAULTS):
        case "kill":
            return [Fault(begin, "kill", node, chance.choice(KILLED))]
        case "swap":
            by = chance.choice(names)
            return [Fault(begin, "swap", node, chance.choice(SWAPPED), by if by != node else "")]
        case "pause":
            return [Fault(begin, "monitor", "", f"pause {node}"), Fault(end, "monitor", "", f"resume {node}")]
        case "crash":
            if crashes[node] > 0:               # a second one could begin before the first is over
                return [Fault(begin, "kill", node, "files")]
            crashes[node] += 1
            return [Fault(begin, "monitor", "", f"crash {node}"), Fault(end, "monitor", "", f"start {node}")]
        case "cut":
            if switches > 1 and chance.random() < 0.5:
                node, other = "switch1", "switch2"
            else:
                other = chance.choice([switch_of(names, switches, node), *(name for name in names if name != node)])
            return [Fault(begin, "monitor", "", f"cut {node} {other}"), Fault(end, "monitor", "", "heal")]
    rate = f"{chance.choice(SPOILS)}={chance.randint(1, 20) / 100}"
    if chance.random() < 0.25:
        rate = f"slow={chance.randint(2, 20)}"
    return [Fault(begin, "spoil", "", rate), Fault(end, "monitor", "", "heal")]


def start_tally(number: int) -> str:
    """The line that starts a node's tally, with that number. It is no job of the shell's, which can wait for all."""
    return f"sh -c 'tally {number} &'"


def switch_of(names: list[str], switches: int, node: str) -> str:
    """The switch that a node's link leads to: the second one has the second half of the nodes."""
    return "switch2" if switches > 1 and names.index(node) >= len(names) // 2 else "switch1"


def draw_operations(chance: Random, worker: int, nodes: int) -> tuple[Operation, ...]:
    """What a client does."""
    operations: list[Operation] = []
    for index in range(chance.randint(10, 30)):
        letter = chance.choice(LETTERS if nodes == 1 else LETTERS + BETWEEN_NODES)
        match letter:
            case "w":
                argument = worker * 1000 + index
            case "i":
                argument = chance.randrange(COUNTERS)
            case "p":
                argument = chance.randrange(1, 100)
            case "z":
                argument = chance.randrange(12)
            case "o":
                argument = chance.randint(1, nodes) * 1000 + chance.randrange(1, 100)
            case "h" | "b":
                argument = chance.randrange(1, 1000)
            case "r":
                argument = 0
            case _:
                argument = chance.randrange(3)
        operations.append((letter, argument))
    return tuple(operations)
