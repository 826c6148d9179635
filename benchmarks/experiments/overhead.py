"""What a load server says that it costs (servers/load/interface.py: Overhead), by the names of the fields."""

import struct
from typing import Any

from atoll.cluster.cluster import Cluster
from atoll.servers.load.interface import Load

LOAD = "/services/load"
FIELDS = ("samples", "skipped", "own_time", "sampling_time", "since", "asked", "told", "decisions", "sent_away")


def overhead_of(cluster: Cluster, node: str | None = None) -> dict[str, int]:
    """A node's, since its load server was started."""
    told: Any = cluster.client(Load, LOAD, node).overhead()
    return dict(zip(FIELDS, struct.unpack(f"<{len(FIELDS)}Q", told), strict=True))
