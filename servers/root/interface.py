"""What a program can ask of its parent, whoever that is: root, the supervisor or the program manager."""

from atoll.abi.types import Bytes, u64
from atoll.userland.runtime.interface import Interface


class Parent(Interface, messages=0x0100):
    """The gate in register a0 leads here (numbers: abi/programs.py)."""

    def write(self, data: Bytes) -> None:
        """Bytes for the console, of a program that was given no output."""

    def error(self, record: Bytes) -> None:
        """An ErrorRecord: the error that ends the program; the parent shows its traceback."""

    def power_off(self, status: u64) -> None:
        """Of the supervisor only: end the machine with that exit status. Never answered."""
