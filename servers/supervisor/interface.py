"""The supervisor: starts the image's servers, restarts those that die, and swaps them while they serve."""

from enum import IntEnum

from atoll.abi.types import Array, Bytes, Slice, Text, u8, u64
from atoll.userland.runtime.interface import Handle, Interface, ServiceError, idempotent
from atoll.userland.runtime.messages import Gate
from atoll.userland.runtime.objects import Memory

NAME_SIZE = 32  # bytes of a service's name


class NoSuchService(ServiceError):
    """The manifest has no service of that name."""


class SwapFailed(ServiceError):
    """The old server goes on as if nothing had been; the text says what failed."""


class ServiceState(IntEnum):
    """What a service does."""

    STARTING = 0
    SERVING = 1
    WAITING = 2  # to be restarted: back-off
    SWAPPING = 3
    GIVEN_UP = 4  # it died too often
    ABSENT = 5  # the machine lacks its device, or the image its program


class SwapReport:
    """How a swap went. Times in nanoseconds."""

    version: u64  # of the service, from now on
    pause: u64  # from the old server's last answer to the new one's first readiness
    total: u64  # from the request to the end of the old process
    state_size: u64  # bytes of state that went over
    handles: u64  # that moved


class ServiceInfo:
    """One service, as `list` tells it: `list` fills the caller's buffer with these."""

    pid: u64  # serial number of its process; 0: not running
    generation: u64  # how often it was started after a death
    version: u64  # how often it was swapped
    state: u64  # a ServiceState
    last_pause: u64  # of a swap: nanoseconds in which nobody served
    longest_pause: u64
    quota: u64  # pages that its process may use
    name_length: u64
    name: Array[u8, NAME_SIZE]


INFO_SIZE = 96  # bytes of a ServiceInfo


class Supervisor(Interface, messages=0x0E00, errors=(NoSuchService, SwapFailed)):
    """What the supervisor does."""

    def swap(self, name: Text, image: Memory, size: u64) -> SwapReport:
        """Replace a server by the program in a memory object, `size` bytes long, while its clients go on; the name
        "supervisor" stands for the supervisor itself. Raises NoSuchService, SwapFailed."""

    def kill(self, name: Text) -> None:
        """End a server as if it had crashed; it is restarted. For tests and teaching."""

    @idempotent
    def list(self, first: u64, into: Slice[u8]) -> u64:
        """ServiceInfos from number `first` on, the supervisor's own last; the bytes written (0: that was all)."""

    def switch_off(self, status: u64) -> None:
        """End the machine with that status, after all that is written is on the disk."""

    def keep_name(self, name: Text, gate: Gate, is_mount: bool) -> None:
        """From the naming service: a program has registered a name. A successor, after a crash, is told it again."""

    @idempotent
    def forget_name(self, name: Text) -> None:
        """From a service: a name that it had kept is not registered any more."""

    def keep_entry(self, name: Text, note: Bytes, gate: Gate) -> None:
        """From a service: a name, and up to 48 bytes of what it knows of that, for a successor after a crash."""

    @idempotent
    def kept_entry(self, first: u64, into: Slice[u8]) -> tuple[u64, u64, Handle]:
        """From a service: what was kept for it, from place `first` on: 48 bytes of the note, then the name (0 bytes:
        that was all); the place to go on from; the gate."""
