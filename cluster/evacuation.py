"""A node that is about to fail: what can be moved off it is, in the time given; then it is switched off.

Programs go home if that is another node, else to any that is up. What is at home on the node would end with it anyway.
"""

import struct
from typing import Any

from atoll.cluster.cluster import Cluster, OutOfTime
from atoll.cluster.programs import NODE_SHIFT, PROGRAMS, SERIAL, Program, programs
from atoll.net.station import CallError
from atoll.servers.programs.interface import ProgramState

STARTER = "/services/migration"
SECOND = 1_000_000_000  # nanoseconds
HOME_SHIFT = 16  # of a home: above is the node's number
ORDER = struct.Struct("<4Q")
MIGRANT_HOME = struct.Struct("<16xQ")  # of a Migrant


def evacuate(cluster: Cluster, name: str, seconds: float) -> str:
    """Move what can be moved within so much virtual time, switch the node off then; what was moved, and what not."""
    end = cluster.time_ns + round(seconds * SECOND)
    lines = []
    for program in running(cluster, name):
        try:
            left = (end - cluster.time_ns) / SECOND
            lines.append(cluster.within(max(left, 0), lambda program=program: move(cluster, name, program)))  # type: ignore[misc]
        except OutOfTime:
            lines.append(f"{title(program)} stays: there is no time left")
    if cluster.time_ns < end:
        cluster.advance((end - cluster.time_ns) / SECOND)
    cluster.crash(name)
    return "".join(f"{line}\n" for line in [*lines, f"{name} is off"])


def running(cluster: Cluster, name: str) -> list[Program]:
    """The programs that run there, services apart."""
    return [each for each in programs(cluster, name) if each.state == ProgramState.RUNNING and not each.generation]


def title(program: Program) -> str:
    """How a line calls it."""
    return f"{program.name} ({program.pid >> NODE_SHIFT}.{program.pid & SERIAL})"


def move(cluster: Cluster, name: str, program: Program) -> str:
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
            return f"{title(program)} stays: it is at home there"
        target = destination(cluster, name, home >> HOME_SHIFT)
        order: Any = ORDER.pack(program.pid, target, MemoryStrategy.COPY, Delivery.RECOVER)
        cluster.client(Migration, STARTER, name).migrate(order)
    except OutOfTime:
        raise
    except (ServiceError, CallError) as error:
        return f"{title(program)} stays: {error}"
    return f"{title(program)} has moved to {cluster.nodes[target - 1].name}"


def destination(cluster: Cluster, name: str, home: int) -> int:
    """The number of the node that a program goes to. Raises ServiceError: there is none."""
    from atoll.userland.runtime.interface import ServiceError

    up = [number for number, node in enumerate(cluster.nodes, 1) if node.is_on and node.name != name]
    if not up:
        raise ServiceError("no other node is up")
    return home if home in up else up[0]
