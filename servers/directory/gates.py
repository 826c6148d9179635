"""Gates to give away, and gates that may have gone away meanwhile."""

from atoll.abi.objects import NO_HANDLE, Right
from atoll.abi.types import u64
from atoll.userland.runtime.kernel_errors import KernelError
from atoll.userland.runtime.objects import close, duplicate

FOR_CALLERS = Right.SEND | Right.MOVE | Right.DUPLICATE


def duplicate_of(gate: u64) -> u64:
    """Another handle to give away; NO_HANDLE of none."""
    return NO_HANDLE if gate == NO_HANDLE else duplicate(gate, FOR_CALLERS)


def close_quietly(handle: u64) -> None:
    """Give a handle up, if it is still ours."""
    if handle != NO_HANDLE:
        try:
            close(handle)
        except KernelError:
            return
