"""The session: starts the shell, on the console for whoever sits there, and once more to run lines for others.

A shell that ends is started again; the one that runs lines for others never ends by itself.
"""

from atoll.abi import startup
from atoll.abi.objects import Right
from atoll.abi.types import Bytes, Text, u64
from atoll.servers.naming.interface import Naming
from atoll.servers.programs.interface import Child, Programs
from atoll.userland.runtime.interface import ServiceError
from atoll.userland.runtime.kernel_calls import sleep
from atoll.userland.runtime.messages import Gate, Letter, Port, create_port
from atoll.userland.runtime.objects import duplicate
from atoll.userland.runtime.startup import environment, given

SHELL = "/bin/shell"
INTERACTIVE = 1
SERVING = 2
PAUSE = 1_000_000_000  # nanoseconds between two attempts to start a shell that cannot be started
FOR_PROGRAMS = Right.SEND | Right.DUPLICATE | Right.MOVE


class Session:
    """What it works with."""

    programs: Programs
    console: Gate
    port: Port
    gate: Gate


session: Session = Session()


def main() -> None:
    """Keep the shells running."""
    naming = Naming(given(startup.NAMING))
    session.programs = Programs(naming.wait_for("/services/programs").handle)
    session.console = naming.wait_for("/dev/console")
    session.port = create_port()
    session.gate = session.port.mint(0)
    start(b"--serve\0", SERVING)
    if environment("console") == "interactive":
        start(b"", INTERACTIVE)
    letter = Letter()
    while True:
        session.port.receive(letter)
        if letter.words[0] & SERVING != 0:
            start(b"--serve\0", SERVING)
        if letter.words[0] & INTERACTIVE != 0:
            start(b"", INTERACTIVE)


def start(arguments: Bytes, bit: u64) -> None:
    """Start a shell; we are notified with that bit when it ends."""
    while True:
        try:
            prepare(arguments, bit)
            return
        except ServiceError as error:
            print(f"session: {SHELL} cannot be started: {error}")
        sleep(PAUSE)


def prepare(arguments: Bytes, bit: u64) -> None:
    """One attempt. The Child gate is kept for ever: there are few shells."""
    child = session.programs.prepare(SHELL)
    child.set_arguments(arguments)
    child.set_environment(f"HOME=/\0PWD=/\0PATH=/bin\0NODE={environment('node')}\0".encode())
    give_console(child, startup.INPUT)
    give_console(child, startup.OUTPUT)
    give_console(child, startup.ERROR)
    child.tell(Gate(duplicate(session.gate.handle, FOR_PROGRAMS)), bit)
    child.start()


def give_console(child: Child, name: Text) -> None:
    """The console as one of its streams."""
    child.give(name, Gate(duplicate(session.console.handle, FOR_PROGRAMS)))
