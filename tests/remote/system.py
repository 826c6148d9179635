"""Three nodes as the tests use them: lines of the shell, and the state to go back to."""

import re

from atoll.cluster.cluster import Cluster
from atoll.cluster.plan import NodePlan, Plan
from atoll.net.network import Link, Topology
from atoll.net.wire import Medium

NODES = ("node1", "node2", "node3")
FAR = Medium(latency_ns=100_000)  # twice that is less than the slice of a busy node


def near_and_far() -> Plan:
    """Node 2 has most memory; node 3 has half the speed, and a link ten times as slow as the others'."""
    nodes = (NodePlan("node1"), NodePlan("node2", memory=256), NodePlan("node3", memory=192, speed=500))
    links = tuple(Link((name, "switch1"), FAR if name == "node3" else Medium()) for name in NODES)
    return Plan(nodes, Topology(NODES, ("switch1",), links))


class System:
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

    def lines(self, line: str, node: str = "node1") -> list[str]:
        """What a line prints that has success."""
        status, output = self.run(line, node)
        assert status == 0, output
        return output.splitlines()

    def programs(self, node: str = "node1", option: str = "") -> dict[str, str]:
        """What `ps` shows: name to pid."""
        printed = re.sub(r" \(needs .*\)", "", self.run(f"ps {option}", node)[1])
        rows = [row.split() for row in printed.splitlines()[1:]]
        return {row[-1]: row[1] for row in rows}

    def console(self, node: str) -> str:
        """All that a node's console has printed."""
        return self.cluster.find(node).console.decode().replace("\r\n", "\n")
