"""Mounting and unmounting: the journal is replayed, orphans are finished, and the superblock says who is at work."""

from atoll.abi.types import Slice, u8, u64
from atoll.servers.files import inodes, log, recovery
from atoll.servers.files.device import Device
from atoll.servers.files.fields import get32, get_big
from atoll.servers.files.interface import CannotMount, SpaceInfo
from atoll.servers.files.layout import (
    HAS_JOURNAL,
    J_MAGIC,
    J_TYPE,
    JOURNAL_MAGIC,
    JOURNAL_REVOKE,
    JS_BLOCK_SIZE,
    JS_FIRST,
    JS_INCOMPATIBLE,
    JS_LENGTH,
    JS_SEQUENCE,
    JS_START,
    S_COMPATIBLE,
    S_FREE_BLOCKS,
    S_FREE_INODES,
    S_JOURNAL_INODE,
    TYPE_SUPERBLOCK_2,
)
from atoll.servers.files.superblock import (
    SMALLEST_BLOCK,
    block_size_of,
    check_features,
    mark_clean,
    mark_in_use,
    read_geometry,
)
from atoll.servers.files.transactions import checkpoint, commit
from atoll.servers.files.volume import Volume

SMALLEST_LOG = 512  # blocks
LONGEST_TRANSACTION = 512  # buffers


def mount(volume: Volume, device: Device, pool: Slice[u8], now: u64, handed_over: bool = False) -> None:
    """Make the file system on a disk usable, with `pool` for its cache. Raises CannotMount, InputOutputError.

    Files without a name are deleted, unless they were handed over: then somebody still has them open.
    """
    volume.read_only = False
    volume.cache.device = device
    volume.block_size = SMALLEST_BLOCK
    volume.cache.start(pool, SMALLEST_BLOCK)
    volume.block_size = block_size_of(volume.superblock())
    volume.cache.start(pool, volume.block_size)
    forget_transaction(volume)
    read_geometry(volume)
    check_features(volume)
    open_journal(volume)
    if volume.journal.inode != 0 and get_big(log.journal_superblock(volume), JS_START) != 0:
        if volume.read_only:
            raise CannotMount("its journal must be replayed, and it cannot be written to")
        recovery.replay(volume)
        volume.cache.start(pool, volume.block_size)
        read_geometry(volume)
    if not volume.read_only:
        begin_work(volume, now)
        if not handed_over:
            finish_orphans(volume, now)


def forget_transaction(volume: Volume) -> None:
    """Nothing is running."""
    journal = volume.journal
    journal.changing = False
    journal.aborted = False
    journal.revoked_count = 0
    journal.freed.clear()


def open_journal(volume: Volume) -> None:
    """Find the journal's file. Raises CannotMount if it is none that we can write."""
    journal = volume.journal
    journal.inode = 0
    journal.limit = min(volume.cache.count // 2, LONGEST_TRANSACTION)
    if get32(volume.superblock(), S_COMPATIBLE) & HAS_JOURNAL == 0:
        return
    journal.inode = get32(volume.superblock(), S_JOURNAL_INODE)
    if journal.inode == 0:
        raise CannotMount("a journal on another disk is not supported")
    data = log.journal_superblock(volume)
    if get_big(data, J_MAGIC) != JOURNAL_MAGIC or get_big(data, J_TYPE) != TYPE_SUPERBLOCK_2:
        raise CannotMount("the journal's superblock is damaged, or of version 1")
    if get_big(data, JS_INCOMPATIBLE) & ~u64(JOURNAL_REVOKE) != 0:
        raise CannotMount("the journal has features of ext4, which are not supported")
    journal.first = get_big(data, JS_FIRST)
    journal.length = get_big(data, JS_LENGTH)
    if get_big(data, JS_BLOCK_SIZE) != volume.block_size or journal.length < journal.first + SMALLEST_LOG:
        raise CannotMount("the journal has an impossible size")
    journal.limit = min(journal.limit, (journal.length - journal.first) // 4)


def begin_work(volume: Volume, now: u64) -> None:
    """Say on the disk that we are at work, and begin the log."""
    journal = volume.journal
    mark_in_use(volume, now)
    if journal.inode != 0:
        journal.sequence = get_big(log.journal_superblock(volume), JS_SEQUENCE)
        journal.head = journal.first
        log.restart(volume, journal.head)


def finish_orphans(volume: Volume, now: u64) -> None:
    """Finish what a power cut left half done."""
    finished = inodes.finish_orphans(volume, now)
    if finished > 0:
        commit(volume)
        print(f"files: {finished} files without a name, or half cut off, were finished")


def sync(volume: Volume) -> None:
    """Everything done so far is on the disk for good when this returns. Raises InputOutputError."""
    if not volume.read_only or volume.journal.aborted:
        commit(volume)


def unmount(volume: Volume, now: u64) -> None:
    """Bring everything home; afterwards others may look at the disk. Raises InputOutputError."""
    if volume.read_only:
        return
    commit(volume)
    checkpoint(volume)
    if volume.journal.inode != 0:
        log.restart(volume, 0)
    mark_clean(volume, now)
    volume.read_only = True


def space(volume: Volume) -> SpaceInfo:
    """How full it is."""
    superblock = volume.superblock()
    free_blocks, free_inodes = get32(superblock, S_FREE_BLOCKS), get32(superblock, S_FREE_INODES)
    return SpaceInfo(volume.block_size, volume.blocks, free_blocks, volume.inodes, free_inodes)
