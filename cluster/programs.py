"""What a node's program manager says of its programs, for whoever asks from outside."""

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from atoll.net.station import CallError
from atoll.servers.programs.interface import INFO_SIZE, NAME_SIZE, Programs, ProgramState
from atoll.userland.runtime.interface import ServiceError

if TYPE_CHECKING:
    from atoll.cluster.cluster import Cluster
    from atoll.cluster.engine import AnyNode

PROGRAMS = "/services/programs"
SECONDS = 2.0                                   # of virtual time that the answer may take
RECORD = struct.Struct(f"<20Q{NAME_SIZE}s")     # a ProgramInfo
ROOM = 240 * INFO_SIZE
NODE_SHIFT = 48  # of pids: above is the node where it was born
SERIAL = 0xFFFF_FFFF


@dataclass(frozen=True)
class Program:
    """One program or service; the fields are ProgramInfo's. Times in nanoseconds."""

    pid: int
    parent: int
    state: int  # a ProgramState
    status: int
    priority: int
    cpu_time: int
    started: int
    pages: int
    threads: int
    waits_for: int
    thread_state: int
    generation: int
    messages: int
    bytes: int
    cpu_elsewhere: int
    pages_left: int
    pages_at: int
    sent_on_by: int
    home: int  # number of another node; 0: where it is
    name: str


def programs(cluster: "Cluster", node: str | None = None) -> list[Program]:
    """All programs of a node, services included. Raises CallError, ClusterError, ServiceError."""
    return cluster.within(SECONDS, lambda: _programs(cluster.client(Programs, PROGRAMS, node)))


def _programs(manager: Programs) -> list[Program]:
    assert RECORD.size == INFO_SIZE
    found: list[Program] = []
    room: Any = bytearray(ROOM)                 # the interface says Slice[u8]
    while size := manager.list(len(found), room):
        for record in RECORD.iter_unpack(bytes(room[:size])):
            named: tuple[Any, ...] = (*record[:-2], record[-1][: record[-2]].decode(errors="replace"))
            found.append(Program(*named))
    return found


def residual_dependencies(cluster: "Cluster") -> list[dict[str, Any]]:
    """For `--stats`: what programs away from home, or that have moved, need other nodes for; nothing of nodes that do
    not answer.
    """
    found = []
    for node in cluster.nodes:
        for program in running(cluster, node):
            if program.state != ProgramState.MOVED and (program.pages_at or program.sent_on_by or program.home):
                found.append({
                    "pid": f"{program.pid >> NODE_SHIFT}.{program.pid & SERIAL}", "name": program.name,
                    "node": node.number, "home": program.home or node.number,
                    "pages_left": program.pages_left, "pages_at": numbers(program.pages_at),
                    "sent_on_by": numbers(program.sent_on_by),
                })  # fmt: skip
    return found


def running(cluster: "Cluster", node: "AnyNode") -> list[Program]:
    """A node's programs, without the services; none if it does not answer."""
    from atoll.cluster.cluster import ClusterError

    try:
        return [each for each in programs(cluster, node.name) if each.pid >> NODE_SHIFT] if node.runs else []
    except (CallError, ClusterError, ServiceError):
        return []


def numbers(bits: int) -> list[int]:
    """The bits that are set."""
    return [number for number in range(64) if bits >> number & 1]
