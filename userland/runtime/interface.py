"""Interfaces: what a service can be asked, declared once; the compiler makes both sides' stubs (docs/guest-python.md).

A class that derives from `Interface` is the client: `Naming(gate.handle).lookup("x")`. A class that derives from such
classes is a server, and service.py its loop.
"""

from dataclasses import dataclass
from typing import TypeAlias, TypeVar

from atoll.abi.calls import NO_TIMEOUT
from atoll.abi.interfaces import BAD_REQUEST
from atoll.abi.objects import NO_HANDLE
from atoll.abi.types import PerThread, Slice, u8, u64
from atoll.userland.runtime.messages import Letter
from atoll.userland.runtime.objects import close
from atoll.userland.runtime.state import StateReader, StateRefused, StateWriter

Method = TypeVar("Method")
# A handle of any kind in an interface: as a number. In a tuple it is the only way: `Gate(handle)` makes it a gate.
Handle: TypeAlias = u64


class ServiceError(Exception):
    """A service did not do what it was asked; the errors that interfaces declare derive from it."""


class OutcomeUnknown(ServiceError):
    """The receiver died while it worked on a call: nobody knows whether it was done."""


class Unreachable(ServiceError):
    """The service is at another node, and has certainly not got the call: nothing was done."""


class NotTransferable(ServiceError):
    """A handle that came with the call, or with its answer, cannot cross the wire; it is closed."""


def idempotent(method: Method) -> Method:
    """Doing it twice is the same as doing it once: the stub repeats a call whose receiver died."""
    return method


class CurrentCall:
    """The call that a server's method is answering."""

    badge: u64  # of the gate that it came through
    label: u64  # of the port that it came to
    reply: u64  # whom to answer; NO_HANDLE once it is postponed

    def postpone(self) -> u64:
        """The answer comes later, by `INTERFACE.reply_METHOD` or `INTERFACE.fail` with this reply handle.

        What the method returns now is ignored. An error that it raises is the answer nevertheless.
        """
        assert self.reply != NO_HANDLE
        reply = self.reply
        self.reply = NO_HANDLE
        return reply


call: PerThread[CurrentCall] = CurrentCall()


@dataclass
class Interface:
    """The base of all interfaces, and what a server does with messages that are no calls of its methods."""

    handle: u64 = 0

    def __init_subclass__(cls, messages: int = 0, errors: tuple[type[Exception], ...] = ()) -> None:
        """`messages`: number of the first method; `errors`: what methods raise. Read by the compiler only."""

    @staticmethod
    def fail(reply: u64, error: ServiceError) -> None:
        """Give a postponed answer: one of the interface's errors, as in `Naming.fail(reply, NoSuchName("x"))`."""

    def dispatch(self, letter: Letter, request: Slice[u8], reply: Slice[u8]) -> None:
        """Do what a received call asks, and put its answer into the letter; the compiler writes this one.

        `request` is the segment received, `reply` room for the answer's (MAX_SEGMENT, or what the service needs). The
        answer is postponed if the letter's reply is NO_HANDLE afterwards.
        """
        letter.set_words(BAD_REQUEST)

    def notified(self, bits: u64, label: u64) -> None:
        """Notification bits came to the port of that label."""

    def last_handle(self, badge: u64) -> None:
        """Nobody holds a gate of that badge any more."""

    def other_message(self, letter: Letter) -> None:
        """What is neither: SEND, FAULT, INHERITED, DEATH. What came with it is the server's now."""
        if letter.handle != NO_HANDLE:
            close(letter.handle)
        if letter.reply != NO_HANDLE:
            close(letter.reply)

    # ---- time: a server that has something to do without being asked ----

    def timeout(self) -> u64:
        """Nanoseconds until `timed_out` is to be called if no message comes; NO_TIMEOUT: never."""
        return NO_TIMEOUT

    def timed_out(self) -> None:
        """No message came for so long."""

    # ---- hot swap (service.py): the old server exports, the new one imports and is then activated ----

    def state_size(self) -> u64:
        """The most bytes that `export_state` writes."""
        return 65536

    def export_state(self, writer: StateWriter) -> None:
        """Write all that a successor needs, a version number first; from now on this server does nothing.
        Raises StateRefused.
        """
        raise StateRefused("this server has no way to hand its state over")

    def import_state(self, reader: StateReader) -> None:
        """Read what a predecessor wrote. Raises StateRefused, for an unknown version for instance."""
        raise StateRefused("this server has no way to take a state over")

    def activated(self) -> None:
        """The predecessor's ports and reply handles are ours: from now on we serve."""

    def resumed(self) -> None:
        """The swap did not come about: go on as before `export_state`."""

    # ---- the rest of what the supervisor says ----

    def inherited(self, handle: u64, number: u64) -> None:
        """Something that a predecessor who died had, a process for example; it is ours now."""
        if handle != NO_HANDLE:
            close(handle)

    def finish(self) -> None:
        """The machine is going to be switched off: make durable what is to last."""
