"""shell: the command line: starts programs, joins and redirects them.

usage: shell [-c LINE | FILE [ARGUMENT ...] | --serve]
  program ARGUMENTS   | ; & && ||  < > >> 2> 2>> 2>&1  'text' "text $X" \\c  * ?
  X=1 $X ${X} $? $$ $1 $# $@   # a comment   --serve: lines come from others
  cd exit export history jobs pwd set unset wait are done by the shell itself
"""

from atoll.abi.calls import NO_TIMEOUT, Call, Message
from atoll.abi.startup import INPUT, NAMING
from atoll.abi.types import Array, Text, i64, u8, u64
from atoll.servers.naming.interface import Naming
from atoll.servers.shell.interface import Shell
from atoll.userland.library.files import READING, open_file
from atoll.userland.library.paths import working_directory
from atoll.userland.library.streams import LineTooLong, Reader
from atoll.userland.library.text import EQUALS, StringBuilder, cut, strip
from atoll.userland.programs.sh.interpreter import run_line
from atoll.userland.programs.sh.state import complain, shell
from atoll.userland.programs.sh.terminal import Terminal
from atoll.userland.programs.sh.tokens import MAX_LINE
from atoll.userland.programs.sh.variables import VALUE_SIZE
from atoll.userland.runtime.interface import OutcomeUnknown
from atoll.userland.runtime.messages import Letter, create_port
from atoll.userland.runtime.startup import argument, argument_count, environment_count, environment_entry, given

NAME = "/services/shell"
OWN = "PROGRAM"  # in the environment: what the program manager tells each program of itself

reader: Reader = Reader()
terminal: Terminal = Terminal()
held: StringBuilder[MAX_LINE] = StringBuilder()  # the line that runs
request: Array[u8, MAX_LINE] = Array()


def main() -> i64:
    """One of the four ways to be used."""
    begin()
    if argument_count() == 0:
        return from_input()
    if argument(0) == "--serve":
        serve()
    if argument(0) == "-c":
        return run_given_line()
    return run_script()


def begin() -> None:
    """Variables from the environment, parameters from the arguments."""
    shell.jobs.start()
    for index in range(environment_count()):
        name, value = cut(environment_entry(index), EQUALS)
        if name != OWN:
            shell.scope.set(name, value, True)
    shell.scope.set("PWD", working_directory(), True)
    if argument_count() > 0 and argument(0) != "-c":
        for index in range(argument_count()):
            add_parameter(argument(index))


def add_parameter(text: Text) -> None:
    """One of $0, $1, and so on."""
    parameter: StringBuilder[VALUE_SIZE] = StringBuilder()
    parameter.set(text)
    shell.scope.parameters.append(parameter)


def finish() -> i64:
    """The status to end with."""
    return i64(shell.scope.status)


# ---- -c and scripts ----


def run_given_line() -> i64:
    """`shell -c LINE`."""
    if argument_count() != 2:
        complain("usage: shell -c LINE")
        return 2
    run_line(argument(1))
    return finish()


def run_script() -> i64:
    """`shell FILE`: every line of it."""
    try:
        reader.open(open_file(argument(0), READING).handle)
    except Exception as error:
        complain(f"{argument(0)}: {error}")
        return 127
    return run_lines()


def run_lines() -> i64:
    """Every line that comes, until `exit`."""
    try:
        while not shell.leaving:
            line = reader.read_line()
            if line is None:
                break
            run_held(line)
    except LineTooLong as error:
        complain(f"{error}")
        return 2
    return finish()


def run_held(line: Text) -> None:
    """Run a line from the reader's buffer, which may change meanwhile."""
    if len(line) > MAX_LINE:
        complain(f"a line has more than {MAX_LINE} bytes")
        shell.scope.status = 2
        return
    held.set(line)
    run_line(held.text)


# ---- the console ----


def from_input() -> i64:
    """Lines from the input, with a prompt if that is a console."""
    reader.open(given(INPUT))
    shell.interactive = terminal.start(shell.jobs.gate)
    if not shell.interactive:
        return run_lines()
    while not shell.leaving:
        terminal.report_jobs()
        terminal.start(shell.jobs.gate)
        terminal.prompt()
        line: Text | None = ""
        try:
            line = reader.read_line()
        except OutcomeUnknown:  # the console was started again
            continue
        terminal.tell_owner()
        if line is None:
            print("exit")
            break
        shell.jobs.look()
        shell.jobs.interrupted = False
        if len(strip(line)) > 0:
            shell.history.add(line)
            run_held(line)
    return finish()


# ---- for others ----


class ShellServer(Shell):
    """The shell as a service."""

    def run(self, line: Text) -> u64:
        """Run a line. `exit` ends only the line."""
        held.set(line[0 : min(len(line), MAX_LINE)])
        shell.leaving = False
        if len(line) > MAX_LINE:
            complain(f"a line has more than {MAX_LINE} bytes")
            return 2
        return run_line(held.text)


def serve() -> None:
    """Answer calls for ever. The name is ours as long as we run: a later shell replaces us."""
    port = create_port()
    Naming(given(NAMING)).replace(NAME, port.mint(0))
    server = ShellServer()
    letter = Letter()
    letter.set_buffer(request[:])
    reply: Array[u8, 256] = Array()
    while True:
        port.receive(letter)
        if letter.kind == Message.CALL:
            server.dispatch(letter, request[0 : letter.size], reply[:])
            letter.attempt(Call.REPLY, letter.reply, NO_TIMEOUT)
        else:
            server.other_message(letter)
