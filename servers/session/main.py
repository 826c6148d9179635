"""The session: starts the shell, on the console for whoever sits there, and once more to run lines for others.

A shell that ends is started again; the one that runs lines for others never ends by itself.
"""

from atoll.abi import startup
from atoll.abi.calls import NO_TIMEOUT
from atoll.abi.objects import NO_HANDLE, Right
from atoll.abi.raw import address_of
from atoll.abi.types import Bytes, Text, u64
from atoll.servers.naming.interface import Naming
from atoll.servers.programs.interface import Child, Programs
from atoll.servers.session.interface import Session
from atoll.userland.runtime.interface import ServiceError
from atoll.userland.runtime.messages import Gate, Port, create_port, create_set
from atoll.userland.runtime.objects import close, duplicate
from atoll.userland.runtime.service import FIRST_FREE_LABEL, loop, serve
from atoll.userland.runtime.startup import environment, given
from atoll.userland.runtime.state import StateReader, StateRefused, StateWriter

STATE_VERSION = 1
SHELL = "/bin/shell"
ENDS_LABEL = FIRST_FREE_LABEL  # of the port where ends of shells are told: a bit for each kind
INTERACTIVE = 1
SERVING = 2
PAUSE = 1_000_000_000  # nanoseconds between two attempts to start a shell that cannot be started
FOR_PROGRAMS = Right.SEND | Right.DUPLICATE | Right.MOVE


class SessionServer(Session):
    """The server."""

    programs: Programs
    console: Gate
    ends: Port
    due: u64  # shells that are to be started
    begun: u64

    def connect(self) -> None:
        """Find the services that we need."""
        naming = Naming(given(startup.NAMING))
        self.programs = Programs(naming.wait_for("/services/programs").handle)
        self.console = naming.wait_for("/dev/console")

    def begin(self) -> None:
        """The first shells."""
        self.ends = create_port()
        loop.add(self.ends, ENDS_LABEL)
        self.due = SERVING | (INTERACTIVE if environment("console") == "interactive" else 0)
        self.start_due()

    def shells(self) -> u64:
        return self.begun

    def notified(self, bits: u64, label: u64) -> None:
        self.due = self.due | bits
        self.start_due()

    def timeout(self) -> u64:
        return NO_TIMEOUT if self.due == 0 else PAUSE

    def timed_out(self) -> None:
        self.start_due()

    # ---- starting shells ----

    def start_due(self) -> None:
        """Those that are wanted; what cannot be started is tried again."""
        if self.due & SERVING != 0:
            self.start(b"--serve\0", SERVING)
        if self.due & INTERACTIVE != 0:
            self.start(b"", INTERACTIVE)

    def start(self, arguments: Bytes, bit: u64) -> None:
        """One shell; we are notified with that bit when it ends."""
        try:
            self.prepare(arguments, bit)
            self.due = self.due & ~bit
            self.begun += 1
        except ServiceError as error:
            print(f"session: {SHELL} cannot be started: {error}")

    def prepare(self, arguments: Bytes, bit: u64) -> None:
        """One attempt."""
        child = self.programs.prepare(SHELL)
        try:
            child.set_arguments(arguments)
            child.set_environment(f"HOME=/\0PWD=/\0PATH=/bin\0NODE={environment('node')}\0".encode())
            self.give_console(child, startup.INPUT)
            self.give_console(child, startup.OUTPUT)
            self.give_console(child, startup.ERROR)
            child.tell(self.ends.mint(0), bit)
            child.start()
        finally:
            close(child.handle)

    def give_console(self, child: Child, name: Text) -> None:
        """The console as one of its streams."""
        child.give(name, Gate(duplicate(self.console.handle, FOR_PROGRAMS)))

    # ---- a swap ----

    def export_state(self, writer: StateWriter) -> None:
        writer.number(STATE_VERSION)
        writer.number(self.due)
        writer.number(self.begun)
        writer.moved(self.ends.handle)

    def import_state(self, reader: StateReader) -> None:
        if reader.number() != STATE_VERSION:
            raise StateRefused("a session of another version")
        self.due = reader.number()
        self.begun = reader.number()
        reader.moved(address_of(self.ends))

    def activated(self) -> None:
        loop.add(self.ends, ENDS_LABEL)


server: SessionServer = SessionServer()


def main() -> None:
    """Keep the shells running."""
    server.connect()
    loop.ports = create_set()
    if given(startup.PORT) != NO_HANDLE:
        server.begin()
    serve(server)
