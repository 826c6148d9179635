"""The session: starts the shell, on the console for whoever sits there, and once more to run lines for others.

A shell that ends is started again. Each has a thread that waits for its end; the first obeys the supervisor.
"""

from atoll.abi import startup
from atoll.abi.objects import Right
from atoll.abi.raw import address_of, at
from atoll.abi.types import Array, Bytes, Text, u8, u64
from atoll.servers.naming.interface import Naming
from atoll.servers.programs.interface import INFO_SIZE, Child, NoSuchProgram, ProgramInfo, Programs, ProgramState
from atoll.userland.runtime.interface import Interface, OutcomeUnknown, ServiceError
from atoll.userland.runtime.kernel_calls import sleep
from atoll.userland.runtime.kernel_errors import KernelError
from atoll.userland.runtime.messages import Gate
from atoll.userland.runtime.objects import Process, duplicate
from atoll.userland.runtime.service import serve
from atoll.userland.runtime.startup import environment, given
from atoll.userland.runtime.system import own_process
from atoll.userland.runtime.threads import start_thread

SHELL = "/bin/shell"
NAME = b"shell"  # as the program manager lists it
ENDED = 143  # status of a shell whose session has died
AT_ONCE = 8  # programs that are asked for in one call
PRIORITY = 16
PAUSE = 1_000_000_000  # nanoseconds between two attempts to start a shell that cannot be started
FOR_PROGRAMS = Right.SEND | Right.DUPLICATE | Right.MOVE

# ---- which shell a thread is for ----
SERVING = 0
INTERACTIVE = 1


class Session:
    """What it works with."""

    programs: Programs
    console: Gate
    stacks: Array[Array[u8, 16384], 2]


session: Session = Session()
server: Interface = Interface()  # nothing is asked of it, but it obeys the supervisor


def main() -> None:
    """Keep the shells running."""
    naming = Naming(given(startup.NAMING))
    session.programs = Programs(naming.wait_for("/services/programs").handle)
    session.console = naming.wait_for("/dev/console")
    end_orphans()
    start_thread(Process(own_process()), keep_shell, SERVING, session.stacks[SERVING][:], PRIORITY)
    if environment("console") == "interactive":
        start_thread(Process(own_process()), keep_shell, INTERACTIVE, session.stacks[INTERACTIVE][:], PRIORITY)
    serve(server)


def keep_shell(which: u64) -> None:
    """Start a shell whenever there is none."""
    while True:
        try:
            child = start(b"--serve\0" if which == SERVING else b"")
            wait_for_end(child)
            Gate(child.handle).close()
        except (ServiceError, KernelError) as error:
            print(f"session: {SHELL} cannot be started: {error}")
            sleep(PAUSE)


def start(arguments: Bytes) -> Child:
    """A shell that runs."""
    child = session.programs.prepare(SHELL)
    child.set_arguments(arguments)
    child.set_environment(f"HOME=/\0PWD=/\0PATH=/bin\0NODE={environment('node')}\0".encode())
    give_console(child, startup.INPUT)
    give_console(child, startup.OUTPUT)
    give_console(child, startup.ERROR)
    child.start()
    return Child(child.handle)


def give_console(child: Child, name: Text) -> None:
    """The console as one of its streams."""
    child.give(name, Gate(duplicate(session.console.handle, FOR_PROGRAMS)))


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
        count = session.programs.list(first, answer[:]) // INFO_SIZE
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
        session.programs.kill(pid, ENDED)
    except NoSuchProgram:
        return
