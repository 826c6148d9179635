"""A refused system call as an error: one class for each status, all of them a `KernelError`."""

from typing import NoReturn

from atoll.abi.calls import Status
from atoll.abi.types import u64


class KernelError(Exception):
    """The kernel refused a call, or a message did not get through."""


# ---- the caller's mistakes ----


class NoSuchCall(KernelError):
    """No call has that number."""


class BadHandle(KernelError):
    """No handle has that value."""


class StaleHandle(KernelError):
    """That handle was closed or has moved away."""


class WrongKind(KernelError):
    """A handle of another kind of object."""


class NoRight(KernelError):
    """The handle lacks a right that this needs."""


class BadAddress(KernelError):
    """Some of the memory named is not the program's, or not aligned."""


class BadArgument(KernelError):
    """A number out of its range."""


class TooLong(KernelError):
    """More bytes than fit the other side's buffer, or than a segment may have."""


class NotStopped(KernelError):
    """Only a stopped thread can have this done to it."""


class NotWaiting(KernelError):
    """The thread waits for nothing."""


class InUse(KernelError):
    """Something is there already, or the thing is oneself."""


class NotBoth(KernelError):
    """Memory is not to be written and executed."""


# ---- what there is not ----


class NoMemory(KernelError):
    """The quota is used up."""


class NoPeerMemory(KernelError):
    """The receiver's quota is used up: it has no room for the handle."""


class NoRoom(KernelError):
    """The handle table is full, or there are too many processes."""


# ---- what others did ----


class Dead(KernelError):
    """The handle's object was destroyed."""


class Revoked(KernelError):
    """The gate was revoked."""


class PeerDied(KernelError):
    """The receiver has died; its serial number tells it from the one that comes after it."""

    serial: u64


class ReplyDropped(KernelError):
    """The receiver closed the reply handle: there will be no answer."""


class CallerGone(KernelError):
    """Whom the reply was for does not wait any more."""


class Cancelled(KernelError):
    """Somebody cancelled what this thread waited for."""


class TimedOut(KernelError):
    """The time is over."""


class WouldBlock(KernelError):
    """Nobody, or nothing, was waiting, and this call was not to wait."""


class UnknownStatus(KernelError):
    """A status of another version of the kernel."""

    status: u64


def refuse(status: u64, detail: u64) -> NoReturn:
    """Raise the error of a status; `detail` is what the call left in a1."""
    if status < Status.NO_MEMORY:
        refuse_mistake(status)
    refuse_other(status, detail)


def refuse_mistake(status: u64) -> NoReturn:
    """The caller's mistakes."""
    match status:
        case Status.NO_SUCH_CALL:
            raise NoSuchCall("no call has that number")
        case Status.BAD_HANDLE:
            raise BadHandle("no handle has that value")
        case Status.STALE_HANDLE:
            raise StaleHandle("the handle was closed or has moved away")
        case Status.WRONG_KIND:
            raise WrongKind("a handle of another kind of object")
        case Status.NO_RIGHT:
            raise NoRight("the handle lacks a right")
        case Status.BAD_ADDRESS:
            raise BadAddress("some of that memory is not the program's")
        case Status.BAD_ARGUMENT:
            raise BadArgument("a number out of its range")
        case Status.TOO_LONG:
            raise TooLong("more bytes than the other side takes")
        case Status.NOT_STOPPED:
            raise NotStopped("the thread is not stopped")
        case Status.NOT_WAITING:
            raise NotWaiting("the thread waits for nothing")
        case Status.IN_USE:
            raise InUse("something is there already")
        case Status.NOT_BOTH:
            raise NotBoth("memory is not to be written and executed")
    raise UnknownStatus(status)


def refuse_other(status: u64, detail: u64) -> NoReturn:
    """What there is not, and what others did."""
    match status:
        case Status.NO_MEMORY:
            raise NoMemory("the quota is used up")
        case Status.NO_PEER_MEMORY:
            raise NoPeerMemory("the receiver has no room for the handle")
        case Status.NO_ROOM:
            raise NoRoom("no room for another one")
        case Status.DEAD:
            raise Dead("whom or what the handle led to is gone")
        case Status.REVOKED:
            raise Revoked("the gate was revoked")
        case Status.PEER_DIED:
            raise PeerDied(detail)
        case Status.REPLY_DROPPED:
            raise ReplyDropped("the receiver will not answer")
        case Status.CALLER_GONE:
            raise CallerGone("nobody waits for this reply any more")
        case Status.CANCELLED:
            raise Cancelled("cancelled while waiting")
        case Status.TIMED_OUT:
            raise TimedOut("the time is over")
        case Status.WOULD_BLOCK:
            raise WouldBlock("nothing was waiting")
    raise UnknownStatus(status)
