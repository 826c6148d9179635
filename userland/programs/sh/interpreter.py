"""The interpreter: runs lines. Both shells use it, the one at the console and the one that runs lines for others."""

from atoll.abi.objects import NO_HANDLE
from atoll.abi.types import Text, i64, u64
from atoll.servers.pipe.interface import Pipes
from atoll.servers.programs.interface import Child, NoSuchProgram
from atoll.userland.library.errors import write_error
from atoll.userland.library.nodes import NoNode
from atoll.userland.library.paths import SLASH, absolute
from atoll.userland.library.processes import prepare
from atoll.userland.library.services import service
from atoll.userland.library.text import find_byte
from atoll.userland.programs.sh import builtins
from atoll.userland.programs.sh.jobs import GONE, MAX_JOBS, MAX_PROCESSES, NO_JOB
from atoll.userland.programs.sh.launch import Launch
from atoll.userland.programs.sh.plan import Pipeline, When
from atoll.userland.programs.sh.remote import prepare_away
from atoll.userland.programs.sh.state import complain, shell
from atoll.userland.programs.sh.tokens import BadLine
from atoll.userland.runtime.objects import close

MISUSED = 2
CANNOT_RUN = 126
NOT_FOUND = 127


def run_line(line: Text) -> u64:
    """Run a line; the status of its last command."""
    try:
        shell.plan.read(line)
    except BadLine as error:
        write_error("shell: syntax error: ")
        write_error(f"{error}")
        write_error("\n")
        shell.scope.status = MISUSED
        return MISUSED
    for pipeline in shell.plan.pipelines:
        if shell.leaving or shell.jobs.interrupted:
            break
        if is_wanted(pipeline.when):
            shell.scope.status = run_pipeline(pipeline)
    return shell.scope.status


def is_wanted(when: When) -> bool:
    """Whether a pipeline is to be run after what was before it."""
    match when:
        case When.SUCCESS:
            return shell.scope.status == 0
        case When.FAILURE:
            return shell.scope.status != 0
    return True


def run_pipeline(pipeline: Pipeline) -> u64:
    """Start its commands, the last one first, so that each finds who reads what it writes; its status."""
    number = shell.jobs.add(shell.plan.tokens.line[pipeline.start : pipeline.end], pipeline.background)
    if number == NO_JOB:
        complain(f"there are {MAX_JOBS} jobs already: wait for some")
        return 1
    output: u64 = NO_HANDLE
    status: u64 = 0
    for back in range(pipeline.count):
        stage = pipeline.count - 1 - back
        is_last = back == 0
        result, output = run_stage(pipeline, stage, output, number)
        if is_last:
            status = result
    job = shell.jobs.jobs[number]
    if job.left == 0:
        job.used = False
        return status
    if pipeline.background:
        print(f"[{number + 1}] {builtins.shown_pid(job.pid).text}")
        return 0
    result = shell.jobs.wait(number)
    return result if job.pid != 0 else status


def run_stage(pipeline: Pipeline, stage: u64, output: u64, number: u64) -> tuple[u64, u64]:
    """One command, which writes to `output` if that is one; its status, and the write end of the pipe that it reads."""
    launch = shell.launch
    launch.begin()
    before: u64 = NO_HANDLE
    status: u64 = 1
    is_last = stage + 1 == pipeline.count
    try:
        if output != NO_HANDLE:
            launch.streams.output = launch.own(output)
        if stage > 0 or pipeline.background:
            before = make_pipe(launch)
        launch.read(shell.plan, shell.plan.commands[i64(pipeline.first + stage)], shell.scope)
        status = run_command(number, is_last)
    except BadLine as error:
        complain(f"{error}")
        status = MISUSED
    except Exception as error:
        complain(f"{error}")
    launch.finish()
    if stage == 0 and before != NO_HANDLE:  # nobody writes: what runs in the background reads nothing
        close(before)
    return status, before


def make_pipe(launch: Launch) -> u64:
    """Let the command read from a new pipe; the gate of its write end."""
    pipes = Pipes(launch.own(service("pipe")))
    number, write_end = pipes.create()
    launch.streams.input = launch.own(pipes.reader(number).handle)
    return write_end


def run_command(number: u64, is_last: bool) -> u64:
    """The command that has been read: settings, a built-in one, or a program."""
    launch = shell.launch
    if launch.name.text == "at" and not launch.read_at():
        complain("usage: at NODE PROGRAM [ARGUMENT ...]")
        return MISUSED
    if launch.node.used > 0 and (launch.name.used == 0 or builtins.is_builtin(launch.name.text)):
        complain(f"{launch.name.text[0 : min(len(launch.name), 80)]}: the shell does this itself, on its own node")
        return MISUSED
    if launch.name.used == 0:
        launch.set_variables(shell.scope)
        return 0
    if builtins.is_builtin(launch.name.text):
        shell.writer.open(launch.streams.output)
        status = builtins.run(launch.name.text)
        shell.writer.flush()
        return status
    return start_program(number, is_last)


def start_program(number: u64, is_last: bool) -> u64:
    """Start the program that has been read as part of a job; a status if it cannot be."""
    launch = shell.launch
    name = launch.name.text
    find_program(name, launch.is_service)
    launch.pack_environment(shell.scope)
    if shell.jobs.free_process() == MAX_PROCESSES:
        complain(f"{MAX_PROCESSES} programs run already: wait for some")
        return 1
    try:
        shell.away.clear()
        child = prepare_program(launch)
        shell.jobs.adopt(number, child, is_last, shell.away)
    except NoSuchProgram:
        where = f" on {shell.away.name.text}" if launch.is_service else ""
        what = "no such program" if find_byte(name, SLASH) >= 0 else "command not found"
        complain(f"{name[0 : min(len(name), 80)]}: {what}{where}")
        return NOT_FOUND
    except NoNode as error:
        complain(f"@{launch.node.text[0 : min(len(launch.node), 80)]}: {error}")
        return CANNOT_RUN
    except Exception as error:
        complain(f"{name[0 : min(len(name), 80)]}: {error}")
        return GONE if shell.away.number != 0 and not shell.away.is_up() else CANNOT_RUN
    return 0


def prepare_program(launch: Launch) -> Child:
    """The program, here or on the node that it is for."""
    if launch.node.used > 0:
        return prepare_away(launch, shell.path.text, shell.away)
    return prepare(shell.path.text, launch.arguments.packed, launch.environment.text.encode(), launch.streams)


def find_program(name: Text, is_service: bool) -> None:
    """The path of a program, into `path`: a name without a slash is in /bin. On its own node a service begins in /."""
    if is_service and find_byte(name, SLASH) >= 0:
        shell.path.set("" if name.startswith("/") else "/")
        shell.path.add(name)
        return
    if find_byte(name, SLASH) >= 0:
        absolute(name, shell.path)
        return
    shell.path.set("/bin/")
    shell.path.add("shell" if name == "sh" else name)
