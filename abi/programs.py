"""What a program says to whoever started it, by calls to the gate that it finds in register a0 at its start.

Register a1 holds a handle of the program's own process, or 0. A program that finds no gate (0 in a0) is the first one.
"""

from enum import IntEnum


class Ask(IntEnum):
    """Word 0 of the call. The reply carries nothing."""

    WRITE = 0x0100  # segment: bytes for the console, at most MAX_WRITE
    ERROR = 0x0101  # segment: an ErrorRecord, the error that ends the program
    POWER_OFF = 0x0102  # word 1: the exit status of the machine; of the supervisor only, and never answered


STREAM_WRITE = 0x0301  # Stream.write (servers/stream/interface.py): what a program's output is written with
MAX_WRITE = 4096  # bytes
MAX_STATUS = 255  # a larger exit status is taken as this one
