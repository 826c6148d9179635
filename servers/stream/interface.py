"""Streams: bytes in order. Console, pipe ends and open files speak it; closing is to give the last handle up."""

from atoll.abi.types import Bytes, Slice, u8, u64
from atoll.userland.runtime.interface import Interface, ServiceError


class BrokenPipe(ServiceError):
    """Nobody will read what is written."""


class StreamError(ServiceError):
    """This stream cannot do that; the text says why."""


class Stream(Interface, messages=0x0300, errors=(BrokenPipe, StreamError)):
    """What can be done with a stream."""

    def read(self, into: Slice[u8]) -> u64:
        """The next bytes, at least one: how many; 0 at the end."""

    def write(self, data: Bytes) -> u64:
        """Write bytes: how many were taken, which may be fewer than given."""
