"""What a program asks of the kernel: one function for each system call, and the program's arguments."""

from typing import NoReturn

from atoll.abi.address_space import ARGUMENTS, ARGUMENTS_COUNT, ARGUMENTS_FIRST
from atoll.abi.raw import address_of, load64, text_at
from atoll.abi.riscv import ecall
from atoll.abi.seed_calls import MAX_WRITE, Call, Refusal
from atoll.abi.types import Bytes, Text, export, i64, u64, unsigned
from atoll.userland.runtime.errors import ErrorRecord


class CallRefused(Exception):
    """The kernel refused a system call."""

    refusal: u64


def system_call(number: u64, first: u64, second: u64) -> u64:
    """Any system call by its number; the result is its value."""
    refusal, value = ecall(first, second, 0, 0, 0, 0, 0, number)
    if refusal != Refusal.NONE:
        raise CallRefused(refusal)
    return value


@export("write_console")
def write_console(data: Bytes) -> None:
    """Write to the console. What print makes is never refused: its memory is the program's own."""
    left = u64(len(data))
    address = address_of(data)
    while left > 0:
        part = left if left < MAX_WRITE else MAX_WRITE
        ecall(address, part, 0, 0, 0, 0, 0, Call.WRITE)
        address += part
        left -= part


@export("program_exit")
def exit_program(status: i64) -> NoReturn:
    """End the program. Statuses are 0 to 255."""
    while True:
        ecall(unsigned(status), 0, 0, 0, 0, 0, 0, Call.EXIT)


@export("uncaught")
def uncaught(record: ErrorRecord) -> NoReturn:
    """An error that `main` did not catch ends the program with a traceback."""
    while True:
        ecall(address_of(record), 0, 0, 0, 0, 0, 0, Call.REPORT_ERROR)


def clock() -> u64:
    """Nanoseconds since the machine was switched on."""
    return system_call(Call.CLOCK, 0, 0)


def ticks() -> u64:
    """Timer interrupts since the machine was switched on: as many times the kernel could have run another program."""
    return system_call(Call.TICKS, 0, 0)


def argument_count() -> u64:
    """How many arguments the program was started with."""
    return load64(ARGUMENTS + ARGUMENTS_COUNT)


def argument(index: u64) -> Text:
    """One of the program's arguments, the first has index 0; IndexError if there is no such argument."""
    if index >= argument_count():
        raise IndexError(f"argument {index} of {argument_count()}")
    place: u64 = ARGUMENTS + ARGUMENTS_FIRST
    for _ in range(index):
        place += 8 + padded(load64(place))
    return text_at(place + 8, load64(place))


def padded(size: u64) -> u64:
    """A size in bytes, rounded up to a multiple of 8."""
    return (size + 7) // 8 * 8
