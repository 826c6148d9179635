"""Programs that are moved from one node to another, from one saved state: what that costs.

`atoll bench migration` and `atoll experiment migration` are made of these runs, and so are tests.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from atoll.cluster.cluster import Cluster
from atoll.cluster.transfer import put_file
from atoll.compiler.cache import Cache
from atoll.images.recipe import compile_file
from atoll.images.strip import stripped
from atoll.net.wire import Medium
from atoll.servers.migration.interface import Migration
from atoll.servers.mover.interface import MemoryStrategy

T = TypeVar("T")

PROGRAM = Path(__file__).parent / "programs" / "migrant.py"
MIGRANT = "/tmp/migrant"
STARTER = "/services/migration"
ORDER = struct.Struct("<4Q")  # an Order of servers/mover/interface.py
REPORT = struct.Struct("<8Q")  # a Report
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
    elapsed: int  # from the order to the program's end
    frames: int  # on all links meanwhile
    instructions: int  # of both nodes during the move


class Bed:
    """Two nodes with the program, as they are when nothing runs."""

    def __init__(self, medium: Medium | None = None) -> None:
        self.cluster = Cluster(nodes=2, medium=medium)
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
        begin, frames, instructions = self.cluster.time_ns, self.frames(), self.instructions()
        starter = self.cluster.client(Migration, STARTER)
        order = ORDER.pack(pid, DESTINATION, strategy, 0)
        told = self.cluster.within(LIMIT, lambda: starter.migrate(order))  # type: ignore[arg-type]
        freeze, total, sent, messages, pages, left, rounds_sent, links = REPORT.unpack(bytes(told))  # type: ignore[call-overload]
        instructions = self.instructions() - instructions
        self.finish()
        return Cost(
            freeze, total, sent, messages, pages, left, rounds_sent, links, self.cluster.time_ns - begin,
            self.frames() - frames, instructions,
        )  # fmt: skip

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

    def instructions(self) -> int:
        """That both nodes have executed."""
        return sum(int(node.stats()["instructions"]) for node in self.cluster.nodes)


def with_bed(medium: Medium | None, action: Callable[[Bed], T]) -> T:
    """Do something with two nodes, which are then switched off."""
    bed = Bed(medium)
    try:
        return action(bed)
    finally:
        bed.close()
