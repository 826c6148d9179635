"""`atoll boot` of the whole system: a cluster, and who talks to it: a terminal, or lines."""

import json
import sys
import time
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from atoll.cluster.batch import Output, run_lines, split_commands
from atoll.cluster.cluster import Cluster, planned
from atoll.cluster.console import HINT, run_at_terminal
from atoll.cluster.control.places import Listener
from atoll.cluster.control.server import Control
from atoll.cluster.guard import CommandError, say
from atoll.cluster.interrupts import Interrupts
from atoll.cluster.plan import NodePlan, Plan, star
from atoll.cluster.programs import residual_dependencies
from atoll.cluster.services import service_statistics
from atoll.cluster.tracing import Trace
from atoll.machine.config import Hooks

STANDARD_INPUT = Path("-")


@dataclass(frozen=True)
class Boot:
    """What was asked for on the command line."""

    plan: Plan
    commands: str | None
    script: Path | None
    seed: int
    disk: Path | None
    limit: float
    hooks: Hooks
    threads: int
    stats: Path | None
    trace: Path | None
    pcap: Path | None
    name: str | None = None  # of the cluster, for who wants to attach

    @property
    def lines(self) -> Iterable[str] | None:
        """Lines to run; None: somebody sits at a terminal."""
        if self.commands is not None:
            return split_commands(self.commands)
        if self.script is not None and self.script != STANDARD_INPUT:
            return self.script.read_text(encoding="utf-8").splitlines()
        if self.script is not None or not (sys.stdin and sys.stdin.isatty()):
            return (line.rstrip("\n") for line in sys.stdin)
        return None

    def banner(self) -> str:
        """What a run depends on, and what is kept of it."""
        lines = [self.describe(node) for node in self.plan.nodes]
        if len(lines) == 1:
            return f"{lines[0]}; time is virtual: {1000 / self.plan.nodes[0].speed:g} ns for each instruction"
        return "\n".join([f"seed {self.seed}; time is virtual: 1 ns for each instruction at 1000 MHz", *lines])

    def describe(self, node: NodePlan) -> str:
        """One node."""
        path = node.disk if isinstance(node.disk, Path) else self.disk
        disk = f"disk {path}, which is kept" if path is not None else "a fresh disk, which is not kept"
        if len(self.plan.nodes) == 1:
            return f"{node.name}: seed {self.seed}, {node.memory} MiB, {disk}"
        drift = f" {node.drift:+} ppm" if node.drift else ""
        machine = "QEMU in real time" if node.machine == "qemu" else f"{node.speed} MHz{drift}"
        return f"{node.name}: {node.memory} MiB, {machine}, {disk}"


def planned_cluster(file: Path | None, nodes: int, memory: int) -> Plan:
    """The cluster of a file, or so many nodes, all alike."""
    if file is None:
        return star(planned(nodes, memory))
    from atoll.cluster.clusterfile import load  # pydantic takes a while

    return load(file)


def boot_system(boot: Boot) -> int:
    """Boot, and run until it ends; the exit status."""
    begin = time.perf_counter()
    lines = boot.lines
    if lines is not None and boot.name is not None:
        raise CommandError("--name is for who attaches to it, and that takes a terminal: a run of lines is repeatable")
    say(boot.banner())
    cluster = Cluster(
        seed=boot.seed, disk=boot.disk, plan=boot.plan, hooks=boot.hooks, interactive=lines is None,
        threads=boot.threads,
    )  # fmt: skip
    with ExitStack() as stack:
        if boot.trace is not None:
            cluster.engine.network.taps.append(stack.enter_context(Trace(boot.trace, cluster.settings.key)).frame)
        if boot.pcap is not None:
            from atoll.net.capture import Capture

            names = [node.name for node in cluster.nodes]
            cluster.engine.network.taps.append(stack.enter_context(Capture(boot.pcap, names)).frame)
        stack.enter_context(cluster)
        output = Output(cluster)
        status: int | None = None
        try:
            status = talk(cluster, lines, output, boot.limit, boot.name)
        finally:
            output.flush()
            if boot.stats is not None:
                write_stats(cluster, status, time.perf_counter() - begin, boot.stats)
    return status


def talk(cluster: Cluster, lines: Iterable[str] | None, output: Output, limit: float, name: str | None) -> int:
    """Lines, or a terminal."""
    if lines is None:
        return sit_at_terminal(cluster, output, name)
    with Interrupts() as interrupts:

        def watch() -> None:
            output.flush()
            interrupts.check()

        cluster.engine.watch = watch
        return run_lines(cluster, lines, output, limit)


def sit_at_terminal(cluster: Cluster, output: Output, name: str | None) -> int:
    """A terminal, which others can attach theirs to."""
    control = Control(cluster, Listener(name))
    status = 0
    try:
        say(HINT)
        if len(cluster.nodes) > 1:
            say(f"this is {cluster.node.name}'s console; in another terminal, `atoll attach {cluster.nodes[-1].name}`")
        status = run_at_terminal(cluster, output, control)
    finally:
        control.close(status)
    return status


def write_stats(cluster: Cluster, status: int | None, seconds: float, file: Path) -> None:
    """What the run came to; all of it but the host's time is the same in every run."""
    figures = {
        "status": status, **cluster.stats(), "services": service_statistics(cluster),
        "residual_dependencies": residual_dependencies(cluster), "host_seconds": seconds,
    }  # fmt: skip
    file.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
