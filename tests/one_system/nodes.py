"""The three nodes as these tests use them: lines of the shell, what runs there, bad links, the state to go back to."""

from collections.abc import Callable

from atoll.cluster.cluster import Cluster
from atoll.cluster.plan import HOST
from atoll.cluster.programs import programs
from atoll.servers.programs.interface import ProgramState

NODES = ("node1", "node2", "node3")
SECOND = 1_000_000_000


class Nodes:
    """The cluster."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.state = cluster.save()

    def restore(self) -> None:
        """Back to how it was when this was made."""
        self.cluster.restore(self.state)

    def run(self, line: str, node: str = "node1") -> tuple[int, str]:
        """A line's status, and what was printed meanwhile on that node's console."""
        result = self.cluster.run(line, node=node)
        return result.status, result.output.replace("\r\n", "\n")

    def output(self, line: str, node: str = "node1") -> str:
        """What a line prints that has success."""
        status, output = self.run(line, node)
        assert status == 0, output
        return output

    def console(self, node: str, begin: int = 0) -> str:
        """What a node's console has printed, from a place on."""
        return self.cluster.find(node).console[begin:].decode().replace("\r\n", "\n")

    def working(self, node: str, name: str) -> int:
        """How many programs of that name run there."""
        found = programs(self.cluster, node)
        return sum(each.name == name and each.state != ProgramState.ENDED for each in found)

    def until(self, done: Callable[[], bool], seconds: float, step: float = 0.05) -> None:
        """Let time pass until that is so."""
        end = self.cluster.time_ns + round(seconds * SECOND)
        while not done():
            assert self.cluster.time_ns < end, f"not within {seconds} s"
            self.cluster.advance(step)


def spoil(cluster: Cluster, seed: int) -> None:
    """Make all links bad, in both directions; the host's apart, which is no part of the system."""
    network = cluster.engine.network
    network.reseed(seed)
    links = [link for link in network.topology.links if HOST not in link.ends]
    network.spoil(links, loss=0.1, duplication=0.05, reordering=0.05, corruption=0.05)
