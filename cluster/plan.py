"""What a cluster is made of: its nodes, and the network that joins them and the host."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from atoll.net.network import Link, Topology
from atoll.net.wire import Medium

Machine = Literal["atoll", "qemu"]
HOST = "host"  # the name of the host's station
MOST_NODES = 64  # as many as the guests' tables of nodes have places for, and masks of nodes have bits
# The host's station sits in the first switch: a frame takes a nanosecond to it and from it, whatever its size.
HOST_MEDIUM = Medium(10**18, 0, 1 << 30)


@dataclass(frozen=True)
class NodePlan:
    """One node: RAM in MiB, clock in MHz and by how many millionths it is fast, a disk, and what runs it.

    disk: a file to keep, or the sectors themselves; None: none. machine: QEMU's has the clock that it has.
    """

    name: str
    memory: int = 128
    speed: int = 1000
    disk: Path | bytes | None = None
    drift: int = 0
    machine: Machine = "atoll"


@dataclass(frozen=True)
class Plan:
    """All of a cluster; the nodes are numbered by their places, from 1. `topology` does not know the host.

    patience: by which all of the network's times are multiplied; machines in real time need some.
    """

    nodes: tuple[NodePlan, ...]
    topology: Topology
    patience: int = 1

    def with_host(self) -> Topology:
        """The network with the host's station, the last of all stations."""
        switch = self.topology.switches[0]
        return Topology(
            (*self.topology.stations, HOST), self.topology.switches,
            (*self.topology.links, Link((HOST, switch), HOST_MEDIUM)),
        )  # fmt: skip


def star(nodes: tuple[NodePlan, ...], medium: Medium | None = None) -> Plan:
    """Nodes at one switch."""
    return Plan(nodes, Topology.star((node.name for node in nodes), medium or Medium()))
