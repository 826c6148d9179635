"""What a seed stands for: nodes, workers with their operations, faults at times. All is drawn before the run.

A scenario is plain data: it can be shown, shrunk and run again.
"""

from dataclasses import dataclass
from random import Random

MILLISECOND = 1_000_000
SPAN_NS = 100 * MILLISECOND  # in which faults begin, unless another is asked for
MOST_NODES = 5
KILLED = ("naming", "console", "block", "files", "time", "entropy", "memory", "programs", "pipe", "network", "session")
SWAPPED = ("naming", "console", "block", "files", "time", "entropy", "memory", "programs", "pipe")
SPOILS = ("loss", "duplication", "reordering", "corruption")
COUNTERS = 4  # few, so that workers meet at them

Operation = tuple[str, int]  # a letter of userland/simulation/worker.py and its number


@dataclass(frozen=True)
class Worker:
    """One client: its number, the node, how often that node has been switched on when it starts, its operations."""

    number: int
    node: str
    start: int
    operations: tuple[Operation, ...]

    def line(self) -> str:
        """For the shell."""
        words = " ".join(f"{letter}{argument}" for letter, argument in self.operations)
        return f"worker {self.number} /tally {words} &"


@dataclass(frozen=True)
class Fault:
    """Something that happens at a time: a monitor line, or a service that is killed or swapped on a node."""

    at_ns: int
    what: str  # "monitor", "kill", "swap", "spoil"
    node: str  # whose service; "" otherwise
    argument: str

    def __str__(self) -> str:
        where = f" on {self.node}" if self.node else ""
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

    def __str__(self) -> str:
        operations = sum(len(worker.operations) for worker in self.workers)
        return f"{self.nodes} nodes, {len(self.workers)} workers, {operations} operations, {len(self.faults)} faults"

    def describe(self) -> str:
        """Everything that was drawn."""
        lines = [f"seed {self.seed}: {self}"]
        for worker in self.workers:
            words = " ".join(f"{letter}{argument}" for letter, argument in worker.operations)
            lines.append(f"  worker {worker.number} on {worker.node}, start {worker.start}: {words}")
        return "\n".join([*lines, *(f"  {fault}" for fault in self.faults)])


def draw(seed: int, nodes: int | None = None, span_ns: int = SPAN_NS) -> Scenario:
    """The scenario of a seed; with so many nodes, if that is given."""
    chance = Random(f"simulation {seed}")
    count = chance.randint(1, 3)
    count = count if nodes is None else nodes
    names = [f"node{number}" for number in range(1, count + 1)]
    faults: list[Fault] = []
    crashes = dict.fromkeys(names, 0)
    for _ in range(chance.randint(2, 7)):
        faults += draw_fault(chance, names, span_ns, crashes)
    workers: list[Worker] = []
    for node in names:
        for start in range(1, crashes[node] + 2):
            for _ in range(2 if start == 1 else 1):
                number = len(workers) + 1
                workers.append(Worker(number, node, start, draw_operations(chance, number)))
    return Scenario(seed, count, tuple(workers), tuple(sorted(faults, key=lambda fault: fault.at_ns)), span_ns)


def draw_fault(chance: Random, names: list[str], span_ns: int, crashes: dict[str, int]) -> list[Fault]:
    """One fault, with its end if it has one before all is healed."""
    node = chance.choice(names)
    begin = int(span_ns * chance.random() ** 2)  # early rather than late: that is when clients work
    end = begin + chance.randint(5 * MILLISECOND, span_ns // 2)
    match chance.choice(("kill", "kill", "swap", "crash", "spoil", "cut")):
        case "kill":
            return [Fault(begin, "kill", node, chance.choice(KILLED))]
        case "swap":
            return [Fault(begin, "swap", node, chance.choice(SWAPPED))]
        case "crash":
            if crashes[node] > 0:               # a second one could begin before the first is over
                return [Fault(begin, "kill", node, "files")]
            crashes[node] += 1
            return [Fault(begin, "monitor", "", f"crash {node}"), Fault(end, "monitor", "", f"start {node}")]
        case "cut":
            other = chance.choice([name for name in [*names, "switch1"] if name != node])
            return [Fault(begin, "monitor", "", f"cut {node} {other}"), Fault(end, "monitor", "", "heal")]
    rate = f"{chance.choice(SPOILS)}={chance.randint(1, 20) / 100}"
    if chance.random() < 0.25:
        rate = f"slow={chance.randint(2, 20)}"
    return [Fault(begin, "spoil", "", rate), Fault(end, "monitor", "", "heal")]


def draw_operations(chance: Random, worker: int) -> tuple[Operation, ...]:
    """What a client does."""
    operations: list[Operation] = []
    for index in range(chance.randint(10, 30)):
        letter = chance.choice("wwwrcdenxlphiiibzzz")
        match letter:
            case "w":
                argument = worker * 1000 + index
            case "i":
                argument = chance.randrange(COUNTERS)
            case "p":
                argument = chance.randrange(1, 100)
            case "z":
                argument = chance.randrange(12)
            case "h" | "b":
                argument = chance.randrange(1, 1000)
            case "r":
                argument = 0
            case _:
                argument = chance.randrange(3)
        operations.append((letter, argument))
    return tuple(operations)
