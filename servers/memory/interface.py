"""The memory manager: pager of ordinary programs. Pages of an image come from its file when they are first touched,
zeros and stack likewise; what is not used is written to swap when memory runs short.

The program manager asks it for a *space* for each program: `prepare` reads the image's headers and makes the pager
gate that the process is created with; `adopt` gives it the process, into whose address space it then maps.
"""

from enum import IntEnum

from atoll.abi.types import u64
from atoll.servers.files.interface import File
from atoll.userland.runtime.interface import Handle, Interface, ServiceError, idempotent
from atoll.userland.runtime.messages import Gate
from atoll.userland.runtime.objects import Memory, Process


class BadImage(ServiceError):
    """The file is not a program that can run here; the text says why."""


class NoSuchSpace(ServiceError):
    """No space has that number, or it has no process yet."""


class TooManySpaces(ServiceError):
    """There is no room for another program."""


class MemoryFull(ServiceError):
    """There is not enough memory, nor swap."""


class PagesLost(ServiceError):
    """Some of the program's pages were in the swap area of a memory manager that has died: it cannot go on."""


class NoFault(ServiceError):
    """No program waits for the program manager because of a fault."""


class Reason(IntEnum):
    """Why a program cannot go on."""

    MISTAKE = 0  # its own: `cause` and `address` say which
    OUT_OF_MEMORY = 1  # no frame could be freed, nor is there room in the swap area
    OUT_OF_QUOTA = 2  # the process's quota has no room for another mapping
    IMAGE_LOST = 3  # its file cannot be read: `renew` may help
    SWAP_LOST = 4  # the swap area cannot be read


class Fault:
    """A thread that cannot go on."""

    space: u64
    thread: u64  # serial number
    cause: u64  # abi/causes.py
    address: u64  # what it could not access
    reason: u64  # a Reason


class SpaceInfo:
    """What a space holds, in pages. Shared pages of its image count in each of the image's spaces."""

    entry: u64  # address of the first instruction
    resident: u64
    swapped: u64
    working_set: u64  # used in the last period: while memory is short, one turn of the pager's clock
    faults: u64
    trace_offset: u64  # of the trace table (abi/trace.py) in the file; size 0: there is none
    trace_size: u64  # bytes


class MemoryInfo:
    """The whole manager, in pages."""

    total: u64  # frames that the pool has now; it grows as long as its quota lets it
    free: u64
    swap_total: u64
    swap_used: u64
    private: u64  # in frames or swap, and in no file: what ends with the programs; other frames are a cache
    spaces: u64
    page_ins: u64
    page_outs: u64


class MemoryManager(
    Interface, messages=0x0900, errors=(BadImage, NoSuchSpace, TooManySpaces, MemoryFull, PagesLost, NoFault)
):
    """What the memory manager does."""

    def prepare(self, image: File) -> tuple[u64, u64, Handle]:
        """A space for the program in that file: its number, the address of its first instruction, the pager gate.

        The space is released when the last handle of that gate is gone, the process's own included.
        """

    def adopt(self, space: u64, process: Process) -> None:
        """The process whose address space it is.

        It was created with the pager gate; the handle has MANAGE, and for swaps of this server DUPLICATE and MOVE.
        """

    def prepare_again(self, space: u64, image: File) -> None:
        """After the manager's death, for each living program before any other is prepared: the space of that number.

        Then comes `adopt`, which raises PagesLost if pages were in swap. Threads that make faults meanwhile wait.
        """

    def renew(self, space: u64, image: File) -> None:
        """Another gate to the file, when the file service has died: who waits because of IMAGE_LOST tries again.

        Raises BadImage if it is not the same file, unchanged.
        """

    def share(self, space: u64, address: u64, memory: Memory) -> None:
        """Show a memory object at an address of the space, with the rights of its handle."""

    @idempotent
    def release(self, space: u64) -> None:
        """The process has ended: give its pages back. Nothing if the space is gone already."""

    @idempotent
    def describe(self, space: u64) -> SpaceInfo:
        """What a space holds."""

    @idempotent
    def totals(self) -> MemoryInfo:
        """What all spaces hold together."""

    def set_sink(self, gate: Gate) -> None:
        """Who fetches the faults that end programs: the gate is notified (NEW_FAULT) when there is one.

        Faults that an earlier sink has fetched are there again. Without a sink such programs end at once.
        """

    def next_fault(self) -> Fault:
        """The next thread that cannot go on; it waits. Raises NoFault."""

    @idempotent
    def end_fault(self, space: u64, thread: u64, status: u64) -> None:
        """The fault has been reported: end the thread's process with that status."""

    def prepare_memory(self, image: Memory, size: u64) -> tuple[u64, u64, Handle]:
        """As `prepare`, for a program whose file is the first `size` bytes of a memory object, which has READ.

        Its pages come from there when they are first touched, and are shared with nobody. The handle is given back
        with the space; the memory is charged to who made it.
        """

    def prepare_memory_again(self, space: u64, image: Memory, size: u64) -> None:
        """As `prepare_again`, for such a program."""


# ---- bits of notifications ----
NEW_FAULT = 1  # to the sink
NEW_MANAGER = 1  # to the program manager's gate: the memory manager has died, this one knows no program yet
