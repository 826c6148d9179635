"""How every command ends: errors that a user can mend are text, nothing else reaches the terminal as a traceback."""

import os
import sys
import tempfile
import traceback
from collections.abc import Callable
from functools import wraps
from typing import NoReturn, ParamSpec

import typer

REFUSED = 2                                     # bad input, as of an unknown option
INTERNAL = 70                                   # EX_SOFTWARE of sysexits.h: a bug of ours
INTERRUPTED = 128 + 2                           # what a shell reports for SIGINT
BROKEN_PIPE = 128 + 13                          # and for SIGPIPE

# Errors whose text is for the user, by module and name: looked up only if that module was loaded, so that the
# command line need not import the compiler to tell that something else went wrong.
EXPECTED = {
    "atoll.cluster.guard": "CommandError",
    "atoll.cluster.cluster": "ClusterError",
    "atoll.cluster.clusterfile": "ClusterFileError",
    "atoll.compiler.errors": "CompileError",
    "atoll.compiler.relocate": "LinkError",
    "atoll.machine.errors": "MachineError",
    "atoll.images.recipe": "ImageError",
}

SAYS_WHERE = "CompileError"                     # its text begins with file and line, as every compiler's

Parameters = ParamSpec("Parameters")


class CommandError(Exception):
    """A command cannot do what it was asked to; the text says why and what to do."""


def say(message: str) -> None:
    """A line for the person at the terminal: never on standard output, which is the guest's."""
    print(f"atoll: {message}", file=sys.stderr)


def guarded(command: Callable[Parameters, None]) -> Callable[Parameters, None]:
    """`command` with every way it can end turned into a message and an exit status."""

    @wraps(command)
    def run(*arguments: Parameters.args, **options: Parameters.kwargs) -> None:
        try:
            command(*arguments, **options)
        except KeyboardInterrupt:
            say("interrupted")
            raise typer.Exit(INTERRUPTED) from None
        except BrokenPipeError:
            _forget_output()
            raise typer.Exit(BROKEN_PIPE) from None
        except typer.Exit:
            raise
        except Exception as error:  # the one place that sees what nobody foresaw
            _fail(error)

    return run


def _fail(error: Exception) -> NoReturn:
    """Print what the user can use of `error` and exit."""
    if is_expected(error):
        if type(error).__name__ == SAYS_WHERE:
            print(error, file=sys.stderr)
        else:
            say(str(error))
        raise typer.Exit(REFUSED) from None
    if isinstance(error, ModuleNotFoundError) and not (error.name or "").startswith("atoll"):
        say(f"the library {error.name} is not installed; `atoll doctor` says the mend")
        raise typer.Exit(REFUSED) from None
    if isinstance(error, OSError):
        say(f"{error.filename}: {error.strerror}" if error.filename is not None else f"{error.strerror}")
        raise typer.Exit(REFUSED) from None
    reason = " ".join(f"{type(error).__name__}: {error}".split())
    say(f"internal error: {reason} (a bug in Atoll; report written to {_write_report(error)})")
    raise typer.Exit(INTERNAL) from None


def is_expected(error: Exception) -> bool:
    """Whether the text of `error` was written for the user."""
    kinds = (getattr(sys.modules[module], name) for module, name in EXPECTED.items() if module in sys.modules)
    return isinstance(error, tuple(kinds))


def _write_report(error: Exception) -> str:
    """The path of a new file with the traceback; a phrase instead if none can be written."""
    try:
        handle, path = tempfile.mkstemp(prefix="atoll-report-", suffix=".txt")
    except OSError as problem:
        return f"nowhere: {problem.strerror}"
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(f"command: {sys.argv}\npython: {sys.version}\n\n")
        file.writelines(traceback.format_exception(error))
    return path


def _forget_output() -> None:
    """The reader of our output has gone: keep Python from complaining about it again at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
