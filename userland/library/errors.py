"""What a program says when something goes wrong: `cat: /x: no such file`, on the standard error stream.

Every message says program, what and why. The exit status is 1 when something failed, 2 for a mistake in the arguments.
"""

from typing import NoReturn

from atoll.abi.objects import NO_HANDLE
from atoll.abi.startup import ERROR
from atoll.abi.types import Text, i64
from atoll.servers.stream.interface import Stream
from atoll.userland.library.text import StringBuilder, cut
from atoll.userland.runtime.startup import given
from atoll.userland.runtime.system import exit_program

FAILED = 1
MISUSED = 2
MESSAGE_SIZE = 1024  # bytes


class Program:
    """What messages say of the program."""

    usage: Text  # "cat [FILE ...]": its first word is the program's name
    status: i64
    message: StringBuilder[MESSAGE_SIZE]


program: Program = Program()


def set_usage(usage: Text) -> None:
    """How the program is called, its name first. A constant."""
    program.usage = usage


def program_name() -> Text:
    """The first word of the usage."""
    name, _ = cut(program.usage, 0x20)
    return name


def exit_status() -> i64:
    """1 if anything was complained of, 0 if not: what `main` returns."""
    return program.status


def complain(what: Text, why: Text) -> None:
    """Say `NAME: what: why` (without `what` if that is empty); the program goes on."""
    message = program.message
    message.clear()
    message.add(program_name())
    message.add(": ")
    add_cut(what)
    if len(what) > 0:
        message.add(": ")
    add_cut(why)
    message.add("\n")
    write_error(message.text)
    program.status = FAILED


def add_cut(text: Text) -> None:
    """As much of a text as leaves room for the rest of a message."""
    program.message.add(text[0 : min(len(text), MESSAGE_SIZE // 2 - 64)])


def fail(what: Text, why: Text) -> NoReturn:
    """Complain, and end the program."""
    complain(what, why)
    exit_program(FAILED)


def misuse(why: Text) -> NoReturn:
    """The arguments make no sense: say why, and how the program is called."""
    complain("", why)
    program.message.clear()
    program.message.add("usage: ")
    add_cut(program.usage)
    program.message.add("\n")
    write_error(program.message.text)
    exit_program(MISUSED)


def write_error(text: Text) -> None:
    """Text on the standard error stream; there is nobody to tell if that fails."""
    handle = given(ERROR)
    if handle == NO_HANDLE:
        print(text, end="")
        return
    try:
        Stream(handle).write(text.encode())
    except Exception:
        return
