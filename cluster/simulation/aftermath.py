"""After the healing: who still works, what is on the disks and in the tallies, and whether anything was left over."""

from dataclasses import dataclass
from typing import Any

from atoll.cluster.cluster import Cluster
from atoll.cluster.programs import programs
from atoll.cluster.services import ServiceFigures, services
from atoll.cluster.simulation.history import Found, Step
from atoll.cluster.simulation.scenario import COUNTERS, start_tally
from atoll.cluster.transfer import get_file
from atoll.net.station import CallError, NoSuchService
from atoll.servers.programs.interface import ProgramState
from atoll.servers.supervisor.interface import ServiceState

PROGRAM = "worker"  # as `ps` calls it
SERIAL = 0xFFFF_FFFF  # of a pid, the number that people use
RECORD = 8  # userland/simulation/worker.py
LIMIT = 10.0  # seconds of virtual time that anything may take now
# What there may be more of than before, although each server had died and been swapped before the first count:
# - the network server's watchers come back to its successor when they next look (2);
# - shell and tally keep the gates of managers of programs and memory that have died since, as heir and pager (2 each);
# - the shell touches pages of its own for the first time when it has a kind of line that it has never had;
# - a process's table of handles has as many pages as it once needed;
# - shell and tally go on with pages that a memory manager which was killed had mapped: their object stays.
KEPT = {"handles": 2, "gates": 6, "private": 8, "mappings": 8, "pages": 4, "memories": 1}
# Another for each other node: directories keep gates to those of the others that they have needed so far, each through
# a proxy, which is a port.
KEPT_OF_NODES = {"handles": 1, "gates": 1, "proxies": 1, "exports": 1, "ports": 1}
# Another for each death or swap: a table of the supervisor's address space, for images at places of instances where
# none had been. It has as many places as there can be instances.
KEPT_OF_DEATHS = {"pages": 1}
COUNTED = ("processes", "threads", "ports", "gates", "sets", "interrupts", "handles", "memories", "mappings", "pages",
           "private", "exports", "proxies", "waiting", "busy")
# Each kind of operation, once (on a counter that is nobody's): all of it must work when all is healed.
PROBE = "w1 r0 c1 e1 d1 n1 l1 x1 p7 h1 i15 b5"
PROBE_OTHER = "w1 r0 c1 e1 d1 g1 s1 f1 i15 b5 o{number}007"
PROBED, PROBED_OTHER = 12, 11
TRIES = 5
SECOND = 1_000_000_000
SEEN = 10.0  # seconds of virtual time after the healing within which everything works again
BETWEEN = 0.5  # and between two looks


class Unwell(Exception):
    """The cluster does not do what it must, after all was healed; the text says what."""


def still_working(cluster: Cluster) -> list[str]:
    """Workers that have not ended."""
    working = []
    for node in cluster.nodes:
        found = surely(cluster, lambda name=node.name: programs(cluster, name))
        working += [
            f"{each.name} {each.pid & SERIAL} on {node.name}" for each in found
            if each.name == PROGRAM and each.state != ProgramState.ENDED
        ]  # fmt: skip
    return working


def surely(cluster: Cluster, action: Any) -> Any:
    """The result of something that may be repeated: the first answer after a death may be that nobody knows."""
    for _ in range(TRIES):
        try:
            return cluster.within(LIMIT, action)
        except NoSuchService:
            raise
        except CallError:
            cluster.advance(0.05)
    return cluster.within(LIMIT, action)


def examine(cluster: Cluster, steps: dict[int, list[Step]]) -> Found:
    """What is there."""
    found = Found({}, {}, {})
    for node in cluster.nodes:
        cluster.node = node
        ensure_tally(cluster, 100 * node.number + 99)
        names = surely(cluster, lambda: cluster.run("ls /sim")).output.split()
        for worker in steps:
            mine = [name.partition(".")[2] for name in names if name.startswith(f"{worker}.")]
            if "log" in mine:
                found.logs[worker] = records(surely(cluster, lambda w=worker: get_file(cluster, f"/sim/{w}.log")))
            if mine:
                found.files[worker] = {int(name) for name in mine if name.isdecimal()}
        add_tally(cluster, found)
    return found


def records(data: bytes) -> list[int]:
    """A log. What is no record is told as one that nobody wrote."""
    parts = [data[start : start + RECORD] for start in range(0, len(data), RECORD)]
    return [int(part) if part.endswith(b"\n") and part.strip().isdigit() else -1 for part in parts]


def add_tally(cluster: Cluster, found: Found) -> None:
    """The counters of the current node's tally."""
    from atoll.userland.simulation.interface import Tally

    tally = cluster.client(Tally, "/tally")
    values, epoch = [], 0
    for counter in range(COUNTERS):
        value, epoch = surely(cluster, lambda number=counter: tally.value(number))
        values.append(value)
    found.tallies[epoch] = values


def ensure_tally(cluster: Cluster, number: int) -> None:
    """If the current node has no tally, since the line that should have started it got lost, it gets one."""
    try:
        surely(cluster, lambda: cluster.call("/tally", (0, 0, 0, 0)))
    except NoSuchService:
        cluster.run(start_tally(number))


def probes(cluster: Cluster, number: int) -> list[tuple[str, int]]:
    """Lines for the current node that do everything once, with itself and the next node; and how many must be ok."""
    place = cluster.nodes.index(cluster.node)
    other = cluster.nodes[(place + 1) % len(cluster.nodes)]
    lines = [(f"worker {number} /sim /tally {PROBE}", PROBED)]
    if other is not cluster.node:
        there = f"/nodes/{other.name}"
        words = PROBE_OTHER.format(number=other.number)
        lines.append((f"worker {number + 1} {there}/sim {there}/tally {words}", PROBED_OTHER))
    return lines


def try_until(cluster: Cluster, line: str, wanted: int) -> str:
    """Repeat a line until all its operations are ok: nodes need a while to see each other. What it says if never."""
    limit = cluster.time_ns + round(SEEN * SECOND)
    while True:
        output = str(surely(cluster, lambda: cluster.run(line)).output)
        if output.count(" ok ") == wanted:
            return ""
        if cluster.time_ns > limit:
            return output
        cluster.advance(BETWEEN)


def census(cluster: Cluster) -> dict[str, int]:
    """What the kernel of the current node counts.

    Processes that lived when their manager died or was swapped are the supervisor's too, until the next one comes.
    """
    surely(cluster, lambda: cluster.run("swap programs /lib/servers/programs"))
    cluster.advance(0.1)
    words = dict(line.split() for line in surely(cluster, lambda: cluster.run("census")).output.splitlines()
                 if line.count(" ") == 1)
    return {name: int(words[name]) for name in COUNTED}


def deaths(states: dict[str, ServiceFigures]) -> int:
    """How many deaths and swaps of services there have been since a node was switched on."""
    return sum(figures.generation + figures.version for figures in states.values())


@dataclass(frozen=True)
class Base:
    """What the kernels counted before anything happened, and the deaths and swaps until then, by node."""

    counted: dict[str, dict[str, int]]
    deaths: dict[str, int]

    def compare(self, cluster: Cluster, starts: dict[str, int]) -> list[str]:
        """All works, all services are there, nothing was left over; complaints."""
        complaints = []
        for number, node in enumerate(cluster.nodes):
            cluster.node = node
            surely(cluster, lambda: cluster.run("wait"))
            for line, wanted in probes(cluster, 9000 + 10 * number):
                output = try_until(cluster, line, wanted)
                if output:
                    complaints.append(f"{node.name}: not everything works after the healing: {line}: {output}")
            states = surely(cluster, lambda: services(cluster))
            for name, figures in states.items():
                if figures.state not in (ServiceState.SERVING, ServiceState.ABSENT):
                    complaints.append(f"{node.name}: {name} is {figures.state.name.lower()}")
            complaints += self.wait_for_rest(cluster, starts[node.name])
        return complaints

    def wait_for_rest(self, cluster: Cluster, starts: int) -> list[str]:
        """Count on the current node until nothing is left over: of a node that has died the others know something as
        long as they seek its ports elsewhere. Complaints about what does not go.
        """
        limit = cluster.time_ns + round(SEEN * SECOND)
        before = self.deaths[cluster.node.name] if starts == 1 else 0
        since = deaths(surely(cluster, lambda: services(cluster))) - before  # without the swaps for our own counts
        while True:
            complaints = self.leftovers(cluster.node.name, census(cluster), since)
            if not complaints or cluster.time_ns > limit:
                return complaints
            cluster.advance(BETWEEN)

    def leftovers(self, node: str, counted: dict[str, int], deaths: int) -> list[str]:
        """What there is more of on a node than there may be, after so many deaths and swaps; complaints."""
        complaints = []
        for name, count in counted.items():
            wanted = self.counted[node][name]
            others = len(self.counted) - 1
            kept = KEPT.get(name, 0) + KEPT_OF_NODES.get(name, 0) * others + KEPT_OF_DEATHS.get(name, 0) * deaths
            if count > wanted + kept:
                why = f"with {kept} that may be kept, after {deaths} deaths and swaps"
                complaints.append(f"{node}: {count} {name} are left, not {wanted}, {why}")
        return complaints
