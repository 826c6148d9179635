"""Sessions: shells on terminals."""

from atoll.abi.types import u64
from atoll.userland.runtime.interface import Interface, ServiceError
from atoll.userland.runtime.messages import Gate


class CannotStart(ServiceError):
    """The shell cannot be started; the text says why."""


class Session(Interface, messages=0x1200, errors=(CannotStart,)):
    """What can be asked of the session service."""

    def open(self, terminal: Gate) -> u64:
        """Start a shell on a terminal, a Stream: its pid. It is not started again when it ends."""
