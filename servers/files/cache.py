"""The block cache: a fixed number of buffers, written back late.

Every access to the disk goes through it. A buffer stays at least until MIN_BUFFERS / 4 others have been asked for, so
that an operation may hold views of the few that it works on.
"""

from atoll.abi.types import Array, Ref, Slice, u8, u64
from atoll.servers.block.interface import MAX_TRANSFER, DeviceError
from atoll.servers.files.device import Device
from atoll.servers.files.fields import clear
from atoll.servers.files.interface import InputOutputError
from atoll.servers.files.layout import SECTOR

MIN_BUFFERS = 128
MAX_BUFFERS = 1024
CHAINS = 512

# ---- states of a buffer ----
UNUSED = 0  # of no block
CLEAN = 1  # as on the disk
DIRTY = 2  # contents of a file, not yet on the disk; goes there whenever we like
LOGGED = 3  # metadata changed by the running transaction: must not go home before it is committed
COMMITTED = 4  # metadata that is in the journal but not yet home


class Buffer:
    """One block of the disk."""

    block: u64
    state: u64
    data: Slice[u8]
    # in the list of recent use, or in that of the running transaction
    newer: Ref["Buffer"]
    older: Ref["Buffer"]
    next: "Buffer | None"  # of the same hash chain


class Chain:
    """Buffers whose blocks have the same hash."""

    first: Buffer | None


class Cache:
    """All buffers. They are in `recent`, by use, or in `logged`, in the order in which they were changed."""

    device: Device
    block_size: u64
    count: u64  # of buffers
    buffers: Array[Buffer, MAX_BUFFERS]
    chains: Array[Chain, CHAINS]
    recent: Buffer  # both lists are rings around such a buffer; `older` of it is the newest
    logged: Buffer
    logged_count: u64
    dirty_count: u64
    frozen: bool  # nothing is written any more: what is dirty is lost, what is committed stays here
    staging: Array[u8, MAX_TRANSFER]  # where neighbours come together for one transfer

    def start(self, pool: Slice[u8], block_size: u64) -> None:
        """Forget everything; as many buffers as fit into the pool."""
        self.block_size = block_size
        self.count = min(u64(len(pool)) // block_size, MAX_BUFFERS)
        assert self.count >= MIN_BUFFERS, "the pool is too small for this block size"
        for chain in self.chains:
            chain.first = None
        self.logged_count = 0
        self.dirty_count = 0
        self.frozen = False
        empty(self.recent)
        empty(self.logged)
        for index in range(self.count):
            buffer = self.buffers[index]
            buffer.state = UNUSED
            buffer.next = None
            buffer.data = pool[index * block_size : (index + 1) * block_size]
            insert(self.recent, buffer)

    # ---- finding ----

    def find(self, block: u64) -> Buffer | None:
        """The buffer of a block, if it has one; not a use of it."""
        buffer = self.chains[block % CHAINS].first
        while buffer is not None:
            if buffer.block == block:
                return buffer
            buffer = buffer.next
        return None

    def get(self, block: u64) -> Buffer:
        """The buffer of a block with what the block holds. Raises InputOutputError."""
        found = self.find(block)
        if found is not None:
            self.use(found)
            return found
        buffer = self.take(block)
        try:
            self.device.read(self.device.handle, self.sector(block), buffer.data)
        except DeviceError:
            self.drop(buffer)
            raise InputOutputError(f"block {block} cannot be read") from None
        return buffer

    def get_new(self, block: u64, zeroed: bool) -> Buffer:
        """The buffer of a block that will be overwritten: it is not read."""
        found = self.find(block)
        if found is not None:
            self.use(found)
            if zeroed:
                clear(found.data)
            return found
        buffer = self.take(block)
        if zeroed:
            clear(buffer.data)
        return buffer

    def use(self, buffer: Buffer) -> None:
        """It is the newest now."""
        if buffer.state != LOGGED and self.recent.older is not buffer:
            remove(buffer)
            insert(self.recent, buffer)

    def sector(self, block: u64) -> u64:
        """Where a block begins."""
        return block * (self.block_size // SECTOR)

    # ---- taking and dropping ----

    def take(self, block: u64) -> Buffer:
        """The oldest buffer, for another block."""
        buffer = self.oldest()
        if buffer.state == DIRTY and self.frozen:
            self.dirty_count -= 1
        elif buffer.state == DIRTY or buffer.state == COMMITTED:
            self.write_home(buffer)
        self.unhash(buffer)
        buffer.block = block
        buffer.state = CLEAN
        chain = self.chains[block % CHAINS]
        buffer.next = chain.first
        chain.first = buffer
        remove(buffer)
        insert(self.recent, buffer)
        return buffer

    def oldest(self) -> Buffer:
        """The buffer to be taken next. Raises InputOutputError if none can be, because nothing may be written."""
        buffer = self.recent.newer
        while self.frozen and buffer.state == COMMITTED and buffer is not self.recent:
            buffer = buffer.newer
        if buffer is self.recent:
            raise InputOutputError("the cache is full of what cannot be written")
        return buffer

    def drop(self, buffer: Buffer) -> None:
        """It is of no block any more, and the first to be taken."""
        self.unhash(buffer)
        if buffer.state == LOGGED:
            self.logged_count -= 1
        elif buffer.state == DIRTY:
            self.dirty_count -= 1
        buffer.state = UNUSED
        remove(buffer)
        insert(self.recent.newer, buffer)

    def forget(self, block: u64) -> None:
        """The block was freed: what its buffer holds is not worth writing."""
        found = self.find(block)
        if found is not None:
            self.drop(found)

    def unhash(self, buffer: Buffer) -> None:
        """Out of its chain."""
        if buffer.state == UNUSED:
            return
        chain = self.chains[buffer.block % CHAINS]
        before = chain.first
        if before is buffer:
            chain.first = buffer.next
            return
        while before is not None and before.next is not buffer:
            before = before.next
        assert before is not None
        before.next = buffer.next

    # ---- changing ----

    def mark_dirty(self, buffer: Buffer) -> None:
        """A file's contents in it were changed."""
        if buffer.state != DIRTY:
            buffer.state = DIRTY
            self.dirty_count += 1

    def mark_logged(self, buffer: Buffer) -> None:
        """Metadata in it is being changed by the running transaction."""
        if buffer.state == LOGGED:
            return
        if buffer.state == DIRTY:
            self.dirty_count -= 1
        buffer.state = LOGGED
        self.logged_count += 1
        remove(buffer)
        insert(self.logged, buffer)

    def transaction_committed(self) -> None:
        """What was logged may go home."""
        while self.logged.newer is not self.logged:
            buffer = self.logged.newer
            buffer.state = COMMITTED
            remove(buffer)
            insert(self.recent, buffer)
        self.logged_count = 0

    # ---- to and from the disk ----

    def fetch(self, block: u64, count: u64) -> None:
        """Read consecutive blocks, none of which has a buffer, in one transfer. Raises InputOutputError."""
        self.clean_oldest(count)
        size = self.block_size
        try:
            self.device.read(self.device.handle, self.sector(block), self.staging[0 : count * size])
        except DeviceError:
            raise InputOutputError(f"blocks {block} to {block + count - 1} cannot be read") from None
        for index in range(count):
            self.take(block + index).data[0:size] = self.staging[index * size : (index + 1) * size]

    def clean_oldest(self, count: u64) -> None:
        """The next buffers to be taken need not be written first. Raises InputOutputError."""
        buffer = self.recent.newer
        if self.frozen:
            return
        for _ in range(count):
            if buffer.state == DIRTY or buffer.state == COMMITTED:
                self.write_home(buffer)
            buffer = buffer.newer

    def write_home(self, buffer: Buffer) -> None:
        """Write a buffer, and neighbours on the disk that are in the same state with it. Raises InputOutputError."""
        state = buffer.state
        first = buffer.block
        limit = MAX_TRANSFER // self.block_size
        while first > 0 and buffer.block - first + 1 < limit and self.is_in_state(first - 1, state):
            first -= 1
        size = self.block_size
        count: u64 = 0
        while count < limit and self.is_in_state(first + count, state):
            member = self.find(first + count)
            assert member is not None
            self.staging[count * size : (count + 1) * size] = member.data
            member.state = CLEAN
            count += 1
        if state == DIRTY:
            self.dirty_count -= count
        self.write_blocks(first, self.staging[0 : count * size])

    def is_in_state(self, block: u64, state: u64) -> bool:
        """Whether the block has a buffer in that state."""
        found = self.find(block)
        return found is not None and found.state == state

    def write_all(self, state: u64) -> None:
        """Write every buffer that is in that state. Raises InputOutputError."""
        for index in range(self.count):
            buffer = self.buffers[index]
            if buffer.state == state:
                self.write_home(buffer)

    def write_blocks(self, block: u64, data: Slice[u8]) -> None:
        """Write consecutive blocks, past all buffers. Raises InputOutputError."""
        try:
            self.device.write(self.device.handle, self.sector(block), data)
        except DeviceError:
            raise InputOutputError(f"block {block} cannot be written") from None

    def flush(self) -> None:
        """Everything written so far is safe. Raises InputOutputError."""
        try:
            self.device.flush(self.device.handle)
        except DeviceError:
            raise InputOutputError("the disk cannot be flushed") from None


def empty(head: Buffer) -> None:
    """A ring of nothing."""
    head.newer = head
    head.older = head


def insert(head: Buffer, buffer: Buffer) -> None:
    """Put a buffer into a ring, as the newest before `head`."""
    buffer.newer = head
    buffer.older = head.older
    head.older.newer = buffer
    head.older = buffer


def remove(buffer: Buffer) -> None:
    """Take a buffer out of its ring."""
    buffer.older.newer = buffer.newer
    buffer.newer.older = buffer.older
