"""Programs that are moved from one node to another, from one saved state: what that costs.

`atoll bench migration` and `atoll experiment migration` are made of these runs, and so are tests.
"""

import struct
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from atoll.benchmarks.observer import Code, on_block
from atoll.cluster.cluster import Cluster
from atoll.cluster.engine import AnyNode
from atoll.cluster.images import ready_system
from atoll.cluster.node import Node
from atoll.cluster.transfer import put_file
from atoll.compiler.cache import Cache
from atoll.images.recipe import compile_file
from atoll.images.strip import stripped
from atoll.net.wire import Medium
from atoll.servers.migration.interface import Migration
from atoll.servers.mover.interface import MemoryStrategy
from atoll.userland.runtime.interface import ServiceError

PROGRAM = Path(__file__).parent / "programs" / "migrant.py"
MIGRANT = "/tmp/migrant"
STARTER = "/services/migration"
ORDER = struct.Struct("<4Q")  # an Order of servers/mover/interface.py
REPORT = struct.Struct("<10Q")  # a Report
DESTINATION = 2
LIMIT = 120.0  # virtual seconds
MEETING = 0.1  # seconds until the nodes know each other
STEP = 0.01
SETTLED = 0.05  # seconds between its being filled and the move


class Failed(Exception):
    """A program did not do what it was to do; the text is what was printed."""


@dataclass(frozen=True)
class Cost:
    """What a move has cost: nanoseconds, bytes and pages sent, calls to the other mover, pages left behind."""

    freeze: int
    total: int
    bytes: int
    messages: int
    pages: int
    left: int
    rounds: int
    links: int
    ports: int  # where the source receives for it still, and sends on
    calls: int  # whose answers come by way of the source
    elapsed: int  # from the order to the program's end
    frames: int  # on all links meanwhile
    kernel: int  # instructions that both nodes' kernels have executed during the move


class KernelTime:
    """Counts the instructions of a node's kernel, from each trap's first to the return to the program."""

    def __init__(self, node: AnyNode, kernel: Code) -> None:
        assert isinstance(node, Node)
        self.board = node.board
        self.instructions = 0
        self._since = 0
        on_block(self.board, kernel.symbols["trap_entry"], self._enter)
        on_block(self.board, kernel.symbols["resume"], self._leave)

    def begin(self) -> None:
        """The board is in another state now."""
        self._since = self.board.instructions

    def _enter(self) -> None:
        self._since = self.board.instructions

    def _leave(self) -> None:
        self.instructions += self.board.instructions - self._since
        self._since = self.board.instructions


class Bed:
    """Two nodes with the program, as they are when nothing runs."""

    def __init__(self, medium: Medium | None = None) -> None:
        self.cluster = Cluster(nodes=2, medium=medium)
        kernel = Code(ready_system().kernel)
        self.kernels = [KernelTime(node, kernel) for node in self.cluster.nodes]
        self.cluster.start()
        self.cluster.wait_for("/services/shell")
        put_file(self.cluster, stripped(compile_file(PROGRAM, "program", Cache())), MIGRANT)
        self.cluster.wait_for(STARTER)
        self.cluster.advance(MEETING)
        self.state = self.cluster.save()

    def close(self) -> None:
        """Nothing runs any more."""
        self.cluster.engine.close()

    def begin(self, size: int, rounds: int, work: str) -> int:
        """The program runs, and has filled its memory; its pid. Raises Failed."""
        self.cluster.restore(self.state)
        for each in self.kernels:
            each.begin()
        place = len(self.cluster.console)
        self.line(f"{MIGRANT} {size} {rounds} {work} &")
        while b"filled" not in self.cluster.console[place:]:
            self.cluster.advance(STEP)
        rows = [row.split() for row in self.line("ps -l").splitlines()]
        node, serial = next(row[1] for row in rows if row[-1] == "migrant").split(".")
        self.cluster.advance(SETTLED)
        return int(node) << 48 | 1 << 32 | int(serial)

    def move(self, size: int, rounds: int, work: str, strategy: MemoryStrategy) -> Cost:
        """A run in which it moves, until it has ended. Raises Failed."""
        pid = self.begin(size, rounds, work)
        begin, frames, kernel = self.cluster.time_ns, self.frames(), self.kernel()
        starter = self.cluster.client(Migration, STARTER)
        order: Any = ORDER.pack(pid, DESTINATION, strategy, 0)
        try:
            told: Any = self.cluster.within(LIMIT, lambda: starter.migrate(order))
        except ServiceError as error:
            raise Failed(f"it could not be moved: {error} (has it ended before? it ran {rounds} rounds)") from None
        report = REPORT.unpack(told)
        kernel = self.kernel() - kernel
        self.finish()
        told_of = dict(zip((field.name for field in fields(Cost)), report, strict=False))
        elapsed = self.cluster.time_ns - begin
        return Cost(**told_of, elapsed=elapsed, frames=self.frames() - frames, kernel=kernel)

    def stay(self, size: int, rounds: int, work: str) -> int:
        """The same run without a move: nanoseconds from where it would be ordered to the end. Raises Failed."""
        self.begin(size, rounds, work)
        begin = self.cluster.time_ns
        self.finish()
        return self.cluster.time_ns - begin

    def finish(self) -> None:
        """It ends, and has found nothing wrong."""
        self.line("wait %1")

    def line(self, line: str) -> str:
        """What a line of the shell prints."""
        result = self.cluster.run(line, LIMIT)
        if result.status != 0:
            raise Failed(f"{line}: status {result.status}: {result.output}")
        return result.output

    def frames(self) -> int:
        """That both nodes have sent."""
        return sum(int(node.stats()["frames_sent"]) for node in self.cluster.nodes)

    def kernel(self) -> int:
        """Instructions that both kernels have executed."""
        return sum(each.instructions for each in self.kernels)
