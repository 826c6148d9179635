"""The session: starts the shell, on the console for whoever sits there, and once more to run lines for others.

Either of these is started again when it ends; if it cannot be started, after a pause.
"""

from atoll.abi import bootargs, startup
from atoll.abi.calls import NO_TIMEOUT
from atoll.abi.objects import NO_HANDLE, Right
from atoll.abi.types import Bytes, Text, u64
from atoll.servers.naming.interface import Naming
from atoll.servers.programs.interface import Child, Programs
from atoll.servers.session.interface import CannotStart, Session
from atoll.userland.runtime.interface import ServiceError
from atoll.userland.runtime.messages import Gate, Port
from atoll.userland.runtime.objects import close, duplicate
from atoll.userland.runtime.service import loop, serve
from atoll.userland.runtime.startup import environment, given
from atoll.userland.runtime.state import StateReader, StateRefused, StateWriter

STATE_VERSION = 1
SHELL = "/bin/shell"
PAUSE = 1_000_000_000  # nanoseconds until a shell that could not be started is tried again
FOR_PROGRAMS = Right.SEND | Right.DUPLICATE | Right.MOVE

# ---- the shells that always run: bits of the notification that one has ended ----
SERVING = 1
INTERACTIVE = 2
BOTH = SERVING | INTERACTIVE


class SessionServer(Session):
    """The two shells that always run, and others that somebody asked for."""

    programs: Programs
    console: Gate
    wanted: u64  # bits of the shells that are to run
    missing: u64  # those that must be started (again)
    serving: Child  # kept, so that we are told of their end
    interactive: Child

    # ---- what Session says ----

    def open(self, terminal: Gate) -> u64:
        try:
            child = self.prepare(b"", terminal)
            pid = child.start()
            close(child.handle)
            return pid
        except ServiceError as error:
            raise CannotStart(f"{SHELL}: {error}") from None
        finally:
            terminal.close()

    # ---- the shells that always run ----

    def timeout(self) -> u64:
        return PAUSE if self.missing != 0 else u64(NO_TIMEOUT)

    def timed_out(self) -> None:
        self.start_missing()

    def notified(self, bits: u64, label: u64) -> None:
        self.missing = self.missing | bits & self.wanted
        self.start_missing()

    def start_missing(self) -> None:
        """Start what is to run and does not; what cannot be started is tried again later."""
        try:
            if self.missing & SERVING != 0:
                self.keep(self.serving, self.start(b"--serve\0", SERVING), SERVING)
            if self.missing & INTERACTIVE != 0:
                self.keep(self.interactive, self.start(b"", INTERACTIVE), INTERACTIVE)
        except ServiceError as error:
            print(f"session: {SHELL} cannot be started: {error}")

    def keep(self, place: Child, started: u64, bit: u64) -> None:
        """It runs; the one before it is forgotten."""
        if place.handle != NO_HANDLE:
            close(place.handle)
        place.handle = started
        self.missing = self.missing & ~bit

    def start(self, arguments: Bytes, bit: u64) -> u64:
        """A shell on the console; we are notified with that bit when it ends. The handle of its Child."""
        child = self.prepare(arguments, self.console)
        gate = loop.port.mint(0)
        child.tell(gate, bit)
        child.start()
        return child.handle

    def prepare(self, arguments: Bytes, terminal: Gate) -> Child:
        """A shell that is not started yet."""
        child = self.programs.prepare(SHELL)
        child.set_arguments(arguments)
        child.set_environment(f"HOME=/home\0PWD=/\0PATH=/bin\0NODE={environment(bootargs.NODE)}\0".encode())
        give_stream(child, startup.INPUT, terminal)
        give_stream(child, startup.OUTPUT, terminal)
        give_stream(child, startup.ERROR, terminal)
        return child

    # ---- what every server has ----

    def export_state(self, writer: StateWriter) -> None:
        writer.number(STATE_VERSION)
        writer.number(self.wanted)
        writer.number(self.missing)
        writer.copied(self.serving.handle)
        writer.copied(self.interactive.handle)

    def import_state(self, reader: StateReader) -> None:
        if reader.number() != STATE_VERSION:
            raise StateRefused("sessions of another version")
        self.wanted = reader.number()
        self.missing = reader.number()
        self.serving.handle = reader.copied()
        self.interactive.handle = reader.copied()


def give_stream(child: Child, name: Text, terminal: Gate) -> None:
    """The terminal as one of its streams."""
    child.give(name, Gate(duplicate(terminal.handle, FOR_PROGRAMS)))


server: SessionServer = SessionServer()


def main() -> None:
    """Keep the shells running."""
    naming = Naming(given(startup.NAMING))
    server.programs = Programs(naming.wait_for("/services/programs").handle)
    server.console = naming.wait_for("/dev/console")
    if given(startup.PORT) != NO_HANDLE:
        server.wanted = BOTH if is_interactive() else SERVING
        server.missing = server.wanted
        kick()
    serve(server)


def is_interactive() -> bool:
    """Whether somebody sits at the console (bootargs.INTERACTIVE)."""
    return environment("console") == "interactive"


def kick() -> None:
    """Let the loop start with starting the shells."""
    gate = Port(given(startup.PORT)).mint(0)
    gate.notify(server.wanted)
    gate.close()
