"""What the traveller (traveller.py) can be asked, wherever it is just now."""

from atoll.abi.types import u64
from atoll.userland.runtime.interface import Interface
from atoll.userland.runtime.messages import Gate


class Counting(Interface, messages=0x7100):
    """Nothing in it may be done twice, or left out."""

    def add(self, value: u64) -> u64:
        """The same times three; it is counted."""

    def later(self, value: u64) -> u64:
        """The same plus one, answered by another thread at its next step; it is counted."""

    def open(self, number: u64) -> Gate:
        """A gate of the caller's own, to another port."""

    def leave(self) -> None:
        """The caller calls no more."""
