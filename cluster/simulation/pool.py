"""Many scenarios on a few cores: each runs in a fork of a process that has booted its cluster once.

The fork has the booted cluster's memory as it is, at no cost, and whatever happens there is gone with it.
"""

from collections.abc import Iterable, Iterator
from itertools import pairwise
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

from atoll.cluster.cluster import Cluster, ClusterError
from atoll.cluster.monitor import NETWORK, compiled
from atoll.cluster.plan import NodePlan, Plan
from atoll.cluster.progress import Report, progress_bar
from atoll.cluster.services import SUPERVISOR, services
from atoll.cluster.simulation.aftermath import Base, census, deaths, probes
from atoll.cluster.simulation.run import Run, Verdict
from atoll.cluster.simulation.scenario import KILLED, SWAPPED, Scenario, start_tally, switch_of
from atoll.cluster.transfer import put_file
from atoll.net.network import Link, Topology
from atoll.servers.supervisor.interface import Supervisor
from atoll.userland.runtime.interface import OutcomeUnknown

GUESTS = ("worker", "tally", "census")
BOOT_SEED = 7  # of the booted state; what happens then has the scenario's
SETTLED = 0.2  # seconds of virtual time after a death or a swap
# Lines that lead the shell where it seldom is.
UNUSUAL = ("false", "nosuch", "at node1 nosuch", "sleep 1 & sleep 1 & sleep 1 & sleep 1 &", "wait")
FIRST_TIME = 1.0  # seconds of virtual time that doing everything once may take
FORK = get_context("fork")


class Booted:
    """Clusters of each size, with the programs on their disks, as soon as one is wanted."""

    def __init__(self) -> None:
        self._ready: dict[tuple[int, int], tuple[Cluster, Base]] = {}

    def of(self, nodes: int, switches: int = 1) -> tuple[Cluster, Base]:
        """A cluster of so many nodes, and what an undisturbed one has of everything."""
        if (nodes, switches) not in self._ready:
            self._ready[nodes, switches] = prepare(nodes, switches)
        return self._ready[nodes, switches]


def topology(nodes: int, switches: int) -> Topology:
    """Nodes at one switch, or at two that are joined."""
    names = [f"node{number}" for number in range(1, nodes + 1)]
    places = tuple(f"switch{number}" for number in range(1, switches + 1))
    links = [(name, switch_of(names, switches, name)) for name in names] + list(pairwise(places))
    return Topology(tuple(names), places, tuple(Link(ends) for ends in links))


def prepare(nodes: int, switches: int) -> tuple[Cluster, Base]:
    """Boot, put the programs there, do everything once: what is only made at first use is there then."""
    at = topology(nodes, switches)
    cluster = Cluster(plan=Plan(tuple(NodePlan(name) for name in at.stations), at), seed=BOOT_SEED)
    with progress_bar() as report:
        images = guests(report)
        report(f"booting {nodes} nodes", 0, nodes)
        cluster.start()
        for done, node in enumerate(cluster.nodes):
            report(f"trying everything on {node.name}", done, nodes)
            cluster.node = node
            equip(cluster, images)
    for turn in range(2):
        for node in cluster.nodes:
            cluster.node = node
            for line, wanted in probes(cluster, 8000 + 100 * turn + 10 * node.number):
                output = cluster.run(line, FIRST_TIME).output
                if output.count(" ok ") != wanted:
                    raise ClusterError(f"even without any fault not everything works: {node.name}: {line}: {output}")
    counted, died = {}, {}
    for _ in range(2):                          # the first census is the first use of something too
        for node in cluster.nodes:
            cluster.node = node
            counted[node.name] = census(cluster)
            died[node.name] = deaths(services(cluster))
    cluster.node = cluster.nodes[0]
    return cluster, Base(counted, died)


def guests(report: Report) -> dict[str, bytes]:
    """The programs, compiled."""
    from atoll.images.recipe import PACKAGE

    images = {}
    for done, name in enumerate(GUESTS):
        report(f"compiling {name}", done, len(GUESTS))
        images[name] = compiled(PACKAGE / "userland" / "simulation" / f"{name}.py")
    return images


def equip(cluster: Cluster, images: dict[str, bytes]) -> None:
    """The current node has the programs, and has seen some trouble."""
    cluster.run("true")
    for name, image in images.items():
        put_file(cluster, image, f"/bin/{name}")
    cluster.run("mkdir /sim; sync")
    disturb(cluster)
    cluster.run(start_tally(100 * cluster.node.number + 1))


def disturb(cluster: Cluster) -> None:
    """Let each of the current node's servers die and be swapped, and the shell fail. Some things are only made then, or
    kept from then on: the images of servers that were swapped, ports for that, what processes had of dead servers.
    """
    for name in KILLED:
        kill(cluster, name)
        cluster.advance(SETTLED)
    for name in SWAPPED:
        cluster.run(f"swap {name} /lib/servers/{name}{' &' if name == NETWORK else ''}")
        cluster.advance(SETTLED)
    for line in UNUSUAL:
        cluster.run(line)


def kill(cluster: Cluster, service: str) -> None:
    """End a server; the network's own takes the answer with it."""
    try:
        cluster.client(Supervisor, SUPERVISOR).kill(service)
    except OutcomeUnknown:
        if service != "network":
            raise


def run_one(booted: Booted, scenario: Scenario) -> Verdict:
    """Run a scenario in a fork, and wait for it."""
    [verdict] = run_all(booted, [scenario], 1)
    return verdict


def run_all(booted: Booted, scenarios: Iterable[Scenario], jobs: int) -> Iterator[Verdict]:
    """Run scenarios, so many at a time; the verdicts in the scenarios' order."""
    waiting = list(enumerate(scenarios))
    running: dict[Connection, tuple[int, BaseProcess]] = {}
    done: dict[int, Verdict] = {}
    told = 0
    try:
        while waiting or running:
            while waiting and len(running) < jobs:
                number, scenario = waiting.pop(0)
                running.update(start(booted, number, scenario))
            for ready in wait(list(running)):
                assert isinstance(ready, Connection)
                number, process = running.pop(ready)
                done[number] = finish(ready, process)
            while told in done:
                yield done.pop(told)
                told += 1
    finally:
        for _, process in running.values():
            process.kill()
            process.join()


def start(booted: Booted, number: int, scenario: Scenario) -> dict[Connection, tuple[int, BaseProcess]]:
    """One fork, by the pipe that its verdict will come through."""
    booted.of(scenario.nodes, scenario.switches)
    ours, theirs = FORK.Pipe(duplex=False)
    process = FORK.Process(target=run_here, args=(booted, scenario, theirs), daemon=True)
    process.start()
    theirs.close()
    return {ours: (number, process)}


def run_here(booted: Booted, scenario: Scenario, to: Connection) -> None:
    """In the fork."""
    cluster, base = booted.of(scenario.nodes, scenario.switches)
    to.send(Run(cluster, scenario, base).go())


def finish(pipe: Connection, process: BaseProcess) -> Verdict:
    """A fork's verdict. Raises RuntimeError if it died of a mistake of ours, which it has told."""
    try:
        verdict = pipe.recv()
    except EOFError:
        process.join()
        raise RuntimeError(f"a run died, exit status {process.exitcode}") from None
    finally:
        pipe.close()
    process.join()
    assert isinstance(verdict, Verdict)
    return verdict
