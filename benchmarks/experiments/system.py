"""The load experiment on the system itself: real programs on emulated nodes, placed by the nodes' load servers.

All runs begin with the same booted cluster, each in a copy of this process. The jobs are `/bin/spin`; `load_jobs` on
each node starts them and says when each has ended.
"""

from collections.abc import Sequence
from pathlib import Path

from atoll.benchmarks.experiments.aside import CAN_COPY, aside
from atoll.benchmarks.experiments.outcome import Ended, Outcome, outcome
from atoll.benchmarks.experiments.overhead import overhead_of
from atoll.benchmarks.experiments.workloads import DAEMON_NEED, DAEMON_PERIOD, MICRO, Job
from atoll.cluster.cluster import Cluster
from atoll.cluster.transfer import put_file
from atoll.compiler.cache import Cache
from atoll.images.recipe import compile_file
from atoll.images.strip import stripped
from atoll.net.wire import Medium
from atoll.servers.load.interface import Policy

PROGRAM = Path(__file__).parent.parent / "programs" / "load_jobs.py"
STARTER, SCHEDULE, RESULTS = "/bin/load_jobs", "/schedule", "/results"
MEETING = 2.0  # seconds until all load servers know each other, and nobody is busy with the start any more
LEAD = 5_000  # microseconds for each node, until all starters have read their jobs and the first one arrives
LIMIT = 60.0  # virtual seconds of a run


class Failed(Exception):
    """A run did not come to its end; the text is what a node printed."""


class Runs:
    """A cluster on which one run after another begins in the same state."""

    def __init__(self, latency_us: float = 50.0, memory: int = 128) -> None:
        self.memory = memory  # MiB of each node
        self.medium = Medium(latency_ns=round(latency_us * 1000))
        self.cluster: Cluster | None = None
        self.state = b""  # the cluster when all nodes are up and idle; as soon as it is needed
        self.is_fresh = False  # the cluster is in that state

    def close(self) -> None:
        """Nothing runs any more."""
        if self.cluster is not None:
            self.cluster.engine.close()

    def begin(self, nodes: int) -> Cluster:
        """The cluster, as it is when all nodes are up and idle, to do with as one likes."""
        cluster = self.fresh(nodes)
        self.state = self.state or cluster.save()
        self.is_fresh = False
        return cluster

    def fresh(self, nodes: int) -> Cluster:
        """The same, to look at only."""
        if self.cluster is None:
            self.cluster = booted(nodes, self.memory, self.medium)
        elif not self.is_fresh:
            self.cluster.restore(self.state)
        self.is_fresh = True
        return self.cluster

    def run(self, jobs: Sequence[Job], nodes: int, policy: Policy, settings: dict[str, int], seed: int) -> Outcome:
        """One run. Raises Failed."""
        if not CAN_COPY:
            return self.run_here(self.begin(nodes), jobs, policy, settings)
        cluster = self.fresh(nodes)
        return aside(lambda: self.run_here(cluster, jobs, policy, settings))

    def run_here(self, cluster: Cluster, jobs: Sequence[Job], policy: Policy, settings: dict[str, int]) -> Outcome:
        """One run on a cluster that is idle."""
        self.prepare(cluster, jobs, policy, settings)
        before = self.asked(cluster)
        self.start(cluster)
        ended = self.finish(cluster, jobs)
        return outcome(ended, self.asked(cluster) - before)

    def prepare(self, cluster: Cluster, jobs: Sequence[Job], policy: Policy, settings: dict[str, int]) -> None:
        """Settings, daemons, and each node's jobs in a file."""
        words = f"policy={policy.name.lower()} busy={settings['busy_above']} idle={settings['idle_below']}"
        words += f" probes={settings['probes']} announces={settings['announces']}"
        for number, node in enumerate(cluster.nodes, 1):
            name = node.name
            check(cluster, name, f"load {words}")
            mine = [job for job in jobs if job.node == number]
            lines = "".join(f"{job.at} {job.need} {job.talks}\n" for job in mine if not job.is_daemon)
            put_file(cluster, lines.encode(), SCHEDULE, node=name)
            for _ in range(sum(job.is_daemon for job in mine)):
                pause = round((DAEMON_PERIOD - DAEMON_NEED) * MICRO)
                check(cluster, name, f"spin -n 1000000 -p {pause} {round(DAEMON_NEED * MICRO)} &")

    def start(self, cluster: Cluster) -> None:
        """The first job is about to arrive."""
        begin = cluster.time_ns // 1000 + LEAD * (len(cluster.nodes) + 1)
        for node in cluster.nodes:
            check(cluster, node.name, f"{STARTER} {begin} < {SCHEDULE} > {RESULTS} &")

    def finish(self, cluster: Cluster, jobs: Sequence[Job]) -> list[Ended]:
        """What became of all jobs, when the last has ended. Raises Failed."""
        ended = []
        for number, node in enumerate(cluster.nodes, 1):
            daemons = sum(job.is_daemon and job.node == number for job in jobs)
            check(cluster, node.name, f"wait %{daemons + 1}")
            ended += self.results(cluster, number, node.name)
        wanted = sum(not job.is_daemon for job in jobs)
        if len(ended) != wanted:
            raise Failed(f"{len(ended)} of {wanted} jobs have ended")
        return ended

    def results(self, cluster: Cluster, number: int, name: str) -> list[Ended]:
        """What became of a node's jobs."""
        found = []
        for line in check(cluster, name, f"cat {RESULTS}").split("\n"):
            if line.strip():
                node, arrival, end, need = map(int, line.split())
                found.append(Ended(number, node, arrival, end, need))
        return found

    def asked(self, cluster: Cluster) -> int:
        """Messages that load servers have sent to each other."""
        return sum(overhead_of(cluster, node.name)["asked"] for node in cluster.nodes)


def booted(nodes: int, memory: int, medium: Medium) -> Cluster:
    """A cluster whose nodes are up and idle, with the starter on each one's disk."""
    cluster = Cluster(nodes=nodes, memory=memory, medium=medium)
    cluster.start()
    image = stripped(compile_file(PROGRAM, "program", Cache()))
    for node in cluster.nodes:
        cluster.wait_for("/services/shell", node=node.name)
        put_file(cluster, image, STARTER, node=node.name)
    cluster.advance(MEETING)
    return cluster


def check(cluster: Cluster, name: str, line: str) -> str:
    """Run a line on a node; what it printed. Raises Failed."""
    result = cluster.run(line, LIMIT, name)
    if result.status != 0:
        raise Failed(f"{name}: {line}: status {result.status}: {result.output}")
    return result.output.replace("\r\n", "\n")
