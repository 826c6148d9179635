"""The monitor: what the host can do to a running cluster, as lines. A line is looked up in the table at the end."""

import shlex
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from atoll.cluster.cluster import Cluster, ClusterError
from atoll.cluster.transfer import get_file, put_file
from atoll.machine.errors import MachineError
from atoll.net.network import TopologyError
from atoll.net.station import CallError

MARK = "!"  # begins a monitor line among lines for the shell
TEMPORARY = "/tmp"  # of the node
NETWORK = "network"  # the service that carries our own calls
SWAP_SECONDS = 0.1  # of virtual time: far more than a swap takes
UNITS = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0}


class MonitorError(Exception):
    """A line that the monitor cannot carry out; the text says why."""


@dataclass(frozen=True)
class Outcome:
    """What came of a line: what it says, and its status as of a command."""

    text: str = ""
    status: int = 0


@dataclass(frozen=True)
class Command:
    """One command: how it is written, what it does."""

    usage: str
    help: str
    action: Callable[[Cluster, list[str]], Outcome]
    least: int  # arguments
    most: int | None  # None: as many as one likes

    def check(self, words: list[str]) -> None:
        """Refuse a wrong number of arguments."""
        if len(words) < self.least or (self.most is not None and len(words) > self.most):
            raise MonitorError(f"usage: {self.usage}")


def monitor_line(cluster: Cluster, line: str) -> Outcome:
    """Carry a line out, written with or without the mark. Raises MonitorError, and what services raise."""
    try:
        words = shlex.split(line.strip().removeprefix(MARK))
    except ValueError as error:
        raise MonitorError(f"{line.strip()}: {error}") from None
    if not words:
        return Outcome()
    command = COMMANDS.get(words[0])
    if command is None:
        raise MonitorError(f"there is no monitor command {words[0]}; `help` lists them")
    command.check(words[1:])
    return command.action(cluster, words[1:])


def is_told(error: Exception) -> bool:
    """Whether the text of an error is for who wrote the line; anything else is a mistake of ours."""
    from atoll.compiler.errors import CompileError
    from atoll.userland.runtime.interface import ServiceError

    told = MonitorError | CallError | ClusterError | TopologyError | MachineError | CompileError | ServiceError
    return isinstance(error, told)


# ---- the commands ----


def show_help(_cluster: Cluster, _words: list[str]) -> Outcome:
    width = max(len(command.usage) for command in COMMANDS.values())
    return Outcome("".join(f"{command.usage:<{width}}  {command.help}\n" for command in COMMANDS.values()))


def advance(cluster: Cluster, words: list[str]) -> Outcome:
    cluster.advance(duration(words[0]))
    return Outcome(f"{cluster.time_ns / 1e9:.6f} s of virtual time\n")


def duration(text: str) -> float:
    """Seconds of a text such as `2s`, `150ms`; without a unit, seconds."""
    number = text.rstrip("abcdefghijklmnopqrstuvwxyz")
    unit = text[len(number) :]
    try:
        seconds = float(number) * UNITS[unit or "s"]
    except (KeyError, ValueError):
        raise MonitorError(f"{text}: a time is a number and one of {', '.join(UNITS)}") from None
    if not 0 <= seconds <= 1e9:
        raise MonitorError(f"{text}: time goes forward, and not so far")
    return seconds


def show_stats(cluster: Cluster, _words: list[str]) -> Outcome:
    import json

    return Outcome(json.dumps(cluster.stats(), indent=2) + "\n")


def swap(cluster: Cluster, words: list[str]) -> Outcome:
    name, source = words[0], Path(words[1])
    target = f"{TEMPORARY}/{name}.new"
    put_file(cluster, compiled(source), target)
    line = shlex.join(["swap", name, target])
    if name != NETWORK:
        return shell(cluster, line)
    # A call that the network server has in hand cannot go over to its successor: let none be there.
    outcome = shell(cluster, f"{line} &")
    cluster.advance(SWAP_SECONDS)
    return outcome


def run(cluster: Cluster, words: list[str]) -> Outcome:
    source = Path(words[0])
    target = f"{TEMPORARY}/{source.stem}"
    put_file(cluster, compiled(source), target)
    return shell(cluster, shlex.join([target, *words[1:]]))


def shell(cluster: Cluster, line: str) -> Outcome:
    """What a line of the shell comes to; what it prints comes out of the console as always."""
    return Outcome(status=cluster.run(line).status)


def compiled(source: Path) -> bytes:
    """A program for the node, from its source."""
    from atoll.compiler.cache import Cache
    from atoll.compiler.driver import compile_file
    from atoll.images.strip import stripped

    if not source.is_file():
        raise MonitorError(f"{source}: there is no such file")
    return stripped(compile_file(source, "program", cache=Cache()))


def put(cluster: Cluster, words: list[str]) -> Outcome:
    source = Path(words[0])
    try:
        data = source.read_bytes()
    except OSError as error:
        raise MonitorError(f"{source}: {error.strerror}") from None
    put_file(cluster, data, words[1])
    return Outcome(f"{len(data):,} bytes to {words[1]}\n")


def get(cluster: Cluster, words: list[str]) -> Outcome:
    data = get_file(cluster, words[0])
    target = Path(words[1])
    try:
        target.write_bytes(data)
    except OSError as error:
        raise MonitorError(f"{target}: {error.strerror}") from None
    return Outcome(f"{len(data):,} bytes to {target}\n")


def node(cluster: Cluster, words: list[str]) -> Outcome:
    if words:
        cluster.node = cluster.find(words[0])
        return Outcome()
    lines = []
    for each in cluster.nodes:
        lines.append(f"{'*' if each is cluster.node else ' '} {each.name:<16} {each.state}\n")
    return Outcome("".join(lines))


def meant(cluster: Cluster, words: list[str]) -> str:
    """The node that a line names, or the one it goes to."""
    return words[0] if words else cluster.node.name


def crash(cluster: Cluster, words: list[str]) -> Outcome:
    name = meant(cluster, words)
    cluster.crash(name)
    return Outcome(f"{name} is off: its memory is lost; `start` switches it on\n")


def failing(cluster: Cluster, words: list[str]) -> Outcome:
    from atoll.cluster.evacuation import evacuate

    return Outcome(evacuate(cluster, cluster.find(words[0]).name, duration(words[1])))


def start(cluster: Cluster, words: list[str]) -> Outcome:
    cluster.start(meant(cluster, words))
    return Outcome()


def pause(cluster: Cluster, words: list[str]) -> Outcome:
    name = meant(cluster, words)
    cluster.pause(name)
    return Outcome(f"{name} stands still; `resume` lets it go on\n")


def resume(cluster: Cluster, words: list[str]) -> Outcome:
    cluster.resume(meant(cluster, words))
    return Outcome()


def cut(cluster: Cluster, words: list[str]) -> Outcome:
    cluster.engine.network.cut(words[0], words[1])
    return Outcome()


def heal(cluster: Cluster, _words: list[str]) -> Outcome:
    cluster.engine.network.heal()
    return Outcome()


def spoil(fault: str) -> Callable[[Cluster, list[str]], Outcome]:
    """What sets one of the faults that have a chance, on all links."""

    def action(cluster: Cluster, words: list[str]) -> Outcome:
        faults: dict[str, Any] = {fault: number(words[0], 0, 100) / 100}
        cluster.engine.network.spoil(**faults)
        return Outcome()

    return action


def slow(cluster: Cluster, words: list[str]) -> Outcome:
    cluster.engine.network.spoil(slow=round(number(words[0], 1, 1_000_000)))
    return Outcome()


def number(text: str, least: float, most: float) -> float:
    """A number within limits."""
    try:
        value = float(text)
    except ValueError:
        raise MonitorError(f"{text} is not a number") from None
    if not least <= value <= most:
        raise MonitorError(f"{text}: a number from {least:g} to {most:g} is wanted")
    return value


COMMANDS: dict[str, Command] = {
    command.usage.split()[0]: command
    for command in (
        Command("help", "this list", show_help, 0, 0),
        Command("advance TIME", "let virtual time pass: 2s, 150ms", advance, 1, 1),
        Command("stats", "instructions, times and frames so far, as JSON", show_stats, 0, 0),
        Command("run FILE.py [ARGS]", "compile a program and run it in the shell", run, 1, None),
        Command("swap NAME FILE.py", "compile a server and let it take NAME's place while that serves", swap, 2, 2),
        Command("put HOST GUEST", "copy a file of the host to the node", put, 2, 2),
        Command("get GUEST HOST", "copy a file of the node to the host", get, 2, 2),
        Command("node [NODE]", "whose console follows, and who runs lines; without a name: the list", node, 0, 1),
        Command("crash [NODE]", "switch a node off, without any warning to it", crash, 0, 1),
        Command("failing NODE TIME", "move off a node what can be, in that time, then switch it off", failing, 2, 2),
        Command("start [NODE]", "switch a node on, with the disk as it is", start, 0, 1),
        Command("pause [NODE]", "a node's CPU stands still; its clock and its card go on", pause, 0, 1),
        Command("resume [NODE]", "it goes on", resume, 0, 1),
        Command("cut A B", "two nodes hear each other no more; or a switch's link to a node or switch", cut, 2, 2),
        Command("loss PERCENT", "so many of the frames on each link are lost", spoil("loss"), 1, 1),
        Command("duplication PERCENT", "... come twice", spoil("duplication"), 1, 1),
        Command("reordering PERCENT", "... come late", spoil("reordering"), 1, 1),
        Command("corruption PERCENT", "... have wrong bits", spoil("corruption"), 1, 1),
        Command("slow TIMES", "each link takes so many times as long", slow, 1, 1),
        Command("heal", "nothing is cut any more, and all links are sound", heal, 0, 0),
    )
}
