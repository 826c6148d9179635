"""A node that is about to fail: what can be moved off it is, in the time given; then it is switched off.

Programs go home if that is another node, else to any that is up. What is at home on the node would end with it anyway.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from atoll.cluster.cluster import Cluster, OutOfTime
from atoll.net.station import CallError

PROGRAMS, STARTER = "/services/programs", "/services/migration"
SECOND = 1_000_000_000  # nanoseconds
HOME_SHIFT = 16  # of a home: above is the node's number
NUMBER = (1 << 32) - 1  # of a pid
NODE_SHIFT = 48
ORDER = struct.Struct("<4Q")
MIGRANT_HOME = struct.Struct("<16xQ")  # of a Migrant


@dataclass(frozen=True)
class Found:
    """A program of the node."""

    pid: int
    name: str

    def __str__(self) -> str:
        return f"{self.name} ({self.pid >> NODE_SHIFT}.{self.pid & NUMBER})"


def evacuate(cluster: Cluster, name: str, seconds: float) -> str:
    """Move what can be moved within so much virtual time, switch the node off then; what was moved, and what not."""
    end = cluster.time_ns + round(seconds * SECOND)
    lines = []
    for program in list(running(cluster, name)):
        try:
            left = (end - cluster.time_ns) / SECOND
            lines.append(cluster.within(max(left, 0), lambda program=program: move(cluster, name, program)))  # type: ignore[misc]
        except OutOfTime:
            lines.append(f"{program} stays: there is no time left")
    if cluster.time_ns < end:
        cluster.advance((end - cluster.time_ns) / SECOND)
    cluster.crash(name)
    return "".join(f"{line}\n" for line in [*lines, f"{name} is off"])


def running(cluster: Cluster, name: str) -> Iterator[Found]:
    """The programs that run there, services apart."""
    from atoll.servers.programs.interface import INFO_SIZE, NAME_SIZE, Programs, ProgramState

    programs = cluster.client(Programs, PROGRAMS, name)
    first = 0
    room: Any = bytearray(INFO_SIZE * 16)
    while size := programs.list(first, room):
        for place in range(0, size, INFO_SIZE):
            words = struct.unpack_from("<15Q", room, place)
            title = bytes(room[place + INFO_SIZE - NAME_SIZE :][: words[14]]).decode("utf-8", "replace")
            if words[2] == ProgramState.RUNNING and words[11] == 0:
                yield Found(words[0], title)
        first += size // INFO_SIZE


def move(cluster: Cluster, name: str, program: Found) -> str:
    """One of them; what came of it. Raises OutOfTime."""
    from atoll.abi.wire import Delivery
    from atoll.servers.migration.interface import Migration
    from atoll.servers.mover.interface import MemoryStrategy
    from atoll.servers.programs.interface import Moving
    from atoll.userland.runtime.interface import ServiceError

    try:
        told: Any = cluster.client(Moving, PROGRAMS, name).describe_migrant(program.pid)
        (home,) = MIGRANT_HOME.unpack_from(told)
        if home == 0:
            return f"{program} stays: it is at home there"
        target = destination(cluster, name, home >> HOME_SHIFT)
        order: Any = ORDER.pack(program.pid, target, MemoryStrategy.COPY, Delivery.RECOVER)
        cluster.client(Migration, STARTER, name).migrate(order)
    except OutOfTime:
        raise
    except (ServiceError, CallError) as error:
        return f"{program} stays: {error}"
    return f"{program} has moved to {cluster.nodes[target - 1].name}"


def destination(cluster: Cluster, name: str, home: int) -> int:
    """The number of the node that a program goes to. Raises ServiceError: there is none."""
    from atoll.userland.runtime.interface import ServiceError

    up = [number for number, node in enumerate(cluster.nodes, 1) if node.is_on and node.name != name]
    if not up:
        raise ServiceError("no other node is up")
    return home if home in up else up[0]
