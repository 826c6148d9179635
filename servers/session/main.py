"""The session: starts the shell, on the console for whoever sits there, and once more to run lines for others.

A shell that ends is started again. Each has a thread that waits for its end; the first obeys the supervisor.
"""

from atoll.abi import bootargs, startup
from atoll.abi.objects import NO_HANDLE, Right
from atoll.abi.raw import address_of, at
from atoll.abi.types import Array, Bytes, Text, u8, u64
from atoll.servers.naming.interface import Naming
from atoll.servers.programs.interface import INFO_SIZE, Child, NoSuchProgram, ProgramInfo, Programs, ProgramState
from atoll.servers.session.interface import CannotStart, Session
from atoll.userland.runtime.interface import OutcomeUnknown, ServiceError
from atoll.userland.runtime.kernel_calls import sleep
from atoll.userland.runtime.kernel_errors import KernelError
from atoll.userland.runtime.messages import Gate
from atoll.userland.runtime.objects import Process, close, duplicate
from atoll.userland.runtime.service import serve
from atoll.userland.runtime.startup import environment, given
from atoll.userland.runtime.state import StateReader, StateRefused, StateWriter
from atoll.userland.runtime.system import own_process
from atoll.userland.runtime.threads import start_thread

SHELL = "/bin/shell"
STATE_VERSION = 1
NAME = b"shell"  # as the program manager lists it
ENDED = 143  # status of a shell whose session has died
AT_ONCE = 8  # programs that are asked for in one call
PRIORITY = 16
PAUSE = 1_000_000_000  # nanoseconds between two attempts to start a shell that cannot be started
FOR_PROGRAMS = Right.SEND | Right.DUPLICATE | Right.MOVE

# ---- which shell a thread is for ----
SERVING = 0
INTERACTIVE = 1


class SessionServer(Session):
    """The two shells that always run, and others that somebody asked for."""

    programs: Programs
    console: Gate
    children: Array[Child, 2]  # the shells that always run; NO_HANDLE: it is being started
    stacks: Array[Array[u8, 16384], 2]

    def open(self, terminal: Gate) -> u64:
        try:
            child = prepare(b"", terminal)
            pid = child.start()
            close(child.handle)
            return pid
        except ServiceError as error:
            raise CannotStart(f"{SHELL}: {error}") from None
        finally:
            terminal.close()

    def export_state(self, writer: StateWriter) -> None:
        writer.number(STATE_VERSION)
        for child in self.children:
            writer.copied(child.handle)

    def import_state(self, reader: StateReader) -> None:
        if reader.number() != STATE_VERSION:
            raise StateRefused("shells of another version")
        for child in self.children:
            child.handle = reader.copied()

    def activated(self) -> None:
        keep_shells()


server: SessionServer = SessionServer()


def main() -> None:
    """Keep the shells running."""
    naming = Naming(given(startup.NAMING))
    server.programs = Programs(naming.wait_for("/services/programs").handle)
    server.console = naming.wait_for("/dev/console")
    if given(startup.PORT) != NO_HANDLE:
        end_orphans()
        keep_shells()
    serve(server)


def keep_shells() -> None:
    """A thread for each shell that always runs."""
    itself = Process(own_process())
    start_thread(itself, keep_shell, SERVING, server.stacks[SERVING][:], PRIORITY)
    if environment("console") == "interactive":
        start_thread(itself, keep_shell, INTERACTIVE, server.stacks[INTERACTIVE][:], PRIORITY)


def keep_shell(which: u64) -> None:
    """Start a shell whenever there is none."""
    while True:
        try:
            child = server.children[which]
            if child.handle == NO_HANDLE:
                child.handle = start(b"--serve\0" if which == SERVING else b"")
            wait_for_end(child)
            Gate(child.handle).close()
            child.handle = NO_HANDLE
        except (ServiceError, KernelError) as error:
            print(f"session: {SHELL} cannot be started: {error}")
            sleep(PAUSE)


def start(arguments: Bytes) -> u64:
    """A shell on the console; the handle of its Child."""
    child = prepare(arguments, server.console)
    child.start()
    return child.handle


def prepare(arguments: Bytes, terminal: Gate) -> Child:
    """A shell on a terminal, not started yet."""
    child = server.programs.prepare(SHELL)
    child.set_arguments(arguments)
    child.set_environment(f"HOME=/home\0PWD=/\0PATH=/bin\0NODE={environment(bootargs.NODE)}\0".encode())
    give_stream(child, startup.INPUT, terminal)
    give_stream(child, startup.OUTPUT, terminal)
    give_stream(child, startup.ERROR, terminal)
    return child


def give_stream(child: Child, name: Text, terminal: Gate) -> None:
    """The terminal as one of its streams."""
    child.give(name, Gate(duplicate(terminal.handle, FOR_PROGRAMS)))


def wait_for_end(child: Child) -> None:
    """However often the program manager dies meanwhile."""
    while True:
        try:
            child.join()
            return
        except OutcomeUnknown:
            continue
        except NoSuchProgram:
            return


def end_orphans() -> None:
    """Shells of a session that has died: nobody waits for their end, and one console has one reader."""
    answer: Array[u8, AT_ONCE * INFO_SIZE] = Array()
    first: u64 = 0
    while True:
        count = server.programs.list(first, answer[:]) // INFO_SIZE
        if count == 0:
            return
        for index in range(count):
            info = at(ProgramInfo, address_of(answer) + index * INFO_SIZE)
            is_shell = info.parent == 0 and info.name[0 : info.name_length] == NAME
            if is_shell and info.state != ProgramState.ENDED:
                end(info.pid)
        first += count


def end(pid: u64) -> None:
    """End one; it may have ended by itself."""
    try:
        server.programs.kill(pid, ENDED)
    except NoSuchProgram:
        return
