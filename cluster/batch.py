"""Lines for a cluster, one after another: from `-c`, from a script, or from standard input that is no terminal.

A line goes to the shell, or with `!` to the monitor. What the console prints goes to standard output as it comes.
"""

import sys
from collections.abc import Iterable, Iterator

from atoll.cluster.blocked import where_processes_wait
from atoll.cluster.cluster import LINE_LIMIT, Cluster, NodeStopped, OutOfTime
from atoll.cluster.guard import say
from atoll.cluster.monitor import MARK, is_told, monitor_line
from atoll.machine.board import Stop

SEPARATOR = ";"
COMMENT = "#"
QUOTES = "\"'"
FAILED = 1                                      # a monitor line that could not be carried out
STUCK_STATUS = 3                                # the guest can never go on, or not within the limit


def split_commands(text: str) -> list[str]:
    """The lines of a `-c` text: `;` separates, but not inside quotes or behind a backslash."""
    lines, quote, escaped = [""], "", False
    for character in text:
        if character == SEPARATOR and not quote and not escaped:
            lines.append("")
            continue
        if escaped or (character == "\\" and quote != "'"):
            escaped = not escaped
        elif character in QUOTES and quote in ("", character):
            quote = "" if quote else character
        lines[-1] += character
    return lines


def wanted(lines: Iterable[str]) -> Iterator[str]:
    """Without empty lines and comments."""
    for line in lines:
        stripped = line.strip()
        if stripped and not stripped.startswith(COMMENT):
            yield stripped


class Output:
    """What the current node's console has printed, to standard output, once."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.shown = {node.name: len(node.console) for node in cluster.nodes}

    def flush(self) -> None:
        """Write out what is new."""
        node = self.cluster.node
        shown = self.shown[node.name]
        if len(node.console) > shown:
            sys.stdout.buffer.write(node.console[shown:])
            sys.stdout.buffer.flush()
            self.shown[node.name] = len(node.console)


def run_lines(cluster: Cluster, lines: Iterable[str], output: Output, limit: float = LINE_LIMIT) -> int:
    """Run them all; the status of the last one. A node that ends gives its own."""
    status = 0
    for line in wanted(lines):
        try:
            status = run_line(cluster, line, limit)
        except NodeStopped as error:
            output.flush()
            return status_of_end(error)
        except OutOfTime as error:
            output.flush()
            say(f"{line}: {error}")
            say(where_processes_wait(cluster))
            return STUCK_STATUS
        except Exception as error:
            if not is_told(error):
                raise
            output.flush()
            say(f"{line}: {error}")
            status = FAILED
        output.flush()
    return status


def run_line(cluster: Cluster, line: str, limit: float) -> int:
    """One line; its status."""
    if not line.startswith(MARK):
        return cluster.run(line, limit).status
    outcome = cluster.within(limit, lambda: monitor_line(cluster, line))
    if outcome.text:
        sys.stdout.write(outcome.text)
        sys.stdout.flush()
    return outcome.status


def status_of_end(error: NodeStopped) -> int:
    """The exit status when the node has ended."""
    if error.reason.kind in (Stop.EXIT, Stop.RESET):
        return error.reason.status & 0xFF
    say(str(error))
    return STUCK_STATUS
