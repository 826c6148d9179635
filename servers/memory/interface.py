"""The memory manager: pager of ordinary programs. Pages of an image come from its file when they are first touched,
zeros and stack likewise; what is not used is written to swap when memory runs short.

The program manager asks it for a *space* for each program: `prepare` reads the image's headers and makes the pager
gate that the process is created with; `adopt` gives it the process, into whose address space it then maps.
"""

from enum import IntEnum

from atoll.abi.types import Bytes, Slice, u8, u64
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


class PagesAway(ServiceError):
    """Pages of the space are on another node: `bring` fetches one; or their source is gone."""


class BadPages(ServiceError):
    """The list of regions or pages makes no sense for that space."""


class NoFault(ServiceError):
    """No program waits for the program manager because of a fault."""


class Reason(IntEnum):
    """Why a program cannot go on."""

    MISTAKE = 0  # its own: `cause` and `address` say which
    OUT_OF_MEMORY = 1  # no frame could be freed, nor is there room in the swap area
    OUT_OF_QUOTA = 2  # the process's quota has no room for another mapping
    IMAGE_LOST = 3  # its file cannot be read: `renew` may help
    SWAP_LOST = 4  # the swap area cannot be read
    SOURCE_LOST = 5  # pages that it left on another node cannot be fetched any more


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
    away: u64  # that are on other nodes still
    away_at: u64  # these nodes: a bit for each number (bit_of)


def bit_of(node: u64) -> u64:
    """The bit that stands for a node in a word; bit 0 for each whose number is too large."""
    return u64(1) << node if node < 64 else u64(1)


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
    limit: u64  # frames that the pool can come to have: as many as its quota is enough for


class SpaceRegion:
    """Pages side by side with the same rights, as `regions` tells them."""

    first: u64  # page: address // PAGE_SIZE
    end: u64  # the page behind
    rights: u64  # abi.objects.Right


REGION_SIZE = 24  # bytes of a SpaceRegion

# ---- a page as `survey` tells it: its number, and ----
ACCESSED = 1 << 32  # used since the last survey
WRITTEN = 1 << 33  # written since then
AWAY_SHIFT = 40  # above: 1 + number of the source that has it (`source`); 0: it is here
PAGE_NUMBER = (1 << 32) - 1
# ---- a run of pages: the first one's number, and how many follow it ----
RUN_SHIFT = 32
LEAST_SURVEY = 512  # bytes that a survey has room for at least
CARRIED_SIZE = 8 + 4096  # bytes of a page in `write_pages`: its number, its contents
MOST_READ = 16  # pages at a time: as many as a segment holds
MOST_WRITTEN = 15


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


class PageSource(Interface, messages=0x1A00, errors=(NoSuchSpace,)):
    """Where pages are that a program left behind; the gate's badge says whose."""

    @idempotent
    def fetch(self, page: u64, into: Slice[u8]) -> u64:
        """The contents of a page."""


class Carrying(
    Interface,
    messages=0x1900,
    errors=(BadImage, NoSuchSpace, TooManySpaces, MemoryFull, PagesAway, BadPages),
):
    """Spaces on their way from one node to another. (The memory manager's too.)

    A carried space has no file: all pages that are not zero have been written to it, those of the program's text as
    well, or are fetched from a PageSource when they are first touched.
    """

    @idempotent
    def hold(self, space: u64, is_held: bool) -> None:
        """From now on no page of it is written to swap, so that none escapes a survey; or again."""

    @idempotent
    def regions(self, space: u64, into: Slice[u8]) -> u64:
        """Its SpaceRegions; bytes written."""

    def survey(self, space: u64, first: u64, into: Slice[u8]) -> tuple[u64, u64]:
        """Its pages that are not zero, from number `first` on: a word each, with ACCESSED and WRITTEN.

        These begin anew. Bytes written, and where to go on (0: that was all).
        """

    def survey_written(self, space: u64, first: u64, into: Slice[u8]) -> tuple[u64, u64]:
        """The same, only of pages that were written since the last survey."""

    @idempotent
    def read_pages(self, space: u64, pages: Bytes, into: Slice[u8]) -> u64:
        """The contents of pages, whose numbers are a word each, at most MOST_READ. Raises PagesAway."""

    def prepare_carried(self, regions: Bytes) -> tuple[u64, Handle]:
        """A space of such regions: its number, the pager gate. As `prepare` for the rest."""

    @idempotent
    def write_pages(self, space: u64, pages: Bytes) -> None:
        """Set pages of a carried space, each its number and its contents, at most MOST_WRITTEN. Raises MemoryFull."""

    def set_source(self, space: u64, node: u64, source: PageSource) -> u64:
        """Where a carried space fetches pages, besides others, and on which node that is; its number.

        The gate is closed when no page is there any more, or with the space.
        """

    @idempotent
    def expect(self, space: u64, source: u64, runs: Bytes) -> None:
        """That source has these runs of pages, a word each; they come when they are first touched."""

    @idempotent
    def source(self, space: u64, number: u64) -> tuple[u64, Handle]:
        """A source's node, and another gate to it. Raises PagesAway: there is none of that number."""

    @idempotent
    def inherit(self, space: u64, other: u64, runs: Bytes) -> None:
        """Copy these runs of pages from a retained space of the same program. Raises what `write_pages` raises."""

    @idempotent
    def bring(self, space: u64, page: u64) -> None:
        """Fetch a page now. Raises PagesAway if the source is gone."""

    @idempotent
    def retain(self, space: u64) -> None:
        """Its process has moved away: nothing is shown any more, the pages stay until `let_go`."""

    @idempotent
    def let_go(self, space: u64) -> None:
        """Nobody fetches pages of it any more: a retained space is released, one that is held will be if retained."""


# ---- bits of notifications ----
NEW_FAULT = 1  # to the sink
NEW_MANAGER = 1  # to the program manager's gate: the memory manager has died, this one knows no program yet
