"""The other side of control: a connection to a running cluster, and one's terminal as the console of a node there."""

import select
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType

from atoll import __version__
from atoll.cluster.control.places import choose, connect
from atoll.cluster.control.protocol import PROTOCOL, Lines, Message, ProtocolError, bytes_of, encode, text_of
from atoll.cluster.guard import CommandError, say
from atoll.cluster.keyboard import Keyboard, Quit, open_keyboard

PATIENCE_SECONDS = 20.0                         # until a cluster says its first word: its process may be compiling
RECEIVE = 1 << 16
SIGNALS = (signal.SIGTERM, signal.SIGHUP)       # that must not leave the terminal as it is meanwhile


class Refused(Exception):
    """The cluster could not do what it was asked; the text says why."""


class Connection:
    """To a running cluster: the one of that name, or the only one. Raises CommandError."""

    def __init__(self, name: str | None = None) -> None:
        self.name = choose(name)
        self._socket = connect(self.name, PATIENCE_SECONDS)
        self._lines = Lines(longest=0)
        self._waiting: list[Message] = []
        self._greet()

    def _greet(self) -> None:
        try:
            hello = self.receive()
        except TimeoutError:
            raise CommandError(f"cluster {self.name} does not answer") from None
        if hello.get("protocol") != PROTOCOL:
            raise CommandError(
                f"cluster {self.name} was booted by atoll {hello.get('atoll')}, and this is atoll {__version__}: "
                "they do not understand each other"
            )
        self._socket.settimeout(None)

    def __enter__(self) -> "Connection":
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._socket.close()

    def fileno(self) -> int:
        """For `select`."""
        return self._socket.fileno()

    def send(self, message: Message) -> None:
        """Raises CommandError if the cluster is gone."""
        try:
            self._socket.sendall(encode(message))
        except OSError:
            raise self._lost() from None

    def receive(self) -> Message:
        """The next message; waits for it. Raises CommandError if the cluster is gone."""
        while not self._waiting:
            self._waiting = self.arrived()
        return self._waiting.pop(0)

    @property
    def waits(self) -> bool:
        """Whether there are messages that have come and were not looked at."""
        return bool(self._waiting)

    def arrived(self) -> list[Message]:
        """What has come, perhaps nothing whole yet; waits for something. Raises CommandError if the cluster is gone."""
        before, self._waiting = self._waiting, []
        if before:
            return before
        try:
            data = self._socket.recv(RECEIVE)
        except ConnectionError:
            data = b""
        if not data:
            raise self._lost()
        try:
            return self._lines.feed(data)
        except ProtocolError as error:
            raise CommandError(f"cluster {self.name} sends {error}") from None

    def ask(self, **request: object) -> Message:
        """The answer to a request. Raises Refused, CommandError."""
        self.send(request)
        answer = self.receive()
        if "error" in answer:
            raise Refused(answer["error"])
        if "end" in answer:
            raise CommandError(f"cluster {self.name} has ended")
        return answer

    def _lost(self) -> CommandError:
        return CommandError(f"cluster {self.name} has ended, without a word")


def attach(connection: Connection, node: str) -> None:
    """This terminal is the console of a node, until Ctrl-] or the cluster's end. Raises Refused, CommandError."""
    answer = connection.ask(do="attach", node=node)
    if sys.stdin.isatty():
        say(f"the console of {node}, cluster {connection.name}; Ctrl-] leaves it as it is")
    tell_state(node, answer["state"], "on")
    try:
        with leaving_signals(), open_keyboard(signals=False) as keyboard:
            exchange(connection, keyboard, node)
    except Quit as quit_:
        if quit_.keys:
            connection.send({"keys": text_of(quit_.keys)})
        print(flush=True)
        say(f"{node} goes on without you")


def exchange(connection: Connection, keyboard: Keyboard, node: str) -> None:
    """Keys there, output here, until the cluster ends."""
    while True:
        readers = [connection.fileno()]
        if keyboard.descriptor is not None:
            readers.append(keyboard.descriptor)
        ready = readers if connection.waits else select.select(readers, [], [])[0]
        if connection.fileno() in ready and not show(connection.arrived(), node):
            say(f"cluster {connection.name} has ended")
            return
        if keys := keyboard.read():
            connection.send({"keys": text_of(keys)})


def show(messages: list[Message], node: str) -> bool:
    """What came from the cluster; False when it has ended."""
    for message in messages:
        if "output" in message:
            sys.stdout.buffer.write(bytes_of(message["output"]))
            sys.stdout.buffer.flush()
        elif "state" in message:
            tell_state(node, message["state"], "")
        elif "end" in message:
            return False
    return True


def tell_state(node: str, state: str, expected: str) -> None:
    """Say how a node is."""
    if state != expected:
        say(f"{node} is {state}" if state in ("on", "off") else f"{node} has {state}")


@contextmanager
def leaving_signals() -> Iterator[None]:
    """Signals that would end us at once end us in good order. (Nothing here is in the emulator's hands.)"""

    def leave(number: int, _frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    before = {number: signal.signal(number, leave) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
