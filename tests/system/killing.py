"""A booted node whose servers are killed while it works: what a round does, and what must be true afterwards."""

import random
from dataclasses import dataclass

from atoll.cluster.cluster import Cluster, NodeStopped
from atoll.cluster.services import services
from atoll.cluster.transfer import get_file
from atoll.machine.virtio.disk import MemoryDisk
from atoll.net.station import Call, CallError
from atoll.servers.supervisor.interface import ServiceState

SECOND = 1_000_000_000
SHELL, RUN = "/services/shell", 0x1000
SUPERVISOR, KILL = "/services/supervisor", 0x0E01
LIMIT = 30 * SECOND  # of virtual time, for a round: what is stuck is found by it
LOG = "/log"
STEPS = 6
LAST_LOOK = 99  # the load's last step: all names are there again
COUNTED = ("processes", "threads", "ports", "gates", "sets", "interrupts", "handles")
KEPT = {"handles": 8, "gates": 6}  # at most; that it does not grow has a test of its own


@dataclass(frozen=True)
class Kill:
    """Whom to kill, and when: nanoseconds after the work began."""

    victim: str
    delay: int

    def __str__(self) -> str:
        return f"{self.victim} at {self.delay} ns"


def draw(seed: int, count: int, victims: list[str], span: int) -> list[Kill]:
    """Kills that a seed stands for: each victim in turn, in a drawn order, at drawn times."""
    chance = random.Random(seed)
    order = [victims[number % len(victims)] for number in range(count)]
    chance.shuffle(order)
    return [Kill(victim, chance.randrange(span)) for victim in order]


class System:
    """A node in its saved state, and what an undisturbed round leaves there."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.saved = cluster.save()
        begin = cluster.time_ns
        self.work()
        self.span = cluster.time_ns - begin
        self.after_work()
        self.baseline = self.figures()

    def restore(self) -> None:
        """As if nothing had been."""
        self.cluster.restore(self.saved)

    def begin(self, service: str, word: int, text: str) -> Call:
        """A call that others are made beside."""
        station = self.cluster.engine.station
        return station.begin(
            self.cluster.node.address, service, (word, 0, 0, 0), text.encode(), 1 << 16, self.cluster.time_ns
        )

    def let(self, *calls: Call) -> None:
        """Let the node go on until these calls are over."""
        self.cluster.check(self.cluster.engine.run(
            self.cluster.time_ns + LIMIT, lambda: all(call.over for call in calls)
        ))
        assert all(call.over for call in calls), "a call has not ended"

    # ---- a round ----

    def work(self, kill: Kill | None = None) -> set[str]:
        """Run the load, and kill somebody meanwhile; the lines that it said were synced."""
        begin = len(self.cluster.console)
        work = self.begin(SHELL, RUN, f"load {STEPS} {LOG}")
        if kill is not None:
            self.cluster.check(self.cluster.engine.run(self.cluster.time_ns + kill.delay))
            self.let(work, self.begin(SUPERVISOR, KILL, kill.victim))
        else:
            self.let(work)
            assert work.result().words[:2] == (0, 0)
        self.cluster.settle()
        self.wait_until_it_has_ended()
        printed = self.cluster.console[begin:].decode()
        assert f"step {LAST_LOOK}:" not in printed, "a name is lost"
        return {line.split()[1] for line in printed.splitlines() if line.startswith("synced ")}

    def kill_during(
        self, line: str, victim: str, seconds: float, said: bytes = b"", times: int = 0
    ) -> tuple[Call, str]:
        """Run a line, and kill somebody after that time, or as soon as the console has shown a text so many times.

        The line's call, and what was printed until all is healed.
        """
        begin = len(self.cluster.console)
        work = self.begin(SHELL, RUN, line)

        def is_said() -> bool:
            return times > 0 and self.cluster.node.console.count(said, begin) >= times

        self.cluster.check(self.cluster.engine.run(self.cluster.time_ns + round(seconds * SECOND), is_said))
        self.let(work, self.begin(SUPERVISOR, KILL, victim))
        assert self.run_surely("echo alive").endswith("alive\n")
        return work, self.cluster.console[begin:].decode()

    def wait_until_it_has_ended(self) -> None:
        """If the network server or the session dies, the load goes on without us."""
        for _ in range(100):
            if "load" not in self.run_surely("ps"):
                return
            self.cluster.advance(0.05)
        raise AssertionError("the load does not end")

    def run_surely(self, line: str) -> str:
        """A line that may be repeated: the first answer after a death may be that nobody knows."""
        for _ in range(3):
            try:
                return self.cluster.run(line).output
            except CallError:
                self.cluster.advance(0.05)
        return self.cluster.run(line).output

    def after_work(self) -> str:
        """Once more, undisturbed; what that prints."""
        return self.cluster.run("load 2 /other").output

    def figures(self) -> dict[str, int]:
        """What the kernel counts."""
        self.cluster.advance(0.1)
        words = dict(line.split() for line in self.cluster.run("figures").output.splitlines())
        return {name: int(words[name]) for name in COUNTED}

    def services(self) -> dict[str, tuple[int, int]]:
        """Generation and state of each service."""
        return {name: (figures.generation, figures.state) for name, figures in services(self.cluster).items()}

    def log(self) -> list[str]:
        """The lines of the log."""
        return get_file(self.cluster, LOG).decode().splitlines()

    def power_off(self) -> bytes:
        """Switch the node off in an orderly way; its disk."""
        try:
            self.cluster.run("poweroff")
        except NodeStopped as stopped:
            assert stopped.reason.status == 0, str(stopped)
        block = self.cluster.node.board.block
        assert block is not None and isinstance(block.disk, MemoryDisk)
        return block.disk.read(0, block.disk.size)

    def check(self, kill: Kill, synced: set[str]) -> bytes:
        """All that must be true after a round; the disk."""
        assert self.after_work() == "synced 0\nsynced 1\n"
        for name, (generation, state) in self.services().items():
            assert (generation, state) == (int(name == kill.victim), ServiceState.SERVING), name
        log = self.log()
        assert synced <= set(log) and set(log) <= {str(step) for step in range(STEPS)}, log
        self.check_figures()
        return self.power_off()

    def check_figures(self) -> None:
        """Nothing is left over; a handle or gate for what survived under another owner is allowed."""
        figures = self.figures()
        for name, wanted in self.baseline.items():
            assert figures[name] <= wanted + KEPT.get(name, 0), f"{name}: {figures[name]}, not {wanted}"
