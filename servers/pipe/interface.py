"""Pipes: what is written to the one end is read from the other."""

from atoll.abi.types import u64
from atoll.userland.runtime.interface import Handle, Interface, ServiceError
from atoll.userland.runtime.messages import Gate


class TooManyPipes(ServiceError):
    """There are as many pipes as the server has room for."""


class NoSuchPipe(ServiceError):
    """No pipe has that number, or its read end was given away already."""


class Pipes(Interface, messages=0x0A00, errors=(TooManyPipes, NoSuchPipe)):
    """Makes pipes. Both ends are gates that speak Stream (servers/stream/interface.py)."""

    def create(self) -> tuple[u64, Handle]:
        """A new pipe: its number, and the gate of the write end."""

    def reader(self, pipe: u64) -> Gate:
        """The gate of a new pipe's read end; it is given once. Raises NoSuchPipe."""
