"""A cluster at a terminal: the terminal is the node's console; Ctrl-] opens the monitor for a line.

Idle time is paced to the wall clock: a node with nothing to do does not rush ahead of who looks at it.
"""

import os
import sys
from typing import NoReturn

from atoll.cluster.batch import Output, status_of_end
from atoll.cluster.cluster import Cluster, NodeStopped
from atoll.cluster.control.server import Control
from atoll.cluster.interrupts import Interrupts
from atoll.cluster.keyboard import Keyboard, Quit, open_keyboard
from atoll.cluster.monitor import is_told, monitor_line
from atoll.cluster.realtime import Pace

SLICE_NS = 10_000_000                           # virtual, between two looks at the keyboard
KEY_WAIT_SECONDS = 0.1                          # between two looks at signals
LONGEST_LINE = 4096
PROMPT = "monitor> "
LEAVE = ("quit", "exit")
HINT = "Ctrl-] opens the monitor; there, `help` lists what it can do, `quit` leaves, an empty line goes back"


def run_at_terminal(cluster: Cluster, output: Output, control: Control) -> int:
    """Until the node ends, or the user leaves; the exit status. Others may be attached meanwhile."""
    while True:
        try:
            keys = run_console(cluster, output, control)
            cluster.node.press(keys, cluster.time_ns)
            if not run_monitor(cluster, output, control):
                return 0
        except NodeStopped as error:
            output.flush()
            return status_of_end(error)


def run_console(cluster: Cluster, output: Output, control: Control) -> bytes:
    """Slice after slice, until Ctrl-]; the keys before it."""
    try:
        with open_keyboard(signals=False) as keyboard, Interrupts() as interrupts:
            watch(cluster, control, interrupts)
            run_slices(cluster, keyboard, interrupts, output, control)
    except Quit as quit_:
        return quit_.keys


def run_slices(
    cluster: Cluster, keyboard: Keyboard, interrupts: Interrupts, output: Output, control: Control
) -> NoReturn:
    """Slice after slice; ends by an exception."""
    pace = Pace(cluster.time_ns)
    while True:
        if cluster.is_on:
            cluster.advance(SLICE_NS / 1e9)
        output.flush()
        interrupts.check()
        idle = not cluster.node.runs or cluster.node.idle
        wait = pace.ahead(cluster.time_ns) if cluster.is_on else KEY_WAIT_SECONDS
        if control.serve(min(wait, KEY_WAIT_SECONDS) if idle else 0, keyboard.descriptor):
            cluster.node.press(keyboard.read(), cluster.time_ns)


def watch(cluster: Cluster, control: Control, interrupts: Interrupts) -> None:
    """What is looked after while a line takes virtual time."""

    def look() -> None:
        interrupts.check()
        control.look()

    cluster.engine.watch = look


def run_monitor(cluster: Cluster, output: Output, control: Control) -> bool:
    """One line for the monitor, typed with the terminal as it always is; False to leave."""
    print()
    try:
        line = read_line(cluster, control)
    except EOFError:
        return False
    except KeyboardInterrupt:
        print()
        return True
    if line in LEAVE:
        return False
    try:
        with Interrupts() as interrupts:
            watch(cluster, control, interrupts)
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


def read_line(cluster: Cluster, control: Control) -> str:
    """What is typed at the prompt. Meanwhile the cluster stands still, unless somebody is attached to it."""
    sys.stdout.write(PROMPT)
    sys.stdout.flush()
    keyboard = sys.stdin.fileno()
    cluster.engine.watch = control.look
    while not control.serve(SLICE_NS / 1e9 if control.watched else KEY_WAIT_SECONDS, keyboard):
        if control.watched and cluster.is_on:
            cluster.advance(SLICE_NS / 1e9)
    line = os.read(keyboard, LONGEST_LINE)      # the terminal gives a line at a time
    if not line:
        raise EOFError
    return line.decode(errors="replace").strip()
