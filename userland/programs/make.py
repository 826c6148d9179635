"""make: bring files up to date by running commands.

usage: make [-n] [-f FILE] [TARGET ...]
  -n  only show what would be run     -f  the rules; without it `Makefile`
`TARGET: SOURCE ...`, then on lines that begin with a blank commands for the
shell, which run if the target is missing or older than a source. Clocks of two
nodes agree to a millisecond: a source on another node must be older by that.
"""

from atoll.abi.types import Text, i64, u64
from atoll.userland.library.arguments import begin, operand, operand_count, option, option_value
from atoll.userland.library.errors import exit_status, fail
from atoll.userland.library.files import READING, FileProblem, describe, open_file
from atoll.userland.library.paths import PATH_SIZE, absolute, normalise
from atoll.userland.library.processes import ENVIRONMENT_SIZE, Streams, pack_environment, spawn
from atoll.userland.library.streams import Reader
from atoll.userland.library.text import StringBuilder, Words, cut
from atoll.userland.programs.making.rules import Rule, find, read_rules, rules
from atoll.userland.runtime.objects import close

SHELL = "/bin/shell"
NODES = "/nodes/"
SLASH = 0x2F
MISSING = 0  # the time of a file that is not there
CLOCKS_AGREE = 1_000_000  # nanoseconds: docs/clusters.md
DEEPEST = 40  # targets that wait for each other
LINE_SIZE = 8192


class Problem(Exception):
    """What cannot be made, and why."""


class Run:
    """What commands are started with."""

    arguments: StringBuilder[LINE_SIZE]
    environment: StringBuilder[ENVIRONMENT_SIZE]
    streams: Streams
    count: u64  # commands that were run, or shown


reader: Reader = Reader()
run: Run = Run()
path: StringBuilder[PATH_SIZE] = StringBuilder()
here: StringBuilder[PATH_SIZE] = StringBuilder()
there: StringBuilder[PATH_SIZE] = StringBuilder()


def time_of(name: Text) -> u64:
    """When a file was modified; MISSING if there is none."""
    try:
        return max(describe(name).modified, 1)
    except FileProblem:
        return MISSING


def node_of(name: Text, into: StringBuilder[PATH_SIZE]) -> Text:
    """The node that a path leads to, as far as its letters say; nothing: our own."""
    absolute(name, path)
    normalise(path.text, into)
    if not into.text.startswith(NODES):
        return ""
    node, _ = cut(into.text[len(NODES) : len(into)], SLASH)
    return node


def is_newer(source: Text, target: Text, made: u64) -> bool:
    """Whether a source may have changed since the target was made."""
    changed = time_of(source)
    if node_of(source, here) == node_of(target, there):
        return changed >= made
    return changed + CLOCKS_AGREE >= made


def update(target: Text, depth: u64) -> None:
    """Make a target, after its sources, if it is not up to date. Raises Problem."""
    rule = find(target)
    if rule is None:
        if time_of(target) == MISSING:
            raise Problem(f"{target}: there is no such file, and no rule to make it")
        return
    if rule.is_done:
        return
    if rule.is_begun or depth == DEEPEST:
        raise Problem(f"{target}: it is made from itself" if rule.is_begun else f"{target}: too deep")
    rule.is_begun = True
    words = Words()
    words.start(rule.sources)
    source = words.next()
    while source is not None:
        update(source, depth + 1)
        source = words.next()
    if is_stale(rule):
        perform(rule)
    rule.is_done = True


def is_stale(rule: Rule) -> bool:
    """Whether a target is missing, or a source is newer."""
    made = time_of(rule.target)
    words = Words()
    words.start(rule.sources)
    source = words.next()
    while source is not None:
        if made == MISSING or is_newer(source, rule.target, made):
            return True
        source = words.next()
    return made == MISSING


def perform(rule: Rule) -> None:
    """Run a rule's commands. Raises Problem."""
    for index in range(len(rule.commands)):
        line = rule.commands[index]
        print(line)
        run.count += 1
        if option("n"):
            continue
        status = run_line(line)
        if status != 0:
            raise Problem(f"{rule.target}: status {status}")


def run_line(line: Text) -> u64:
    """The status of a line that the shell runs."""
    run.arguments.clear()
    run.arguments.add("-c\0")
    run.arguments.add(line)
    run.arguments.add_byte(0)
    child = spawn(SHELL, run.arguments.text.encode(), run.environment.text.encode(), run.streams)
    try:
        return child.join()
    finally:
        close(child.handle)


def make(target: Text) -> None:
    """One target, and say so if there was nothing to do."""
    before = run.count
    update(target, 0)
    if run.count == before:
        print(f"{target} is up to date")


def main() -> i64:
    """The targets that are named, or the first."""
    begin("make [-n] [-f FILE] [TARGET ...]", "nf:")
    name = option_value("f", "Makefile")
    try:
        reader.open(open_file(name, READING).handle)
        read_rules(reader)
    except Exception as error:
        fail(name, f"{error}")
    if len(rules) == 0:
        fail(name, "there is no rule")
    pack_environment(run.environment)
    run.streams.inherit()
    try:
        if operand_count() == 0:
            make(rules[0].target)
        for index in range(operand_count()):
            make(operand(index))
    except Exception as error:
        fail("", f"{error}")
    return exit_status()
