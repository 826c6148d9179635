"""The memory manager: pager of ordinary programs. Pages of an image come from its file when they are first touched,
zeros and stack likewise; what is not used is written to swap when memory runs short.

The program manager asks it for a *space* for each program: `prepare` reads the image's headers and makes the pager
gate that the process is created with; `adopt` gives it the process, into whose address space it then maps.
"""

from atoll.abi.types import u64
from atoll.servers.files.interface import File
from atoll.userland.runtime.interface import Interface, ServiceError, idempotent
from atoll.userland.runtime.messages import Gate
from atoll.userland.runtime.objects import Memory, Process


class BadImage(ServiceError):
    """The file is not a program that can run here; the text says why."""


class NoSuchSpace(ServiceError):
    """No space has that number."""


class TooManySpaces(ServiceError):
    """There is no room for another program."""


class MemoryFull(ServiceError):
    """There is not enough memory, nor swap."""


class SpaceInfo:
    """What a space holds, in pages."""

    entry: u64  # address of the first instruction
    resident: u64
    swapped: u64
    working_set: u64  # accessed during the last period
    faults: u64
    trace_offset: u64  # of the trace table (abi/trace.py) in the file; size 0: there is none
    trace_size: u64  # bytes


class MemoryInfo:
    """The whole manager, in pages."""

    total: u64
    free: u64
    swap_total: u64
    swap_used: u64
    spaces: u64
    page_ins: u64
    page_outs: u64


class MemoryManager(Interface, messages=0x0900, errors=(BadImage, NoSuchSpace, TooManySpaces, MemoryFull)):
    """What the memory manager does."""

    def prepare(self, image: File) -> tuple[u64, u64, Gate]:
        """A space for the program in that file: its number, the address of its first instruction, and the pager gate."""

    def adopt(self, space: u64, process: Process) -> None:
        """The process whose address space it is. (Created with the pager gate; the handle has MANAGE.)"""

    def share(self, space: u64, address: u64, memory: Memory) -> None:
        """Show a memory object at an address of the space, with the rights of its handle."""

    @idempotent
    def release(self, space: u64) -> None:
        """The process has ended: give its pages back."""

    @idempotent
    def describe(self, space: u64) -> SpaceInfo:
        """What a space holds."""

    @idempotent
    def totals(self) -> MemoryInfo:
        """What all spaces hold together."""
