"""A program on its way from node2 to node3, born on node1: when which message of the protocol passes, and what is left
when nodes crash at such a moment, or no longer hear each other, and come back later.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from atoll.abi.wire import Kind, Way
from atoll.compiler.interfaces.host import describe
from atoll.net.frame import decode
from tests.remote.system import NODES, System

HOME, SOURCE, DESTINATION = NODES
STEPS, PAUSE = 60, 20  # of the program, and milliseconds between two
SECOND = 1_000_000_000
GONE = 5.0  # seconds that a crashed node is away: long enough to be missed
SETTLED = 6.0  # and until all is told after it has come back
REPORTED = {129: "its node has gone", 130: "its destination has died with it"}
SERVERS = ("mover", "migration")


@dataclass(frozen=True)
class Moment:
    """A message between the movers, or starters, of both nodes."""

    name: str  # of the method; of a reply: with `reply` behind it
    time_ns: int  # when it leaves


def names_of_methods(repository: Path) -> dict[int, str]:
    """By their numbers in a message's first word."""
    interfaces = [
        interface
        for name in SERVERS
        for interface in describe(f"atoll.servers.{name}.interface", repository / f"servers/{name}/interface.py")
    ]
    return {method.number: method.name for interface in interfaces for method in interface.methods}


class Watcher:
    """A tap on the wire: notes the messages between source and destination."""

    def __init__(self, key: bytes, methods: dict[int, str]) -> None:
        self.key, self.methods = key, methods
        self.moments: list[Moment] = []
        self.asked: dict[tuple[int, int, int], str] = {}  # client, channel, transaction: what

    def __call__(self, time_ns: int, station: str, leaves: bool, data: bytes) -> None:
        if not leaves or station not in (SOURCE, DESTINATION):
            return
        frame = decode(self.key, data)
        if frame.kind not in (Kind.REQUEST, Kind.REPLY) or frame.fragment != 0 or frame.envelope is None:
            return
        client = NODES.index(station) + 1
        if frame.kind is Kind.REQUEST and frame.destination[-1] == 5 - client:
            name = self.methods.get(frame.envelope.words[0]) if frame.envelope.way == Way.CALL else None
            if name is not None:
                self.asked[client, frame.channel, frame.transaction] = name
                self.moments.append(Moment(name, time_ns))
        elif frame.kind is Kind.REPLY and (found := self.asked.get((5 - client, frame.channel, frame.transaction))):
            self.moments.append(Moment(f"{found} reply", time_ns))


class Ordeal:
    """The program on node2, about to move to node3 by some strategies; each trial starts from there."""

    def __init__(self, system: System, repository: Path, memory: str, delivery: str, program: str) -> None:
        self.system, self.cluster, self.memory = system, system.cluster, memory
        system.restore()
        self.expected = system.run(program.format(1))[1].splitlines()
        system.restore()
        system.lines(f"{program.format(PAUSE)} > log &")
        self.pid = next(pid for name, pid in system.programs().items() if name == program.split(maxsplit=1)[0])
        system.lines(f"migrate {self.pid} {SOURCE}")
        self.cluster.advance(0.1)
        self.state = self.cluster.save()
        self.line = f"migrate --memory {memory} --delivery {delivery} {self.pid} {DESTINATION} > said &"
        self.methods = names_of_methods(repository)
        self.complete_ns = self.handed_over_ns = 0  # when READY leaves the destination, and GO the source

    def begin(self) -> None:
        """Order the migration."""
        self.cluster.restore(self.state)
        self.system.lines(self.line)

    def moments(self) -> list[Moment]:
        """All messages of an unbroken migration, in their order."""
        watcher = Watcher(self.cluster.settings.key, self.methods)
        self.cluster.restore(self.state)
        self.cluster.engine.network.taps.append(watcher)
        try:
            self.system.lines(self.line)
            self.cluster.advance(0.5)
        finally:
            self.cluster.engine.network.taps.remove(watcher)
        assert self.where() == [DESTINATION]
        found = sorted(watcher.moments, key=lambda moment: moment.time_ns)
        self.complete_ns = next(moment.time_ns for moment in found if moment.name == "state reply")
        self.handed_over_ns = next(moment.time_ns for moment in found if moment.name == "go")
        return found

    def run_to(self, time_ns: int) -> None:
        """As far as that."""
        self.cluster.engine.run(time_ns)

    def states(self) -> dict[str, str]:
        """On which nodes the program is, and what it does there, by `ps`."""
        rows = [re.match(r"(\S+) +(\S+) +\S+ +\d+ +\d+ (.{9}) ", row) for row in self.system.lines("ps")]
        return {row[1]: row[3].strip() for row in rows if row is not None and row[2] == self.pid}

    def where(self) -> list[str]:
        """Where it runs."""
        return [node for node, state in self.states().items() if state not in ("moved", "frozen", "in doubt", "ended")]

    def end(self) -> int:
        """Its status, when it has ended: it has printed all, or a part, but nothing twice."""
        status, _ = self.system.run("wait %1")
        printed = self.system.lines("cat log")
        assert printed == self.expected[: len(printed)], printed
        if status == 7:
            assert printed == self.expected
        else:
            assert status in REPORTED or self.memory == "reference", status
        return status
