"""Nodes, network and the host's station, run in windows of virtual time, which stands still while the host thinks.

A window ends at the network's next event, or as soon as a frame that some node sends in it could have come anywhere: in
between the nodes know nothing of each other and run side by side. A node that is the only one awake runs until another
wakes, or a frame of its own arrives. So a run does not depend on the host's threads. (Machines outside, realtime.py, do
what they like; what they send is sent at the edge of a window.)
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from atoll.cluster.node import Node
from atoll.cluster.plan import HOST
from atoll.cluster.qemu_node import QemuNode
from atoll.cluster.realtime import FOREVER_NS, Outside
from atoll.machine.board import Stop, StopReason
from atoll.net.network import Network
from atoll.net.station import Station

SLICE_NS = 20_000_000  # virtual: how long a window is at most before the host looks at signals and keys

AnyNode = Node | QemuNode
Watch = Callable[[], None]


class Engine:
    """What drives nodes, network and station; `watch` is called between two windows, and may raise."""

    def __init__(
        self, nodes: Sequence[AnyNode], network: Network, address: bytes, key: bytes, session: int, threads: int,
        patience: int = 1,
    ) -> None:  # fmt: skip
        self.nodes = nodes
        self.network = network
        self.station = Station(address, key, session, self._from_host, patience)
        self.watch: Watch = lambda: None
        self.limit_ns = FOREVER_NS  # nobody waits for a call beyond this time
        self.now_ns = 0
        self.windows = 0
        self._threads = threads
        self._pool: ThreadPoolExecutor | None = None
        self._lookahead = network.lookahead_ns(node.name for node in nodes)
        self._by_name = {node.name: node for node in nodes}
        self._outside = Outside({number: node for number, node in enumerate(nodes) if isinstance(node, QemuNode)})
        for number, node in enumerate(nodes):
            node.connect(partial(self._from_node, number))

    # ---- frames ----

    def _from_host(self, frame: bytes) -> None:
        self.network.send(len(self.nodes), frame, self.now_ns)

    def _from_node(self, number: int, frame: bytes) -> int | None:
        """In whatever thread runs the node: nothing here is another node's."""
        return self.network.send(number, frame, self.nodes[number].time_ns)

    # ---- time ----

    def run(
        self, until_ns: int, done: Callable[[], bool] = lambda: False, node: AnyNode | None = None
    ) -> StopReason | None:
        """Run until something is done (None), or to a time, or to the end of a node (the first if none is named)."""
        watched = node or self.nodes[0]
        self._outside.begin(self.now_ns)
        try:
            while not done():
                self.watch()
                furthest = self._outside.exchange(self.now_ns, self.network.send)
                self._settle()
                if done():
                    break
                if watched.ended is not None:
                    return watched.ended
                if self.now_ns >= until_ns:
                    return StopReason(Stop.UNTIL)
                self._window(min(until_ns, self.now_ns + SLICE_NS, furthest))
            return None
        finally:
            self._catch_up()

    def _settle(self) -> None:
        """What has come due happens: frames reach nodes and station, the station looks at its calls."""
        now = self.now_ns
        self.network.gather()
        for delivery in self.network.advance(now):
            if delivery.station == HOST:
                self.station.arrived(delivery.frame, now)
            else:
                self._by_name[delivery.station].take(delivery.frame, delivery.time_ns)
        if self.station.due is not None and self.station.due <= now:
            self.station.look(now)
        self.network.gather()

    def _window(self, limit_ns: int) -> None:
        """Run all nodes that have something to do to the window's end."""
        awake = [(max(wakes, self.now_ns), node) for node in self.nodes if (wakes := node.wakes_ns) is not None]
        edge = self._edge(limit_ns, sorted(wakes for wakes, _ in awake))
        runners = [node for wakes, node in awake if wakes < edge]
        self._run(runners, edge)
        self.windows += 1
        self.network.gather()
        if runners and not any(node.runs for node in self.nodes):       # the last one has ended: so does time
            edge = min(edge, max(node.time_ns for node in runners))
        arrival = self.network.next_ns
        self.now_ns = max(self.now_ns, edge if arrival is None else min(edge, arrival))

    def _edge(self, limit_ns: int, wakes: list[int]) -> int:
        """Where a window ends, if the nodes have something to do at these times, the earliest first."""
        events = [limit_ns, self.network.next_ns, self.station.due]
        if wakes:
            second = wakes[1] if len(wakes) > 1 else FOREVER_NS
            events.append(max(second, wakes[0] + self._lookahead))
        return max(self.now_ns, min(event for event in events if event is not None))

    def _run(self, runners: list[AnyNode], until_ns: int) -> None:
        """Run nodes side by side; the first share in this thread."""
        shares = [share for first in range(self._threads) if (share := runners[first :: self._threads])]
        if len(shares) > 1 and self._pool is None:
            self._pool = ThreadPoolExecutor(self._threads - 1, "node")
        others = [self._pool.submit(advance, share, until_ns) for share in shares[1:] if self._pool is not None]
        try:
            advance(shares[0] if shares else [], until_ns)
        finally:
            for other in others:
                other.result()

    def _catch_up(self) -> None:
        """Idle nodes, which no window has looked at, note how late it is."""
        for node in self.nodes:
            if node.runs and node.time_ns < self.now_ns:
                node.advance(self.now_ns)

    def close(self) -> None:
        """Give the threads back."""
        if self._pool is not None:
            self._pool.shutdown()
            self._pool = None

    # ---- saving ----

    def save(self) -> dict[str, Any]:
        """Time, network and station, between calls."""
        return {
            "now": self.now_ns, "windows": self.windows, "network": self.network.save(),
            "station": self.station.save(),
        }  # fmt: skip

    def restore(self, saved: dict[str, Any]) -> None:
        """The opposite of `save`. (The boards are the nodes'.)"""
        self.now_ns, self.windows = saved["now"], saved["windows"]
        self.network.restore(saved["network"])
        self.station.restore(saved["station"])


def advance(nodes: Sequence[AnyNode], until_ns: int) -> None:
    """Run nodes one after another."""
    for node in nodes:
        node.advance(until_ns)
