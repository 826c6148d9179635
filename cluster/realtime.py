"""Machines that run outside, in real time: how the cluster's virtual time keeps to the clock on the wall beside them.

Virtual time never goes ahead of the wall clock; a host that was slower is not hurried afterwards, so it falls behind.
"""

import select
import time
from collections.abc import Callable, Mapping

from atoll.cluster.qemu_node import QemuNode

FOREVER_NS = 1 << 62
STEP_NS = 2_000_000  # virtual time between two looks at what comes from outside

Send = Callable[[int, bytes, int], object]  # number of the station, frame, time


class Pace:
    """How far virtual time is ahead of the wall clock."""

    def __init__(self, virtual_ns: int) -> None:
        self._virtual, self._wall = virtual_ns, time.monotonic()

    def ahead(self, virtual_ns: int) -> float:
        """Seconds to wait until the wall clock is there."""
        ahead = (virtual_ns - self._virtual) / 1e9 - (time.monotonic() - self._wall)
        if ahead < 0:
            self._virtual, self._wall = virtual_ns, time.monotonic()
        return max(ahead, 0.0)


class Outside:
    """All machines outside, by the numbers of their stations."""

    def __init__(self, nodes: Mapping[int, QemuNode]) -> None:
        self._nodes = nodes
        self._pace = Pace(0)

    def begin(self, now_ns: int) -> None:
        """Virtual time, which stood still, goes on."""
        self._pace = Pace(now_ns)

    def exchange(self, now_ns: int, send: Send) -> int:
        """Wait for the wall clock, or for something from outside, and send that; how far virtual time may go next."""
        if not self._nodes:
            return FOREVER_NS
        files = [file for node in self._nodes.values() if node.runs for file in node.files]
        select.select(files, [], [], self._pace.ahead(now_ns))
        for number, node in self._nodes.items():
            for frame in node.come():
                send(number, frame, now_ns)
        return now_ns + STEP_NS
