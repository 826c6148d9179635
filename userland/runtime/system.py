"""A program and its parent: output, exit status, the error that nobody caught.

The parent is whoever started the program; it answers the calls of abi/programs.py. The first process has none: it says
itself, with `be_first`, where its output and its own errors go.
"""

from collections.abc import Callable
from typing import NoReturn

from atoll.abi.calls import NO_TIMEOUT, Call
from atoll.abi.objects import NO_HANDLE, Statistics
from atoll.abi.programs import MAX_WRITE, STREAM_WRITE, Ask
from atoll.abi.raw import address_of, at, view
from atoll.abi.riscv import ecall
from atoll.abi.startup import OUTPUT
from atoll.abi.types import Bytes, PerThread, export, i64, u64, unsigned
from atoll.userland.runtime import kernel_calls
from atoll.userland.runtime.errors import RECORD_SIZE, ErrorRecord, record
from atoll.userland.runtime.messages import Letter
from atoll.userland.runtime.startup import given


class Parent:
    """What the program was started with."""

    gate: u64  # to the parent
    output: u64  # gate of the stream that print writes to; without one the parent is told
    process: u64  # a handle of the program's own process

    # of a program without parent, once it has said so
    is_first: bool
    write: Callable[[Bytes], None]
    report: Callable[[ErrorRecord], None]


class ThreadStart:
    """What a thread runs: it finds this at an address that it is given (threads.py)."""

    function: Callable[[u64], None]
    argument: u64


class Redirection:
    """Where a thread prints to, if not where the program does."""

    gate: u64
    timeout: u64  # nanoseconds


parent: Parent = Parent()
redirection: PerThread[Redirection] = Redirection()


@export("program_begin")
def begin(gate: u64, process: u64) -> None:
    """Called by start.py before anything else."""
    parent.gate = gate
    parent.process = process
    if process != NO_HANDLE:
        parent.output = given(OUTPUT)


def be_first(write: Callable[[Bytes], None], report: Callable[[ErrorRecord], None]) -> None:
    """This program has no parent: its output and its own uncaught errors go to these functions."""
    parent.is_first = True
    parent.write = write
    parent.report = report


def own_process() -> u64:
    """A handle of this process, if its parent gave it one; else 0."""
    return parent.process


def parent_gate() -> u64:
    """The gate to this program's parent (servers/root/interface.py says what can be asked there)."""
    return parent.gate


# ---- output ----


@export("write_console")
def write_console(data: Bytes) -> None:
    """Write to the console. There is nobody to tell if that fails."""
    if parent.is_first:
        parent.write(data)
        return
    done: u64 = 0
    while done < len(data):
        part = min(u64(len(data)) - done, MAX_WRITE)
        if redirection.gate != NO_HANDLE:
            tell(redirection.gate, STREAM_WRITE, view(address_of(data) + done, part), redirection.timeout)
        elif parent.output != NO_HANDLE:
            tell(parent.output, STREAM_WRITE, view(address_of(data) + done, part))
        else:
            tell(parent.gate, Ask.WRITE, view(address_of(data) + done, part))
        done += part


def redirect(gate: u64, timeout: u64 = NO_TIMEOUT) -> None:
    """From now on this thread prints to another stream (NO_HANDLE: no more), and waits so long for it at most."""
    redirection.gate = gate
    redirection.timeout = timeout


def tell(gate: u64, what: u64, data: Bytes, timeout: u64 = NO_TIMEOUT) -> None:
    """A call with bytes to the parent, or to a stream."""
    letter = Letter()
    letter.words[0] = what
    letter.enclose(data)
    letter.attempt(Call.CALL, gate, timeout)


# ---- the end ----


@export("program_exit")
def exit_program(status: i64) -> NoReturn:
    """End the program. Statuses are 0 to 255."""
    while True:
        ecall(unsigned(status), 0, 0, 0, 0, 0, 0, Call.PROCESS_EXIT)


@export("uncaught")
def uncaught(error: ErrorRecord) -> NoReturn:
    """An error that `main`, or a thread's function, did not catch ends the program with a traceback."""
    if parent.is_first:
        parent.report(error)
    else:
        tell(parent.gate, Ask.ERROR, view(address_of(error), RECORD_SIZE))
    exit_program(1)


@export("thread_main")
def thread_main(start: u64) -> NoReturn:
    """Called by start.py with the address of a ThreadStart."""
    run = at(ThreadStart, start)
    try:
        run.function(run.argument)
    except Exception:
        uncaught(record)
    while True:
        ecall(0, 0, 0, 0, 0, 0, 0, Call.THREAD_EXIT)


# ---- time ----


def clock() -> u64:
    """Nanoseconds since the machine was switched on."""
    return kernel_calls.clock()


def ticks() -> u64:
    """Timer interrupts since the machine was switched on."""
    figures = Statistics()
    kernel_calls.read_statistics(figures)
    return figures.ticks
