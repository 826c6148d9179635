"""Where each process of a node waits, for whoever asks why nothing happens: told by the node's program manager."""

import struct
from typing import Any

from atoll.abi.objects import ThreadState
from atoll.cluster.cluster import Cluster, ClusterError
from atoll.net.station import CallError

PROGRAMS = "/services/programs"
SECONDS = 2.0                                   # of virtual time that the answer may take
ROOM = 32 << 10
WORDS = struct.Struct("<13Q32s")                # a ProgramInfo (servers/programs/interface.py)


def where_processes_wait(cluster: Cluster) -> str:
    """A table as text; if the node cannot even say that, that."""
    from atoll.servers.programs.interface import Programs
    from atoll.userland.runtime.interface import ServiceError

    try:
        room: Any = bytearray(ROOM)             # the interface says Slice[u8]
        size = cluster.within(SECONDS, lambda: cluster.client(Programs, PROGRAMS).list(0, room))
    except (CallError, ClusterError, ServiceError) as error:
        return f"where its processes wait, the node does not say: {error}"
    lines = ["process                          state      waits for process"]
    for record in WORDS.iter_unpack(bytes(room[: size // WORDS.size * WORDS.size])):
        lines.append(describe(record[13][: record[12]].decode(errors="replace"), record[10], record[9]))
    return "\n".join(lines)


def describe(name: str, thread_state: int, waits_for: int) -> str:
    """One process."""
    try:
        state = ThreadState(thread_state).name.lower()
    except ValueError:
        state = f"state {thread_state}"
    return f"{name:<32} {state:<10} {waits_for or ''}".rstrip()
