"""The pool: frames are pages of a few large memory objects, so that a swap hands over dozens of handles, not thousands.

Each chunk has two handles: one for private pages, and one without WRITE for shared ones. A program that holds a
handle of its own process could else make a shared page writable.
"""

from atoll.abi.address_space import PAGE_SIZE
from atoll.abi.objects import NO_HANDLE, Info, Right
from atoll.abi.types import Array, Bytes, Slice, u8, u64
from atoll.servers.memory.places import Places
from atoll.servers.memory.swap import MAX_SLOTS
from atoll.userland.runtime.kernel_errors import InUse, NoMemory, NoRight
from atoll.userland.runtime.objects import Memory, Process, create_memory, duplicate, read_info

CHUNK = 256  # pages
CHUNKS = 64
FRAMES = CHUNK * CHUNKS + 1  # places of the table, the unused one included
# Pages of our quota that do not become frames: handles, gates and their tables; and the state at a swap, of which there
# is a part for each frame and each slot (less than a 128th of a page).
RESERVE = 48
STATE_SHARE = 128
READ_ONLY = Right.READ | Right.EXECUTE | Right.DUPLICATE | Right.MOVE


class Chunk:
    """One memory object."""

    private: Memory
    shared: Memory


class Pool:
    """All of them. All but the last chunk have CHUNK pages."""

    chunks: Array[Chunk, CHUNKS]
    count: u64
    limit: u64  # frames at most
    zeros: Memory  # one page
    mark: Memory  # the same, not to be written by who has it mapped

    def start(self, limit: u64) -> None:
        """An empty pool that may grow to so many frames."""
        self.limit = min(limit, CHUNK * CHUNKS)
        self.zeros = create_memory(1)
        self.mark.handle = duplicate(self.zeros.handle, READ_ONLY)

    def grow(self, frames: Places[FRAMES], own_process: u64) -> bool:
        """Another chunk, as large as quota and limit let it be; False if nothing is to be had."""
        pages = self.next_chunk(frames.known, spare_quota(own_process))
        if pages == 0:
            return False
        try:
            memory = create_memory(pages)
            self.chunks[self.count].private.handle = memory.handle
            self.chunks[self.count].shared.handle = duplicate(memory.handle, READ_ONLY)
        except NoMemory:
            return False
        self.count += 1
        frames.extend(pages)
        return True

    def next_chunk(self, known: u64, quota: u64) -> u64:
        """Pages of the chunk that follows on so many frames, with so much quota left; 0: there is none."""
        if known % CHUNK != 0:  # the last one is not whole: it was all that was left
            return 0
        reserve = RESERVE + (known + CHUNK + MAX_SLOTS) // STATE_SHARE
        return min(CHUNK, self.limit - known, quota - min(quota, reserve))

    def most(self, known: u64, own_process: u64) -> u64:
        """Frames that a pool of so many will have when it has grown as far as quota and limit let it."""
        quota = spare_quota(own_process)
        while True:
            pages = self.next_chunk(known, quota)
            if pages == 0:
                return known
            known += pages
            quota -= pages

    def chunk_of(self, frame: u64) -> Chunk:
        """The chunk that a frame is in."""
        return self.chunks[(frame - 1) // CHUNK]

    def page_of(self, frame: u64) -> u64:
        """Its page there."""
        return (frame - 1) % CHUNK

    def read(self, frame: u64, into: Slice[u8]) -> None:
        """Copy a frame out."""
        self.chunk_of(frame).private.read(self.page_of(frame) * PAGE_SIZE, into)

    def write(self, frame: u64, data: Bytes) -> None:
        """Copy a frame in."""
        self.chunk_of(frame).private.write(self.page_of(frame) * PAGE_SIZE, data)

    def clear(self, frame: u64) -> None:
        """Fill a frame with zeros."""
        self.chunk_of(frame).private.copy_from(self.page_of(frame), self.zeros.handle, 0, 1)

    def copy(self, to: u64, source: u64) -> None:
        """Copy a frame."""
        origin = self.chunk_of(source).private.handle
        self.chunk_of(to).private.copy_from(self.page_of(to), origin, self.page_of(source), 1)

    def show(self, process: Process, page: u64, frame: u64, rights: u64, is_shared: bool) -> None:
        """Map a frame as that page of a process.

        If something is mapped there already, it may be this frame: for another thread that faulted, or because the
        rights were taken away. Then they are given back, and what is known of its use stays. Else it is replaced.
        """
        chunk = self.chunk_of(frame)
        memory = Memory(chunk.shared.handle if is_shared else chunk.private.handle)
        address = page * PAGE_SIZE
        try:
            process.map(memory, self.page_of(frame), address, 1, rights)
        except InUse:
            try:
                process.protect(address, 1, rights)
            except NoRight:
                process.unmap(address, 1)
                process.map(memory, self.page_of(frame), address, 1, rights)


def spare_quota(own_process: u64) -> u64:
    """How many pages of our own quota are left; without a process as many as one likes."""
    if own_process == NO_HANDLE:
        return 2 * CHUNK * CHUNKS
    info = Info()
    read_info(own_process, info)
    return (info.words[1] - info.words[2]) // PAGE_SIZE
