"""What a node's supervisor says of its services, for statistics and tests."""

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from atoll.net.station import CallError
from atoll.servers.supervisor.interface import INFO_SIZE, NAME_SIZE, ServiceState, Supervisor

if TYPE_CHECKING:
    from atoll.cluster.cluster import Cluster

SUPERVISOR = "/services/supervisor"
RECORD = struct.Struct(f"<8Q{NAME_SIZE}s")      # a ServiceInfo
MOST = 32


@dataclass(frozen=True)
class ServiceFigures:
    """One service. Pauses are those of swaps, in nanoseconds of virtual time; the quota is in pages."""

    generation: int
    version: int
    state: ServiceState
    last_pause: int
    longest_pause: int
    quota: int


def services(cluster: "Cluster") -> dict[str, ServiceFigures]:
    """All services by name; the supervisor itself is among them. Raises CallError."""
    assert RECORD.size == INFO_SIZE
    data = bytearray(MOST * INFO_SIZE)
    size = cluster.client(Supervisor, SUPERVISOR).list(0, data)  # type: ignore[arg-type]
    found = {}
    for start in range(0, size, INFO_SIZE):
        _, generation, version, state, last, longest, quota, length, name = RECORD.unpack_from(data, start)
        found[name[:length].decode()] = ServiceFigures(generation, version, ServiceState(state), last, longest, quota)
    return found


def service_statistics(cluster: "Cluster") -> dict[str, dict[str, int]]:
    """For `--stats`: deaths and swaps of each service that had any; nothing if the node does not answer any more."""
    from atoll.cluster.cluster import ClusterError

    try:
        known = services(cluster) if cluster.is_on else {}
    except (CallError, ClusterError):
        return {}
    return {
        name: {
            "deaths": figures.generation,
            "swaps": figures.version,
            "last_pause_nanoseconds": figures.last_pause,
            "longest_pause_nanoseconds": figures.longest_pause,
        }
        for name, figures in known.items()
        if figures.generation or figures.version
    }
