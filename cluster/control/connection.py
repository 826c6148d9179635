"""One who has connected to a running cluster: what he asked for, what he is sent, the console that he watches.

A console's output is not queued: a watcher has a place in what the node has printed, and is sent the rest as he reads.
"""

import socket

from atoll.cluster.control.protocol import Lines, Message, encode, text_of
from atoll.cluster.engine import AnyNode

PART = 16 << 10                                 # bytes of output in one message
RECEIVE = 1 << 16
BACK_LINES = 24                                 # of a console that somebody who attaches is shown


class Connection:
    """One who has connected."""

    def __init__(self, connection: socket.socket) -> None:
        self.socket = connection
        self.out = bytearray()                  # not sent yet
        self.lines = Lines()
        self.request: Message | None = None     # to be carried out
        self.watched: AnyNode | None = None        # whose console it is attached to
        self.shown = 0                          # bytes of that console
        self.state = ""                         # of that node, as it was told
        self.ends = False                       # after `out`
        self.gone = False

    def fileno(self) -> int:
        """For `select`."""
        return self.socket.fileno()

    def send(self, message: Message) -> None:
        """Put a message behind those that are on their way."""
        self.out += encode(message)

    def flush(self) -> None:
        """Send what there is, as much as goes."""
        try:
            del self.out[: self.socket.send(self.out)]
        except BlockingIOError:
            pass
        except OSError:
            self.gone = True

    def receive(self) -> list[Message]:
        """What has come."""
        try:
            data = self.socket.recv(RECEIVE)
        except BlockingIOError:
            return []
        except OSError:
            data = b""
        self.gone |= not data
        return self.lines.feed(data)

    def attach(self, node: AnyNode) -> None:
        """Its console from now on, and what stands on it."""
        self.watched = node
        self.shown = start_of_last_lines(node.console)
        self.state = node.state

    def show(self) -> None:
        """What is new at the node that it watches, if the last part has been taken."""
        node = self.watched
        if node is None or self.out:
            return
        if self.shown < len(node.console):
            part = bytes(node.console[self.shown : self.shown + PART])
            self.shown += len(part)
            self.send({"output": text_of(part)})
        elif (state := node.state) != self.state:
            self.state = state
            self.send({"state": state})


def start_of_last_lines(console: bytearray) -> int:
    """Where the last few lines of a console begin."""
    start = len(console)
    for _ in range(BACK_LINES):
        start = console.rfind(b"\n", 0, start)
        if start < 0:
            return 0
    return start + 1
