"""System calls in CPython: what stands for the functions of `userland/runtime/` that need a kernel or a parent."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from atoll.abi.cpython.integers import Fixed, i64, u64
from atoll.compiler.cpython import runtime

arguments: list[str] = []  # of the program that runs


class Exited(BaseException):
    """The program asked to end. No error of the guest: `except Exception` does not see it."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


def start(given: Sequence[str]) -> None:
    """Set the arguments of the next program."""
    arguments[:] = given


def argument_count() -> Fixed:
    """How many arguments the program was started with."""
    return u64(len(arguments))


def argument(index: int) -> str:
    """One of the program's arguments."""
    if not 0 <= index < len(arguments):
        raise IndexError(f"argument {int(index)} of {len(arguments)}")
    return arguments[index]


def exit_program(status: int) -> NoReturn:
    """End the program."""
    raise Exited(i64(status))


def write_console(data: Any) -> None:
    """Write to the console."""
    runtime.write(runtime.decoded(bytes(data)), end="")


def clock() -> Fixed:
    """Nanoseconds since the machine was switched on: here time stands still."""
    return u64(0)


# Module -> what is put over its functions when it has been loaded.
REPLACEMENTS: dict[str, dict[str, Callable[..., Any]]] = {
    "atoll.userland.runtime.system": {
        "exit_program": exit_program, "write_console": write_console, "clock": clock, "ticks": clock,
    },
    "atoll.userland.runtime.startup": {"argument_count": argument_count, "argument": argument},
}  # fmt: skip
