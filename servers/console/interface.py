"""The console: a Stream (servers/stream) of the terminal's lines, and what else can be asked of a terminal.

A reader gets a line when it is complete, or at once what is left of one that did not fit; 0 bytes after Ctrl-D on an
empty line. In raw mode it gets keys as they come, without echo.
"""

from atoll.abi.types import u64
from atoll.userland.runtime.interface import Interface, ServiceError, idempotent
from atoll.userland.runtime.messages import Gate

INTERRUPT_BIT = 1  # what the foreground's gate is notified with when Ctrl-C was typed


class ConsoleError(ServiceError):
    """The console cannot do that; the text says why."""


class Console(Interface, messages=0x0600, errors=(ConsoleError,)):
    """What can be done with the console besides reading and writing."""

    def set_foreground(self, gate: Gate) -> None:
        """Whom Ctrl-C notifies from now on."""

    def set_raw(self, raw: bool) -> None:
        """Keys as they are typed, Ctrl-C among them, without echo; or lines again. What was typed stays."""

    @idempotent
    def width(self) -> u64:
        """Columns of the terminal; 0 if nobody sits at it."""
