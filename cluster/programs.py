"""What a node's program manager says of its programs, for whoever asks from outside."""

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from atoll.servers.programs.interface import INFO_SIZE, NAME_SIZE, Programs

if TYPE_CHECKING:
    from atoll.cluster.cluster import Cluster

PROGRAMS = "/services/programs"
SECONDS = 2.0                                   # of virtual time that the answer may take
RECORD = struct.Struct(f"<15Q{NAME_SIZE}s")     # a ProgramInfo
ROOM = 240 * INFO_SIZE


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
