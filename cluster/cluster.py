"""A whole cluster as one object: `with atoll.Cluster(seed=7) as c: print(c.run("ls /bin").output)`.

Everything happens in virtual time, and only inside a method: while the host thinks, the cluster stands still.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

from atoll.cluster.engine import Engine
from atoll.cluster.node import HOST_NUMBER, Node, Settings, station_address
from atoll.cluster.remote import Remote
from atoll.images.recipe import Image
from atoll.machine.board import Stop, StopReason
from atoll.machine.config import Hooks
from atoll.machine.state import pack, unpack
from atoll.net.frame import Words
from atoll.net.station import NO_PORT, NoSuchService, NotTaken, Reply, Unreachable
from atoll.net.wire import Medium

SECOND = 1_000_000_000  # nanoseconds
MILLISECOND = 1_000_000
BOOT_LIMIT = 60.0  # seconds of virtual time until a service answers for the first time
LINE_LIMIT = 120.0  # and until a line has ended
LOOK_AGAIN = 5 * MILLISECOND  # while a service is waited for
RESTART = 3 * SECOND  # that a shell which has died may take until there is another
SETTLE = 10 * MILLISECOND  # the most that the console may lag behind what was printed

LENGTH = struct.Struct("<Q")  # a saved cluster: the length of all but the board's state, that, the board's state

SHELL = "/services/shell"
NETWORK = "/services/network"
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


class Cluster:
    """Nodes, wire and the host's station.

    nodes: one, so far. seed: of all that is random. memory: MiB of a node. disk: an image file to keep; without it,
    a fresh copy of the system's. image: another system than the standard one (then without a disk, unless given).
    """

    def __init__(
        self,
        nodes: int = 1,
        seed: int = 0,
        memory: int = 128,
        disk: Path | str | bytes | None = None,
        *,
        image: Image | None = None,
        hooks: Hooks = "native",
        medium: Medium | None = None,
        interactive: bool = False,
    ) -> None:
        if nodes != 1:
            raise ClusterError(f"a cluster of {nodes} nodes is not possible yet: there is one")
        if image is None:
            from atoll.cluster.disks import system_disk
            from atoll.cluster.images import ready_system

            image, disk = ready_system(), system_disk(disk)
        self.settings = Settings(seed, memory, Path(disk) if isinstance(disk, str) else disk, hooks, interactive)
        self.node = Node(1, image, self.settings)
        self.engine = Engine(
            self.node.board, medium or Medium(), station_address(HOST_NUMBER), self.settings.key,
            self.settings.host_session,
        )  # fmt: skip
        self.is_on = False
        self._there: set[str] = set()  # services that have answered since the node was switched on

    # ---- life ----

    def __enter__(self) -> "Cluster":
        self.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        """Nothing runs any more; a disk that is kept is an ordinary file."""

    def start(self) -> None:
        """Switch the node on, again if it was on already: its memory is lost, its disk is not."""
        self.crash()
        self.node.start()
        self.is_on = True

    def crash(self) -> None:
        """Switch the node off, without any warning to it."""
        self.engine.station.forget(self.node.address)
        self._there.clear()
        self.is_on = False

    @property
    def time_ns(self) -> int:
        """Virtual time."""
        return self.node.board.time_ns

    @property
    def console(self) -> bytes:
        """All that the console has printed."""
        return bytes(self.node.console)

    # ---- what can be done ----

    def run(self, line: str, limit: float = LINE_LIMIT) -> Result:
        """Run a line in the shell, as soon as there is one. `limit`: seconds of virtual time.

        Raises OutOfTime, NodeStopped, CallError.
        """
        self.wait_for(SHELL)
        begin = len(self.node.console)
        status = self.within(limit, lambda: self._run_line(line))
        self.settle()
        return Result(status, self.node.console[begin:].decode("utf-8", "replace"))

    def _run_line(self, line: str) -> int:
        """The status of a line. If the shell has died, a line that has not begun waits for the next one."""
        from atoll.servers.shell.interface import Shell

        patience = self.time_ns + RESTART
        while True:
            try:
                return self.client(Shell, SHELL).run(line)
            except NotTaken:
                if self.time_ns > patience:
                    raise
                self.engine.run(self.time_ns + LOOK_AGAIN)

    def monitor(self, line: str) -> str:
        """A line for the monitor, such as `crash`; what it says. Raises MonitorError."""
        from atoll.cluster.monitor import monitor_line

        return monitor_line(self, line).text

    def advance(self, seconds: float) -> None:
        """Let virtual time pass. Raises NodeStopped if the node ends meanwhile."""
        self.check_on()
        self.check(self.engine.run(self.time_ns + round(seconds * SECOND)))

    def feed(self, keys: bytes) -> None:
        """Type at the console."""
        self.node.board.feed(keys)

    def settle(self) -> None:
        """Let what was printed come out of the console: run until the node has nothing to do, or a moment."""
        board = self.node.board
        self.engine.run(self.time_ns + SETTLE, lambda: board.idle)

    # ---- services ----

    def client(self, interface: type[Declared], service: str) -> Declared:
        """A client of a service of the node; its methods take as long, in virtual time, as the service does."""
        from atoll.compiler.interfaces.host import client

        return client(interface, Remote(self, service))

    def call(
        self, service: str, words: Words, segment: bytes = b"", room: int = 1 << 16, port: bytes = NO_PORT
    ) -> Reply:
        """One message to a service and its reply, for clients. Raises CallError, OutOfTime, NodeStopped."""
        self.check_on()
        station = self.engine.station
        call = station.begin(self.node.address, service, words, segment, room, self.time_ns, port)
        try:
            self.check(self.engine.run(self.engine.limit_ns, lambda: call.over))
            if not call.over:
                raise OutOfTime(f"{service}: no answer by {self.time_ns / SECOND:.3f} s of virtual time")
        finally:
            station.cancel(call)
        return call.result()

    def release(self, held: object) -> None:
        """Tell the node that a client that came with a reply is not needed any more."""
        from atoll.compiler.interfaces.host import transport_of
        from atoll.servers.network.interface import Network

        transport = transport_of(held)
        assert isinstance(transport, Remote)
        port = transport.port
        low, high = int.from_bytes(port[:8], "little"), int.from_bytes(port[8:], "little")
        self.client(Network, NETWORK).release(low, high)

    def within(self, seconds: float, action: Callable[[], Declared]) -> Declared:
        """Do something that calls services; OutOfTime is raised when so much virtual time has passed."""
        before = self.engine.limit_ns
        self.engine.limit_ns = min(before, self.time_ns + round(seconds * SECOND))
        try:
            return action()
        finally:
            self.engine.limit_ns = before

    def wait_for(self, service: str, limit: float = BOOT_LIMIT) -> None:
        """Let the node go on until it has a service of that name. Raises OutOfTime."""
        self.within(limit, lambda: self._wait_for(service))

    def _wait_for(self, service: str) -> None:
        while service not in self._there:
            try:
                self.call(service, (0, 0, 0, 0))
                self._there.add(service)
                return
            except NoSuchService:
                self.check(self.engine.run(min(self.time_ns + LOOK_AGAIN, self.engine.limit_ns)))
            if self.time_ns >= self.engine.limit_ns:
                raise OutOfTime(f"{service} is not there after {self.time_ns / SECOND:.3f} s of virtual time")

    def check_on(self) -> None:
        """Refuse what a node that is off cannot do."""
        if not self.is_on:
            raise ClusterError(f"{self.node.name} is off: `start` switches it on")

    def check(self, reason: StopReason | None) -> None:
        """Raise what a run of the engine ended with, if the node has ended."""
        if reason is not None and reason.kind is not Stop.UNTIL:
            raise NodeStopped(reason)

    # ---- figures and states ----

    def stats(self) -> dict[str, Any]:
        """What has happened, by node; the same in every run."""
        wire = self.engine.wire
        return {
            "seed": self.settings.seed,
            "virtual_nanoseconds": self.time_ns,
            "nodes": {self.node.name: self.node.stats()},
            "wire": {
                "to_node": {"frames": wire.to_node.counts.frames, "bytes": wire.to_node.counts.bytes},
                "to_host": {"frames": wire.to_host.counts.frames, "bytes": wire.to_host.counts.bytes},
            },
        }

    def save(self) -> bytes:
        """Everything: nodes with their disks, frames on their way, what the station knows. Between two calls."""
        rest = {
            "node": self.node.save(), "engine": self.engine.save(), "is_on": self.is_on, "there": sorted(self._there),
        }  # fmt: skip
        packed = pack(rest)
        return LENGTH.pack(len(packed)) + packed + self.node.board.save()

    def restore(self, data: bytes) -> None:
        """Become the cluster that was saved; this one must have been made alike."""
        end = LENGTH.size + (LENGTH.unpack_from(data)[0] if len(data) >= LENGTH.size else 0)
        saved = unpack(data[LENGTH.size : end])
        self.node.board.restore(data[end:])
        self.node.restore(saved["node"])
        self.engine.restore(saved["engine"])
        self.is_on = saved["is_on"]
        self._there = set(saved["there"])


__all__ = ["Cluster", "ClusterError", "NodeStopped", "OutOfTime", "Result", "Unreachable"]
