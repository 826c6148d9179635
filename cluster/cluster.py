"""A whole cluster as one object: `with atoll.Cluster(nodes=3) as c: print(c.run("ls /bin", node="node2").output)`.

Everything happens in virtual time, and only inside a method: while the host thinks, the cluster stands still.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

from atoll.abi.wire import Way
from atoll.cluster.engine import AnyNode, Engine
from atoll.cluster.node import HOST_NUMBER, Node, Settings, station_address
from atoll.cluster.plan import MOST_NODES, NodePlan, Plan, star
from atoll.cluster.qemu_node import QemuNode
from atoll.cluster.remote import Remote
from atoll.images.recipe import Image
from atoll.machine.board import Stop, StopReason
from atoll.machine.config import Hooks
from atoll.machine.state import check_same, pack, unpack
from atoll.net.envelope import NO_GATE, RemoteGate, Words
from atoll.net.network import Network
from atoll.net.station import NoSuchService, NotTaken, Reply, Unreachable
from atoll.net.wire import Medium

SECOND = 1_000_000_000  # nanoseconds
MILLISECOND = 1_000_000
BOOT_LIMIT = 60.0  # seconds of virtual time until a service answers for the first time
LINE_LIMIT = 120.0  # and until a line has ended
LOOK_AGAIN = 5 * MILLISECOND  # while a service is waited for
RESTART = 3 * SECOND  # that a shell which has died may take until there is another
SETTLE = 10 * MILLISECOND  # the most that the console may lag behind what was printed

LENGTH = struct.Struct("<Q")  # before each part of a saved cluster: all but the boards' states, then each of those

SHELL = "/services/shell"
MACHINES: dict[str, type[AnyNode]] = {"atoll": Node, "qemu": QemuNode}
Declared = TypeVar("Declared")


class ClusterError(Exception):
    """The cluster cannot do what was asked; the text says why."""


class NodeStopped(ClusterError):
    """The node has ended, or can never go on."""

    def __init__(self, reason: StopReason) -> None:
        super().__init__(str(reason))
        self.reason = reason


class OutOfTime(ClusterError):
    """The limit of virtual time has passed."""


@dataclass(frozen=True)
class Result:
    """How a line ended: the status of its last command, and what the console printed meanwhile."""

    status: int
    output: str


@dataclass(frozen=True)
class AtNode:
    """A node's services, for who calls them."""

    cluster: "Cluster"
    node: AnyNode

    def call(
        self, service: str, words: Words, segment: bytes, room: int, gate: RemoteGate = NO_GATE, way: Way = Way.CALL
    ) -> Reply:
        """One call of a service there, or through a gate from there."""
        return self.cluster.call(service, words, segment, room, gate, self.node.name, way)


class Cluster:
    """Nodes, network and the host's station. Where a method takes a node's name, None is the current node, `node`.

    nodes: how many, at one switch. seed: of all that is random. memory: MiB of a node. disk: an image file to keep (of
    one node); without it, a fresh copy of the system's. plan: another cluster, such as a cluster file describes
    (clusterfile.py), instead of nodes, memory and medium. image: another system than the standard one (then without a
    disk, unless given). threads: of the host; a run does not depend on it.
    """

    def __init__(
        self,
        nodes: int = 1,
        seed: int = 0,
        memory: int = 128,
        disk: Path | str | bytes | None = None,
        *,
        plan: Plan | None = None,
        image: Image | None = None,
        hooks: Hooks = "native",
        medium: Medium | None = None,
        interactive: bool = False,
        threads: int = 1,
    ) -> None:
        if plan is None:
            plan = star(planned(nodes, memory), medium)
        if isinstance(disk, Path | str) and len(plan.nodes) > 1:
            raise ClusterError("several nodes cannot have the same disk: name each one's in a cluster file")
        disks: list[Path | bytes | None]
        if image is None:
            from atoll.cluster.disks import system_disks
            from atoll.cluster.images import ready_system

            image = ready_system()
            disks = [*system_disks(plan.nodes, disk)]
        else:
            given = Path(disk) if isinstance(disk, str) else disk
            disks = [node.disk or given for node in plan.nodes]
        self.settings = Settings(seed, hooks, interactive, plan.patience)
        self.nodes = [
            MACHINES[node.machine](number, replace(node, disk=its), image, self.settings)
            for number, (node, its) in enumerate(zip(plan.nodes, disks, strict=True), 1)
        ]
        self.node = self.nodes[0]  # the current one
        self.engine = Engine(
            self.nodes, Network(plan.with_host(), seed), station_address(HOST_NUMBER), self.settings.key,
            self.settings.host_session, max(threads, 1), plan.patience,
        )  # fmt: skip
        self._there: set[tuple[str, str]] = set()  # nodes and services that have answered since they were switched on

    # ---- life ----

    def __enter__(self) -> "Cluster":
        self.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        """Nothing runs any more; a disk that is kept is an ordinary file."""
        self.engine.close()
        for node in self.nodes:
            node.close()

    def start(self, node: str | None = None) -> None:
        """Switch a node on, or all; again if it was on already: its memory is lost, its disk is not."""
        for each in self.nodes if node is None else [self.find(node)]:
            self.crash(each.name)
            each.start(self.time_ns)

    def crash(self, node: str | None = None) -> None:
        """Switch a node off, without any warning to it."""
        found = self.find(node)
        found.crash()
        self.engine.station.forget(found.address)
        self._there = {(name, service) for name, service in self._there if name != found.name}

    def pause(self, node: str | None = None) -> None:
        """Stop a node's CPU, as a debugger would: its clock goes on, frames wait in its card as long as they fit."""
        found = self.find(node)
        self.check_on(found)
        found.pause()

    def resume(self, node: str | None = None) -> None:
        """Let the CPU of a node go on."""
        self.find(node).resume(self.time_ns)

    def find(self, node: str | None) -> AnyNode:
        """The node of that name. Raises ClusterError."""
        if node is None:
            return self.node
        for each in self.nodes:
            if each.name == node:
                return each
        raise ClusterError(f"there is no node {node}; there are {', '.join(each.name for each in self.nodes)}")

    @property
    def is_on(self) -> bool:
        """Whether time can pass: the current node is switched on, or another runs."""
        return self.node.is_on or any(node.runs for node in self.nodes)

    @property
    def time_ns(self) -> int:
        """Virtual time."""
        return self.engine.now_ns

    @property
    def console(self) -> bytes:
        """All that the current node's console has printed."""
        return bytes(self.node.console)

    # ---- what can be done ----

    def run(self, line: str, limit: float = LINE_LIMIT, node: str | None = None) -> Result:
        """Run a line in a node's shell, as soon as there is one. `limit`: seconds of virtual time.

        Raises OutOfTime, NodeStopped, CallError.
        """
        self.wait_for(SHELL, node=node)
        console = self.find(node).console
        begin = len(console)
        status = self.within(limit, lambda: self._run_line(line, node))
        self.settle(node)
        return Result(status, console[begin:].decode("utf-8", "replace"))

    def _run_line(self, line: str, node: str | None) -> int:
        """The status of a line. If the shell has died, a line that has not begun waits for the next one."""
        from atoll.servers.shell.interface import Shell

        patience = self.time_ns + RESTART
        while True:
            try:
                return self.client(Shell, SHELL, node).run(line)
            except NotTaken:
                if self.time_ns > patience:
                    raise
                self.check(self.engine.run(self.time_ns + LOOK_AGAIN, node=self.find(node)))

    def monitor(self, line: str) -> str:
        """A line for the monitor, such as `crash`; what it says. Raises MonitorError."""
        from atoll.cluster.monitor import monitor_line

        return monitor_line(self, line).text

    def advance(self, seconds: float) -> None:
        """Let virtual time pass. Raises NodeStopped if the current node has ended; ClusterError if all are off."""
        watched = self.node if self.node.is_on else next((node for node in self.nodes if node.runs), self.node)
        self.check_on(watched)
        self.check(self.engine.run(self.time_ns + round(seconds * SECOND), node=watched))

    def feed(self, keys: bytes) -> None:
        """Type at the current node's console."""
        self.node.press(keys, self.time_ns)

    def settle(self, node: str | None = None) -> None:
        """Let what was printed come out of a console: run until the node has nothing to do, or a moment."""
        found = self.find(node)
        self.engine.run(self.time_ns + SETTLE, lambda: found.idle, found)

    # ---- services ----

    def client(self, interface: type[Declared], service: str, node: str | None = None) -> Declared:
        """A client of a service of a node; its methods take as long, in virtual time, as the service does."""
        from atoll.compiler.interfaces.host import client

        return client(interface, Remote(AtNode(self, self.find(node)), service))

    def call(
        self, service: str, words: Words, segment: bytes = b"", room: int = 1 << 16, gate: RemoteGate = NO_GATE,
        node: str | None = None, way: Way = Way.CALL,
    ) -> Reply:  # fmt: skip
        """One message to a node's service and its reply, for clients. Raises CallError, OutOfTime, NodeStopped."""
        found = self.find(node)
        self.check_on(found)
        station = self.engine.station
        call = station.begin(found.address, service, words, segment, room, self.time_ns, gate, way)
        try:
            self.check(self.engine.run(self.engine.limit_ns, lambda: call.over, found))
            if not call.over:
                raise OutOfTime(f"{service}: no answer by {self.time_ns / SECOND:.3f} s of virtual time")
        finally:
            station.cancel(call)
        return call.result()

    def release(self, held: object) -> None:
        """Tell the node that a client that came with a reply is not needed any more."""
        from atoll.compiler.interfaces.host import transport_of

        transport = transport_of(held)
        assert isinstance(transport, Remote)
        transport.release()

    def within(self, seconds: float, action: Callable[[], Declared]) -> Declared:
        """Do something that calls services; OutOfTime is raised when so much virtual time has passed."""
        before = self.engine.limit_ns
        self.engine.limit_ns = min(before, self.time_ns + round(seconds * SECOND))
        try:
            return action()
        finally:
            self.engine.limit_ns = before

    def wait_for(self, service: str, limit: float = BOOT_LIMIT, node: str | None = None) -> None:
        """Let time pass until a node has a service of that name. Raises OutOfTime."""
        self.within(limit, lambda: self._wait_for(service, self.find(node)))

    def _wait_for(self, service: str, node: AnyNode) -> None:
        while (node.name, service) not in self._there:
            try:
                self.call(service, (0, 0, 0, 0), node=node.name)
                self._there.add((node.name, service))
                return
            except NoSuchService:
                self.check(self.engine.run(min(self.time_ns + LOOK_AGAIN, self.engine.limit_ns), node=node))
            if self.time_ns >= self.engine.limit_ns:
                raise OutOfTime(f"{service} is not there after {self.time_ns / SECOND:.3f} s of virtual time")

    def check_on(self, node: AnyNode) -> None:
        """Refuse what a node that is off cannot do."""
        if not node.is_on:
            raise ClusterError(f"{node.name} is off: `start` switches it on")

    def check(self, reason: StopReason | None) -> None:
        """Raise what a run of the engine ended with, if the node has ended."""
        if reason is not None and reason.kind is not Stop.UNTIL:
            raise NodeStopped(reason)

    # ---- figures and states ----

    def stats(self) -> dict[str, Any]:
        """What has happened, by node and link; the same in every run."""
        return {
            "seed": self.settings.seed,
            "virtual_nanoseconds": self.time_ns,
            "windows": self.engine.windows,
            "nodes": {node.name: node.stats() for node in self.nodes},
            "network": self.engine.network.stats(),
        }

    def save(self) -> bytes:
        """Everything: nodes with their disks, frames on their way, what the station knows. Between two calls."""
        rest = {
            "nodes": [node.save() for node in self.nodes], "current": self.node.name, "engine": self.engine.save(),
            "there": [list(pair) for pair in sorted(self._there)],
        }  # fmt: skip
        parts = [pack(rest), *(node.board.save() for node in self.nodes)]
        return b"".join(LENGTH.pack(len(part)) + part for part in parts)

    def restore(self, data: bytes) -> None:
        """Become the cluster that was saved; this one must have been made alike. Raises StateError."""
        rest, *boards = split_parts(data)
        saved = unpack(rest)
        check_same("number of nodes", len(boards), len(self.nodes))
        for node, board, state in zip(self.nodes, boards, saved["nodes"], strict=True):
            node.board.restore(board)
            node.restore(state)
        self.engine.restore(saved["engine"])
        self.node = self.find(saved["current"])
        self._there = {(name, service) for name, service in saved["there"]}


def planned(count: int, memory: int) -> tuple[NodePlan, ...]:
    """So many nodes, all alike."""
    if not 1 <= count <= MOST_NODES:
        raise ClusterError(f"a cluster of {count} nodes is not possible: it can have 1 to {MOST_NODES}")
    return tuple(NodePlan(f"node{number}", memory) for number in range(1, count + 1))


def split_parts(data: bytes) -> list[bytes]:
    """The parts of a saved cluster."""
    parts, place = [], 0
    while place < len(data):
        begin = place + LENGTH.size
        place = begin + (LENGTH.unpack_from(data, place)[0] if begin <= len(data) else 0)
        parts.append(data[begin:place])
    return parts or [b""]


__all__ = ["Cluster", "ClusterError", "NodeStopped", "OutOfTime", "Result", "Unreachable"]
