"""A mounted file system: its geometry, its cache, its journal, and access to superblock, groups and inodes.

There is no second copy of anything on the disk: superblock, groups, bitmaps and inodes are read and changed in the
cache's buffers. What is changed was handed to the running transaction first.
"""

from atoll.abi.types import Array, Slice, u8, u32, u64
from atoll.servers.files.cache import Buffer, Cache
from atoll.servers.files.fields import get32
from atoll.servers.files.interface import InputOutputError, ReadOnly
from atoll.servers.files.layout import G_INODE_TABLE, GROUP_SIZE, S_FREE_BLOCKS, SUPERBLOCK_PLACE, SUPERBLOCK_SIZE

FREE_STEP = 32  # blocks that one operation may free at most
# Of the running transaction, which ends when another operation might not find room:
MAX_REVOKED = 256
MAX_FREED = 256  # extents


class Freed:
    """Blocks that the running transaction has freed: extents, not to be used again before it is committed.

    Until then the file that had them may come back, after a power cut.
    """

    first: Array[u32, MAX_FREED]
    after: Array[u32, MAX_FREED]  # the first block that is not in it
    count: u64
    blocks: u64

    def clear(self) -> None:
        """The transaction is committed."""
        self.count = 0
        self.blocks = 0

    def add(self, block: u64) -> None:
        """One more block; extents grow where they can."""
        self.blocks += 1
        if self.count > 0:
            last = self.count - 1
            if self.after[last] == block:
                self.after[last] = u32(block + 1)
                return
            if self.first[last] == block + 1:
                self.first[last] = u32(block)
                return
        self.first[self.count] = u32(block)
        self.after[self.count] = u32(block + 1)
        self.count += 1

    def end_around(self, block: u64) -> u64:
        """The first block after the extent that the block is in; the block itself if it is in none."""
        for index in range(self.count):
            if self.first[index] <= block < self.after[index]:
                return u64(self.after[index])
        return block


class Journal:
    """The journal's log, and the running transaction: the buffers in `cache.logged` and what is here."""

    # of the log
    inode: u64  # 0: there is no journal
    first: u64  # its first block, counted in the journal's file; the last is length - 1
    length: u64
    head: u64  # next to be written
    room: u64  # blocks that may be written before the log's beginning is needed no more
    sequence: u64  # of the running transaction
    # of the running transaction
    limit: u64  # buffers that it may have
    changing: bool  # in the middle of an operation
    allowed: u64  # buffers that it may have when this operation ends: what the operation said at its beginning
    aborted: bool  # after an error of the disk: nothing is written any more
    revoked: Array[u32, MAX_REVOKED]  # metadata blocks freed: older copies in the log must not be replayed
    revoked_count: u64
    freed: Freed


class Volume:
    """One mounted file system."""

    cache: Cache
    journal: Journal
    read_only: bool
    has_types: bool  # directory entries say what kind of file they name
    mounted: bool
    # geometry
    block_size: u64
    pointers: u64  # block numbers in a block
    blocks: u64
    first_block: u64
    blocks_per_group: u64
    groups: u64
    group_table: u64  # its first block
    inodes: u64
    inodes_per_group: u64
    first_inode: u64  # the first that is not reserved
    inode_size: u64
    # for later
    generation: u64  # of the next inode
    next_read: u64  # where a sequential reader would go on, and in which inode
    reader: u64

    # ---- superblock and groups ----

    def superblock(self) -> Slice[u8]:
        """The superblock, for reading."""
        return superblock_in(self.cache.get(SUPERBLOCK_PLACE // self.block_size))

    def changed_superblock(self) -> Slice[u8]:
        """The superblock, for writing in the running transaction."""
        return superblock_in(self.changed(self.cache.get(SUPERBLOCK_PLACE // self.block_size)))

    def group(self, number: u64) -> Slice[u8]:
        """A group's descriptor, for reading."""
        place = number * GROUP_SIZE
        return part(self.cache.get(self.group_table + place // self.block_size), place % self.block_size, GROUP_SIZE)

    def changed_group(self, number: u64) -> Slice[u8]:
        """A group's descriptor, for writing in the running transaction."""
        place = number * GROUP_SIZE
        buffer = self.cache.get(self.group_table + place // self.block_size)
        return part(self.changed(buffer), place % self.block_size, GROUP_SIZE)

    def group_start(self, number: u64) -> u64:
        """A group's first block."""
        return self.first_block + number * self.blocks_per_group

    def group_of_inode(self, number: u64) -> u64:
        """The group that holds an inode."""
        return (number - 1) // self.inodes_per_group

    def free_blocks(self) -> u64:
        """Blocks that can be allocated now: without those that the running transaction has freed."""
        free = get32(self.superblock(), S_FREE_BLOCKS)
        return free - min(free, self.journal.freed.blocks)

    # ---- inodes ----

    def inode(self, number: u64) -> Slice[u8]:
        """An inode, for reading. Raises InputOutputError if there is none of that number."""
        return part(self.inode_buffer(number), self.inode_place(number), self.inode_size)

    def changed_inode(self, number: u64) -> Slice[u8]:
        """An inode, for writing in the running transaction."""
        return part(self.changed(self.inode_buffer(number)), self.inode_place(number), self.inode_size)

    def inode_buffer(self, number: u64) -> Buffer:
        """The buffer that holds an inode."""
        if number == 0 or number > self.inodes:
            raise InputOutputError(f"there is no inode {number}: the file system is damaged")
        table = get32(self.group(self.group_of_inode(number)), G_INODE_TABLE)
        place = (number - 1) % self.inodes_per_group * self.inode_size
        return self.block(table + place // self.block_size)

    def inode_place(self, number: u64) -> u64:
        """Where in its block an inode begins."""
        return (number - 1) % self.inodes_per_group * self.inode_size % self.block_size

    # ---- blocks ----

    def block(self, number: u64) -> Buffer:
        """The buffer of a block whose number comes from the disk. Raises InputOutputError."""
        if number < self.first_block or number >= self.blocks:
            raise InputOutputError(f"there is no block {number}: the file system is damaged")
        return self.cache.get(number)

    def changed(self, buffer: Buffer) -> Buffer:
        """Hand a buffer of metadata to the running transaction, before it is changed."""
        assert self.journal.changing, "metadata changes outside a transaction"
        self.cache.mark_logged(buffer)
        assert self.cache.logged_count <= self.journal.allowed, "an operation changes more blocks than it said"
        return buffer

    def new_metadata(self, block: u64) -> Buffer:
        """A block just allocated for metadata, zeroed, in the running transaction."""
        return self.changed(self.cache.get_new(block, True))

    def require_writable(self) -> None:
        """Raises ReadOnly."""
        if self.read_only:
            raise ReadOnly("the file system is mounted for reading")


def part(buffer: Buffer, place: u64, size: u64) -> Slice[u8]:
    """Bytes of a buffer."""
    return buffer.data[place : place + size]


def superblock_in(buffer: Buffer) -> Slice[u8]:
    """The superblock in the buffer of its block."""
    return part(buffer, SUPERBLOCK_PLACE % u64(len(buffer.data)), SUPERBLOCK_SIZE)
