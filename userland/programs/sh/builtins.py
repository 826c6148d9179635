"""Commands that the shell does itself, because they change the shell or know what only it knows."""

from atoll.abi.types import Text, i64, u64
from atoll.userland.library.files import is_directory
from atoll.userland.library.nodes import nodes, own_node
from atoll.userland.library.paths import PATH_SIZE, absolute, normalise, set_working_directory, working_directory
from atoll.userland.library.programs import SERIAL, NoProgram, find_program, node_of, open_program, parse_pid, pid_text
from atoll.userland.library.text import StringBuilder, parse_unsigned
from atoll.userland.programs.sh.jobs import MAX_JOBS, Job
from atoll.userland.programs.sh.state import complain, shell
from atoll.userland.programs.sh.variables import assignment_at

MISUSED = 2
NAMES = " cd exit export history jobs pwd set unset wait "


def is_builtin(name: Text) -> bool:
    """Whether the shell does this itself."""
    return len(name) > 0 and NAMES.find(f" {name[0 : min(len(name), 16)]} ") >= 0


def run(name: Text) -> u64:
    """Do it, with the arguments of the launch and its output; the status."""
    match name:
        case "cd":
            return change_directory()
        case "pwd":
            shell.writer.put_line(working_directory())
        case "exit":
            return leave()
        case "export":
            return export()
        case "unset":
            return unset()
        case "set":
            return show_variables()
        case "history":
            return show_history()
        case "jobs":
            return show_jobs()
        case _:
            return wait()
    return 0


def argument_count() -> i64:
    """How many arguments the command has."""
    return len(shell.launch.arguments)


def refuse(name: Text, what: Text, why: Text) -> u64:
    """Complain of what the command was given; the status."""
    complain(f"{name}: {what[0 : min(len(what), 100)]}: {why}")
    return 1


def misuse(usage: Text) -> u64:
    """The command was called wrongly; the status."""
    complain(f"usage: {usage}")
    return MISUSED


# ---- the working directory ----


def change_directory() -> u64:
    """`cd`: home without an argument."""
    if argument_count() > 1:
        return misuse("cd [DIRECTORY]")
    target = shell.launch.arguments[0] if argument_count() == 1 else shell.scope.get("HOME")
    path: StringBuilder[PATH_SIZE] = StringBuilder()
    absolute(target if len(target) > 0 else "/", path)
    normalise(path.text, shell.path)
    if not is_directory(shell.path.text):
        return refuse("cd", target, "no such directory")
    shell.scope.set("PWD", shell.path.text, True)
    set_working_directory(shell.path.text)
    return 0


# ---- variables ----


def export() -> u64:
    """`export NAME` or `export NAME=VALUE`: programs see it from now on."""
    if argument_count() == 0:
        return misuse("export NAME[=VALUE] ...")
    for index in range(argument_count()):
        text = shell.launch.arguments[index]
        equals = assignment_at(text)
        if equals > 0:
            shell.scope.set(text[0:equals], text[equals + 1 : len(text)], True)
        else:
            shell.scope.set(text, shell.scope.get(text), True)
    return 0


def unset() -> u64:
    """`unset NAME ...`."""
    if argument_count() == 0:
        return misuse("unset NAME ...")
    for index in range(argument_count()):
        shell.scope.unset(shell.launch.arguments[index])
    return 0


def show_variables() -> u64:
    """`set`: all variables, the exported ones marked."""
    if argument_count() > 0:
        return misuse("set (to see variables; NAME=VALUE sets one)")
    for variable in shell.scope.variables:
        shell.writer.put("export " if variable.exported else "")
        shell.writer.put(variable.name.text)
        shell.writer.put("=")
        shell.writer.put_line(variable.value.text)
    return 0


# ---- jobs ----


def show_jobs() -> u64:
    """`jobs`: what runs in the background."""
    shell.jobs.look()
    for number in range(MAX_JOBS):
        job = shell.jobs.jobs[number]
        if job.used and job.background:
            show_job(number, job)
            if job.left == 0:
                job.used = False
    return 0


def show_job(number: u64, job: Job) -> None:
    """One line."""
    if job.left > 0:
        shell.writer.put(f"[{number + 1}] {shown_pid(job.pid).text} running  ")
    elif job.status == 0:
        shell.writer.put(f"[{number + 1}] {shown_pid(job.pid).text} done  ")
    else:
        shell.writer.put(f"[{number + 1}] {shown_pid(job.pid).text} exit status {job.status}  ")
    shell.writer.put_line(job.text.text)


def wait() -> u64:
    """`wait`: for all jobs, or for those of these numbers (of `jobs`), or for programs of any node by their pids; the
    status of the last.
    """
    status: u64 = 0
    for number in range(MAX_JOBS):
        job = shell.jobs.jobs[number]
        if argument_count() == 0 and job.used and job.background:
            status = shell.jobs.wait(number)
    for index in range(argument_count()):
        text = shell.launch.arguments[index]
        try:
            status = wait_for_job(text) if text.startswith("%") else wait_for_pid(text)
        except Exception as error:
            return refuse("wait", text, f"{error}")
    return status


def wait_for_job(text: Text) -> u64:
    """For `%1`. Raises ValueError."""
    number = parse_unsigned(text[1 : len(text)])
    if not 1 <= number <= MAX_JOBS or not is_job(number - 1):
        raise ValueError("no such job")
    return shell.jobs.wait(number - 1)


def wait_for_pid(text: Text) -> u64:
    """For a job of ours by its number or pid, or for any program. Raises ValueError, NoNode, ServiceError."""
    node, serial = parse_pid(text)
    for number in range(MAX_JOBS):
        pid = shell.jobs.jobs[number].pid
        is_numbered = node == own_node() and number + 1 == serial
        if is_job(number) and (is_numbered or (node_of(pid) == node and pid % SERIAL == serial)):
            return shell.jobs.wait(number)
    return wait_for_program(text, node, serial)


def is_job(number: u64) -> bool:
    """Whether that is a job in the background."""
    return shell.jobs.jobs[number].used and shell.jobs.jobs[number].background


def wait_for_program(text: Text, node: u64, serial: u64) -> u64:
    """For a program that the shell has not started. Ctrl-C ends the waiting only."""
    try:
        where, pid = find_program(node, serial)
    except NoProgram:
        raise ValueError("no such job") from None
    child = open_program(where, pid)
    shell.away.clear()
    member = nodes.numbered(where) if where != own_node() else None
    if member is not None:
        shell.away.set(member, text)
    return shell.jobs.wait_for(child, pid, shell.away)


def shown_pid(pid: u64) -> StringBuilder[24]:
    """Of our own node the number alone."""
    text: StringBuilder[24] = StringBuilder()
    if node_of(pid) == own_node():
        text.set(f"{pid % SERIAL}")
    else:
        text.set(pid_text(pid).text)
    return text


# ---- the rest ----


def leave() -> u64:
    """`exit [STATUS]`."""
    if argument_count() > 1:
        return misuse("exit [STATUS]")
    status = shell.scope.status
    if argument_count() == 1:
        try:
            status = parse_unsigned(shell.launch.arguments[0])
        except ValueError as error:
            return refuse("exit", shell.launch.arguments[0], f"{error}")
    shell.leaving = True
    return min(status, 255)


def show_history() -> u64:
    """`history`: the last lines typed."""
    for index in range(len(shell.history.lines)):
        shell.writer.put(f"{shell.history.number_of(index):>5}  ")
        shell.writer.put_line(shell.history.lines[index].text)
    return 0
