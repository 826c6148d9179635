"""One scenario on a booted cluster: workers start, faults happen, all is healed; then it must live, and be right.

Everything goes by virtual time, so a scenario that is run twice from the same state is the same run, event by event.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256

from atoll.cluster.cluster import Cluster, ClusterError
from atoll.cluster.engine import AnyNode
from atoll.cluster.monitor import monitor_line
from atoll.cluster.plan import HOST
from atoll.cluster.simulation.aftermath import Base, Unwell, examine, still_working
from atoll.cluster.simulation.history import Step, has_ended, read_steps
from atoll.cluster.simulation.model import judge
from atoll.cluster.simulation.scenario import MILLISECOND, Fault, Scenario, Worker, start_tally
from atoll.net.station import Call, CallError, NotTaken

SHELL, RUN = "/services/shell", 0x1000
SUPERVISOR, KILL = "/services/supervisor", 0x0E01
SLICE_NS = 2 * MILLISECOND  # between two looks at consoles and calls
AGAIN_NS = 20 * MILLISECOND  # until a line is tried again that nobody took
LIVELY_NS = 30_000 * MILLISECOND  # after the healing all has to be well by then
ROOM = 1 << 12


@dataclass
class Lines:
    """Lines for a node's shell, one after another; what is not taken is tried again."""

    waiting: list[str] = field(default_factory=list)
    call: Call | None = None
    next_ns: int = 0


@dataclass(frozen=True)
class Verdict:
    """What came of a scenario. digest: of everything that happened, equal if two runs are the same."""

    scenario: Scenario
    complaints: tuple[str, ...]
    events: tuple[str, ...]
    digest: str
    virtual_ns: int
    results: dict[str, int]  # how many operations ended how


class Run:
    """A scenario being run."""

    def __init__(self, cluster: Cluster, scenario: Scenario, base: Base) -> None:
        self.cluster, self.scenario, self.base = cluster, scenario, base
        self.begin_ns = cluster.time_ns
        self.events: list[str] = []
        self.complaints: list[str] = []
        self.starts = {node.name: 1 for node in cluster.nodes}
        self.lines = {node.name: Lines() for node in cluster.nodes}
        self.console = {node.name: len(node.console) for node in cluster.nodes}  # read so far
        self.said: dict[str, list[str]] = {node.name: [] for node in cluster.nodes}

    def go(self) -> Verdict:
        """All of it."""
        self.cluster.engine.network.reseed(self.scenario.seed)
        steps: dict[int, list[Step]] = {}
        try:
            for node in self.cluster.nodes:
                self.launch(node.name)
            for fault in self.scenario.faults:
                self.until(self.begin_ns + fault.at_ns)
                self.happen(fault)
            self.until(self.begin_ns + self.scenario.span_ns)
            self.heal()
            self.wait_for_life()
            steps = self.steps()
            self.complaints += judge(steps, examine(self.cluster, steps))
            self.complaints += self.base.compare(self.cluster, self.starts)
        except (Unwell, CallError, ClusterError) as error:
            self.complaints.append(f"{type(error).__name__}: {error}")
            steps = steps or self.steps()
        return self.verdict(steps)

    def verdict(self, steps: dict[int, list[Step]]) -> Verdict:
        """What is told of it."""
        results: dict[str, int] = {}
        for step in (step for theirs in steps.values() for step in theirs):
            results[step.result.value] = results.get(step.result.value, 0) + 1
        whole = [*self.events, json.dumps(self.cluster.stats()), *(node.console.hex() for node in self.cluster.nodes)]
        return Verdict(
            self.scenario, tuple(self.complaints), tuple(self.events),
            sha256("\n".join(whole).encode()).hexdigest()[:16], self.cluster.time_ns - self.begin_ns, results,
        )  # fmt: skip

    def note(self, event: str) -> None:
        """Something has happened."""
        self.events.append(f"{(self.cluster.time_ns - self.begin_ns) / MILLISECOND:.3f} ms: {event}")

    # ---- clients ----

    def workers(self, node: str) -> list[Worker]:
        """Those that start with the node's latest start."""
        return [each for each in self.scenario.workers if (each.node, each.start) == (node, self.starts[node])]

    def launch(self, node: str) -> None:
        """Start what belongs to a node that has just been switched on."""
        lines = [worker.line() for worker in self.workers(node)]
        if self.starts[node] > 1:
            number = 100 * self.cluster.find(node).number + self.starts[node]
            lines.insert(0, start_tally(number))
        self.lines[node] = Lines(lines)

    def steps(self) -> dict[int, list[Step]]:
        """What the workers said, as far as their nodes were up."""
        return {worker.number: read_steps(worker, self.said[worker.node]) for worker in self.scenario.workers}

    # ---- time ----

    def until(self, time_ns: int, done: Callable[[], bool] = lambda: False) -> None:
        """Let time pass, and look after everything meanwhile."""
        while self.cluster.time_ns < time_ns and not done():
            self.cluster.engine.run(min(time_ns, self.cluster.time_ns + SLICE_NS))
            for node in self.cluster.nodes:
                self.look_at(node)

    def look_at(self, node: AnyNode) -> None:
        """What it has printed, whether it lives, whether it takes the next line. Raises Unwell."""
        end = node.console.rfind(b"\n") + 1
        if end > self.console[node.name]:
            text = node.console[self.console[node.name] : end].decode(errors="replace")
            self.console[node.name] = end
            for line in text.splitlines():
                self.said[node.name].append(line)
                self.note(f"{node.name}: {line}")
        if node.ended is not None:
            raise Unwell(f"{node.name} has ended: {node.ended}")
        self.push(node, self.lines[node.name])

    def push(self, node: AnyNode, lines: Lines) -> None:
        """The next line, if it is time for it."""
        call = lines.call
        if call is not None and call.over:
            lines.call = None
            if isinstance(call.error, NotTaken) or "no service" in str(call.error):
                lines.next_ns = self.cluster.time_ns + AGAIN_NS
            else:
                lines.waiting.pop(0)            # done, or nobody knows: a second time it would be wrong
        if lines.call is None and lines.waiting and node.runs and self.cluster.time_ns >= lines.next_ns:
            lines.call = self.begin(node, SHELL, RUN, lines.waiting[0])

    def begin(self, node: AnyNode, service: str, message: int, text: str) -> Call:
        """A call that is not waited for."""
        station = self.cluster.engine.station
        words = (message, 0, 0, 0)
        return station.begin(node.address, service, words, text.encode(), ROOM, self.cluster.time_ns)

    # ---- faults ----

    def happen(self, fault: Fault) -> None:
        """One fault."""
        self.note(f"({fault})")
        match fault.what:
            case "kill":
                if self.cluster.find(fault.node).runs:
                    self.begin(self.cluster.find(fault.node), SUPERVISOR, KILL, fault.argument)
            case "swap":
                line = f"swap {fault.argument} /lib/servers/{fault.argument} &"
                self.lines[fault.by or fault.node].waiting.append(f"at {fault.node} {line}" if fault.by else line)
            case "spoil":
                name, _, rate = fault.argument.partition("=")
                links = [link for link in self.cluster.engine.network.topology.links if HOST not in link.ends]
                faults = {name: int(rate) if name == "slow" else float(rate)}
                self.cluster.engine.network.spoil(links, **faults)
            case _:
                self.power(fault.argument)

    def power(self, line: str) -> None:
        """A monitor line; a node that goes off or on has other lines to run."""
        word, _, node = line.partition(" ")
        if word == "start" and self.cluster.find(node).is_on:
            return
        if word in ("pause", "resume") and not self.cluster.find(node).is_on:
            return
        monitor_line(self.cluster, line)
        if word == "crash":
            self.lines[node] = Lines()
        elif word == "start":
            self.starts[node] += 1
            self.launch(node)

    # ---- healing, and life ----

    def heal(self) -> None:
        """Everything works again."""
        self.note("(all is healed)")
        monitor_line(self.cluster, "heal")
        for node in self.cluster.nodes:
            self.power(f"resume {node.name}")
            self.power(f"start {node.name}")

    def wait_for_life(self) -> None:
        """Until all lines are run and all workers have ended. Raises Unwell."""
        limit = self.cluster.time_ns + LIVELY_NS
        idle = self.cluster.engine.station

        def is_over() -> bool:
            return idle.idle and not any(lines.waiting or lines.call for lines in self.lines.values())

        self.until(limit, is_over)
        if not is_over():
            waiting = {node: lines.waiting for node, lines in self.lines.items() if lines.waiting}
            raise Unwell(f"{LIVELY_NS // 10**9} s after the healing some calls are still not over: {waiting}")
        while working := still_working(self.cluster):
            if self.cluster.time_ns > limit:
                raise Unwell(f"{LIVELY_NS // 10**9} s after the healing {', '.join(working)} still work")
            self.until(self.cluster.time_ns + AGAIN_NS)
        self.until(self.cluster.time_ns + AGAIN_NS)

    def ended(self, worker: Worker) -> bool:
        """Whether a worker said that it has ended."""
        return has_ended(worker.number, self.said[worker.node])
