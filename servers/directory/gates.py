"""Gates that may have died meanwhile."""

from atoll.abi.objects import NO_HANDLE, Info, Right
from atoll.abi.types import u64
from atoll.userland.runtime.kernel_errors import KernelError
from atoll.userland.runtime.objects import close, duplicate, read_info

FOR_CALLERS = Right.SEND | Right.MOVE | Right.DUPLICATE
PORT_OF_GATE = 2  # word of its Info: 0 if the port is gone


def duplicate_of(gate: u64) -> u64:
    """Another handle to give away; NO_HANDLE of none."""
    return NO_HANDLE if gate == NO_HANDLE else duplicate(gate, FOR_CALLERS)


def is_dead(gate: u64) -> bool:
    """Whether nobody will ever receive there."""
    info = Info()
    read_info(gate, info)
    return info.words[PORT_OF_GATE] == 0


def close_quietly(handle: u64) -> None:
    """Give a handle up, if it is still ours."""
    if handle != NO_HANDLE:
        try:
            close(handle)
        except KernelError:
            return
