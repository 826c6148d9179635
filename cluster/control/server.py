"""The running cluster's side of control: answers who connects, between two windows of virtual time.

Consoles go both ways at any time, also while a line is carried out; everything else waits for its turn.
"""

import contextlib
import os
import select
import time
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from atoll import __version__
from atoll.cluster.cluster import LINE_LIMIT, Cluster
from atoll.cluster.control.connection import Connection
from atoll.cluster.control.places import Listener
from atoll.cluster.control.protocol import PROTOCOL, Message, ProtocolError, bytes_of, text_of
from atoll.cluster.engine import AnyNode
from atoll.cluster.guard import is_expected
from atoll.cluster.monitor import is_told, monitor_line
from atoll.cluster.programs import programs

LOOK_SECONDS = 0.02                             # between two looks at the sockets while a line is carried out


class Gone(Exception):
    """Who asked for it does not wait any more."""


class Control:
    """All who have connected to a cluster."""

    def __init__(self, cluster: Cluster, listener: Listener) -> None:
        self.cluster = cluster
        self.name = listener.name
        self._listener = listener
        self._connections: list[Connection] = []
        self._last_look = 0.0

    @property
    def watched(self) -> bool:
        """Whether somebody is attached to a console."""
        return any(connection.watched is not None for connection in self._connections)

    def serve(self, wait: float = 0.0, keyboard: int | None = None) -> bool:
        """Everything that is due, after waiting at most so long for something; whether the keyboard has something."""
        typed = self._exchange(wait, keyboard)
        for connection in [*self._connections]:
            if connection.request is not None and not connection.gone:
                self._carry_out(connection)
        self._exchange()
        return typed

    def look(self) -> None:
        """Consoles only, and not too often: for who lets virtual time pass meanwhile."""
        now = time.monotonic()
        if now - self._last_look >= LOOK_SECONDS:
            self._last_look = now
            self._exchange()

    def close(self, status: int) -> None:
        """The cluster ends: say so to all."""
        for connection in self._connections:
            connection.show()
            connection.send({"end": status})
            connection.socket.settimeout(1.0)   # who does not read gets no more
            with contextlib.suppress(OSError):
                connection.socket.sendall(connection.out)
            connection.socket.close()
        self._connections.clear()
        self._listener.close()

    # ---- sockets ----

    def _exchange(self, wait: float = 0.0, keyboard: int | None = None) -> bool:
        """Bytes in both directions, nothing that takes virtual time; whether the keyboard has something."""
        for connection in self._connections:
            connection.show()
        readers: list[Any] = [self._listener.socket, *self._connections]
        if keyboard is not None:
            readers.append(keyboard)
        ready, free, _ = select.select(readers, [each for each in self._connections if each.out], [], wait)
        for connection in free:
            connection.flush()
        for each in ready:
            if isinstance(each, Connection):
                self._hear(each)
        if self._listener.socket in ready:
            self._accept()
        for connection in self._connections:
            if connection.gone or (connection.ends and not connection.out):
                connection.gone = True
                connection.socket.close()
        self._connections = [each for each in self._connections if not each.gone]
        return keyboard in ready

    def _accept(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while True:                         # until nobody waits any more
                connection, _ = self._listener.socket.accept()
                connection.setblocking(False)
                self._connections.append(Connection(connection))
                self._connections[-1].send({"atoll": __version__, "protocol": PROTOCOL, "cluster": self.name})

    def _hear(self, connection: Connection) -> None:
        """Keys are typed at once; a request waits for its turn."""
        try:
            for message in connection.receive():
                if "keys" in message and connection.watched is not None:
                    # As if they had been pressed at the edge of the window that has just ended.
                    connection.watched.press(bytes_of(message["keys"]), self.cluster.time_ns)
                elif "do" in message and connection.request is None:
                    connection.request = message
                else:
                    raise ProtocolError("neither keys for a console nor a request")
        except ProtocolError as error:
            refuse(connection, error)

    # ---- requests ----

    def _carry_out(self, connection: Connection) -> None:
        message = connection.request
        assert message is not None
        try:
            with self._looked_at(connection):
                match message["do"]:
                    case "attach":
                        self._attach(connection, message)
                    case "list":
                        connection.send(self._list())
                    case "monitor":
                        connection.send(self._line(message))
                    case other:
                        raise ProtocolError(f"there is no request {other!r}")
        except Gone:
            return
        except ProtocolError as error:
            refuse(connection, error)
        except Exception as error:
            if not (is_told(error) or is_expected(error) or isinstance(error, OSError)):
                raise
            connection.send({"error": str(error)})
        connection.request = None

    @contextlib.contextmanager
    def _looked_at(self, asking: Connection) -> Iterator[None]:
        """While a request takes virtual time: consoles go on, and it ends if nobody waits for it any more."""
        before = self.cluster.engine.watch

        def watch() -> None:
            before()
            self.look()
            if asking.gone:
                raise Gone

        self.cluster.engine.watch = watch
        try:
            yield
        finally:
            self.cluster.engine.watch = before

    def _attach(self, connection: Connection, message: Message) -> None:
        node = self.cluster.find(text_in(message, "node"))
        connection.attach(node)
        connection.send({"attached": node.name, "state": connection.state})

    def _list(self) -> Message:
        """All nodes, with their programs if they say."""
        nodes = [self._describe(node) for node in self.cluster.nodes]
        return {"cluster": self.name, "time_ns": self.cluster.time_ns, "nodes": nodes}

    def _describe(self, node: AnyNode) -> Message:
        told: Message = {"name": node.name, "state": node.state, "time_ns": min(node.time_ns, self.cluster.time_ns)}
        if not node.runs:
            return told
        try:
            return told | {"programs": [asdict(program) for program in programs(self.cluster, node.name)]}
        except Exception as error:
            if not is_told(error):
                raise
            return told | {"silent": str(error)}

    def _line(self, message: Message) -> Message:
        """A line for the monitor, about a node if one is named, else about the one at the cluster's own terminal."""
        cluster, line, directory = self.cluster, text_in(message, "line"), text_in(message, "directory")
        if not line or not os.path.isabs(directory or ""):
            raise ProtocolError("a line needs `line` and `directory`, an absolute path")
        with self._at(text_in(message, "node")), contextlib.chdir(str(directory)):
            console = cluster.node.console
            begin = len(console)
            outcome = cluster.within(LINE_LIMIT, lambda: monitor_line(cluster, line))
            return {"status": outcome.status, "text": outcome.text, "printed": text_of(bytes(console[begin:]))}

    @contextlib.contextmanager
    def _at(self, name: str | None) -> Iterator[None]:
        """With a node as the current one, if it is named."""
        before = self.cluster.node
        if name is not None:
            self.cluster.node = self.cluster.find(name)
        try:
            yield
        finally:
            if name is not None:
                self.cluster.node = before


def text_in(message: Message, key: str) -> str | None:
    """A text of a message, if it is there. Raises ProtocolError."""
    value = message.get(key)
    if value is not None and not isinstance(value, str):
        raise ProtocolError(f"`{key}` is a text")
    return value


def refuse(connection: Connection, error: ProtocolError) -> None:
    """Who does not speak the protocol is told so, and heard no more."""
    connection.request = None
    connection.watched = None
    connection.send({"error": f"that is not the control protocol: {error}"})
    connection.ends = True

