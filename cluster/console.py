"""A cluster at a terminal: the terminal is the node's console; Ctrl-] opens the monitor for a line.

Idle time is paced to the wall clock: a node with nothing to do does not rush ahead of who looks at it.
"""

import sys
import time

from atoll.cluster.batch import Output, status_of_end
from atoll.cluster.cluster import Cluster, NodeStopped
from atoll.cluster.interrupts import Interrupts
from atoll.cluster.keyboard import Keyboard, Quit, open_keyboard
from atoll.cluster.monitor import is_told, monitor_line

SLICE_NS = 10_000_000                           # virtual, between two looks at the keyboard
KEY_WAIT_SECONDS = 0.1                          # between two looks at signals
PROMPT = "monitor> "
LEAVE = ("quit", "exit")
HINT = "Ctrl-] opens the monitor; there, `help` lists what it can do, `quit` leaves, an empty line goes back"


class Pace:
    """How far virtual time is ahead of the wall clock. A host that was slower is not hurried afterwards."""

    def __init__(self, virtual_ns: int) -> None:
        self._virtual, self._wall = virtual_ns, time.monotonic()

    def ahead(self, virtual_ns: int) -> float:
        """Seconds to wait until the wall clock is there."""
        ahead = (virtual_ns - self._virtual) / 1e9 - (time.monotonic() - self._wall)
        if ahead < 0:
            self._virtual, self._wall = virtual_ns, time.monotonic()
        return max(ahead, 0.0)


def run_at_terminal(cluster: Cluster, output: Output) -> int:
    """Until the node ends, or the user leaves; the exit status."""
    while True:
        try:
            with open_keyboard(signals=False) as keyboard, Interrupts() as interrupts:
                run_console(cluster, keyboard, interrupts, output)
        except Quit as quit_:
            cluster.feed(quit_.keys)
            if not run_monitor(cluster, output):
                return 0
        except NodeStopped as error:
            output.flush()
            return status_of_end(error)


def run_console(cluster: Cluster, keyboard: Keyboard, interrupts: Interrupts, output: Output) -> None:
    """Slice after slice; ends by an exception."""
    pace = Pace(cluster.time_ns)
    while True:
        if cluster.is_on:
            cluster.advance(SLICE_NS / 1e9)
        output.flush()
        interrupts.check()
        idle = not cluster.node.runs or cluster.node.board.idle
        wait = pace.ahead(cluster.time_ns) if cluster.is_on else KEY_WAIT_SECONDS
        keys = keyboard.read(min(wait, KEY_WAIT_SECONDS) if idle else 0)
        if keys:
            cluster.feed(keys)


def run_monitor(cluster: Cluster, output: Output) -> bool:
    """One line for the monitor, typed with the terminal as it always is; False to leave."""
    print()
    try:
        line = input(PROMPT).strip()
    except EOFError:
        return False
    except KeyboardInterrupt:
        print()
        return True
    if line in LEAVE:
        return False
    try:
        with Interrupts() as interrupts:
            cluster.engine.watch = interrupts.check
            sys.stdout.write(monitor_line(cluster, line).text)
    except KeyboardInterrupt:
        print("interrupted")
    except NodeStopped:
        raise
    except Exception as error:
        if not is_told(error):
            raise
        print(error)
    output.flush()
    return True
