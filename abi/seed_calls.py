"""System calls of the seed: their numbers, and the ways in which one is refused.

A program puts the number into a7, arguments into a0 and a1, and executes `ecall`. It finds a `Refusal` in a0 and a
value in a1; all other registers are as before. A wrong argument is the caller's mistake: the call is refused and
nothing else happens.
"""

from enum import IntEnum


class Call(IntEnum):
    """What a program can ask of the kernel; by each: a0, a1 -> value."""

    EXIT = 1  # status -> does not return
    WRITE = 2  # address, bytes -> bytes written to the console
    REPORT_ERROR = 3  # address of an ErrorRecord -> does not return: the program is stopped with that error's traceback
    CLOCK = 4  # -> time since the machine was switched on, in nanoseconds
    TICKS = 5  # -> timer interrupts taken since then


class Refusal(IntEnum):
    """Why a call was refused."""

    NONE = 0
    NO_SUCH_CALL = 1
    BAD_ADDRESS = 2  # some of the memory named is not the program's
    TOO_LONG = 3  # more bytes than MAX_WRITE


MAX_WRITE = 1 << 16  # bytes in one WRITE
MAX_STATUS = 255  # a larger exit status is taken as this one
