"""The superblock: what it says is checked, and taken into the volume.

An incompatible feature that we do not know is refused by name; one that only forbids writing makes the file system
read-only; others are no concern of ours (hash trees of directories, extended attributes, blocks kept for resizing).
"""

from atoll.abi.types import Slice, Text, u8, u64
from atoll.servers.files.fields import get16, get32, put16, put32
from atoll.servers.files.interface import CannotMount
from atoll.servers.files.layout import (
    INCOMPATIBLE_FILETYPE,
    INCOMPATIBLE_RECOVER,
    MAGIC,
    OLD_FIRST_INODE,
    OLD_INODE_SIZE,
    OLD_REVISION,
    READ_ONLY_LARGE_FILE,
    READ_ONLY_SPARSE_SUPER,
    S_BLOCKS,
    S_BLOCKS_PER_GROUP,
    S_FIRST_DATA_BLOCK,
    S_FIRST_INODE,
    S_INCOMPATIBLE,
    S_INODE_SIZE,
    S_INODES,
    S_INODES_PER_GROUP,
    S_LOG_BLOCK_SIZE,
    S_MAGIC,
    S_MOUNT_TIME,
    S_MOUNTS,
    S_READ_ONLY_COMPATIBLE,
    S_REVISION,
    S_STATE,
    S_WRITE_TIME,
    SECTOR,
    STATE_CLEAN,
    STATE_ERRORS,
    SUPERBLOCK_PLACE,
)
from atoll.servers.files.times import put_seconds
from atoll.servers.files.volume import Volume

SMALLEST_BLOCK = 1024  # bytes
LARGEST_LOG_BLOCK_SIZE = 2  # 1, 2 and 4 KiB
BITS = 32


def block_size_of(superblock: Slice[u8]) -> u64:
    """The size of the file system's blocks. Raises CannotMount."""
    if get16(superblock, S_MAGIC) != MAGIC:
        raise CannotMount("there is no ext3 file system on the disk")
    if get32(superblock, S_LOG_BLOCK_SIZE) > LARGEST_LOG_BLOCK_SIZE:
        raise CannotMount("blocks of more than 4 KiB are not supported")
    return u64(SMALLEST_BLOCK) << get32(superblock, S_LOG_BLOCK_SIZE)


def read_geometry(volume: Volume) -> None:
    """Take the figures from the superblock. Raises CannotMount if they make no sense."""
    superblock = volume.superblock()
    volume.pointers = volume.block_size // 4
    volume.blocks = get32(superblock, S_BLOCKS)
    volume.first_block = get32(superblock, S_FIRST_DATA_BLOCK)
    volume.blocks_per_group = get32(superblock, S_BLOCKS_PER_GROUP)
    volume.inodes = get32(superblock, S_INODES)
    volume.inodes_per_group = get32(superblock, S_INODES_PER_GROUP)
    is_old = get32(superblock, S_REVISION) == OLD_REVISION
    volume.inode_size = OLD_INODE_SIZE if is_old else get16(superblock, S_INODE_SIZE)
    volume.first_inode = OLD_FIRST_INODE if is_old else get32(superblock, S_FIRST_INODE)
    volume.generation = get32(superblock, S_WRITE_TIME)
    volume.has_types = get32(superblock, S_INCOMPATIBLE) & INCOMPATIBLE_FILETYPE != 0
    check_geometry(volume)


def check_geometry(volume: Volume) -> None:
    """The figures must agree with each other and with the disk. Raises CannotMount."""
    bits = volume.block_size * 8
    if not 0 < volume.blocks_per_group <= bits or not 0 < volume.inodes_per_group <= bits:
        raise CannotMount("groups are empty or too large: the superblock is damaged")
    size = volume.inode_size
    if not OLD_INODE_SIZE <= size <= volume.block_size or volume.block_size % size != 0:
        raise CannotMount(f"inodes of {size} bytes: the superblock is damaged")
    if volume.first_block != SUPERBLOCK_PLACE // volume.block_size or volume.blocks <= volume.first_block:
        raise CannotMount("the first block is not where it must be: the superblock is damaged")
    if volume.blocks * (volume.block_size // SECTOR) > volume.cache.device.sectors:
        raise CannotMount("the file system is larger than the disk")
    volume.groups = (volume.blocks - volume.first_block + volume.blocks_per_group - 1) // volume.blocks_per_group
    if volume.groups * volume.inodes_per_group != volume.inodes:
        raise CannotMount("the counts of inodes do not agree: the superblock is damaged")
    volume.group_table = volume.first_block + 1


# ---- features ----


def check_features(volume: Volume) -> None:
    """Refuse what we cannot read, and writing where we do not know how. Raises CannotMount."""
    superblock = volume.superblock()
    refused = get32(superblock, S_INCOMPATIBLE) & ~u64(INCOMPATIBLE_FILETYPE | INCOMPATIBLE_RECOVER)
    for bit in range(BITS):
        if refused >> bit & 1 != 0:
            raise CannotMount(f"the feature {incompatible_name(u64(1) << bit)} is not supported")
    unknown = get32(superblock, S_READ_ONLY_COMPATIBLE) & ~u64(READ_ONLY_SPARSE_SUPER | READ_ONLY_LARGE_FILE)
    for bit in range(BITS):
        if unknown >> bit & 1 != 0:
            print(f"files: the feature {read_only_name(u64(1) << bit)} is not supported: mounted for reading only")
            volume.read_only = True
    state = get16(superblock, S_STATE)
    if state & STATE_ERRORS != 0:
        print("files: errors were found in this file system: check it with e2fsck")


def incompatible_name(bit: u64) -> Text:
    """The name that mke2fs knows a feature by."""
    match bit:
        case 0x1:
            return "compression"
        case 0x8:
            return "journal_dev"
        case 0x10:
            return "meta_bg"
        case 0x40:
            return "extent"
        case 0x80:
            return "64bit"
        case 0x100:
            return "mmp"
        case 0x200:
            return "flex_bg"
        case 0x400:
            return "ea_inode"
        case 0x1000:
            return "dirdata"
        case 0x2000:
            return "metadata_csum_seed"
        case 0x4000:
            return "large_dir"
        case 0x8000:
            return "inline_data"
        case 0x10000:
            return "encrypt"
        case 0x20000:
            return "casefold"
        case _:
            return "of an unknown incompatible bit"


def read_only_name(bit: u64) -> Text:
    """The name that mke2fs knows a feature by."""
    match bit:
        case 0x8:
            return "huge_file"
        case 0x10:
            return "uninit_bg"
        case 0x20:
            return "dir_nlink"
        case 0x40:
            return "extra_isize"
        case 0x100:
            return "quota"
        case 0x200:
            return "bigalloc"
        case 0x400:
            return "metadata_csum"
        case 0x1000:
            return "read-only"
        case 0x2000:
            return "project"
        case 0x8000:
            return "verity"
        case 0x10000:
            return "orphan_present"
        case _:
            return "of an unknown read-only bit"


# ---- in use or not: written past the journal, while no transaction has changed the superblock ----


def mark_in_use(volume: Volume, now: u64) -> None:
    """From now on the journal must be replayed before anybody else looks. Raises InputOutputError."""
    superblock = volume.superblock()
    put_seconds(superblock, S_MOUNT_TIME, now)
    put16(superblock, S_MOUNTS, (get16(superblock, S_MOUNTS) + 1) % 0x10000)
    mark(volume, True, now)


def mark_clean(volume: Volume, now: u64) -> None:
    """Everything is home. Raises InputOutputError."""
    mark(volume, False, now)


def mark(volume: Volume, in_use: bool, now: u64) -> None:
    """Write the superblock with or without the sign that it is in use: of a journal, or that it is not clean."""
    superblock = volume.superblock()
    put_seconds(superblock, S_WRITE_TIME, now)
    if volume.journal.inode == 0:
        state = get16(superblock, S_STATE)
        put16(superblock, S_STATE, state & ~u64(STATE_CLEAN) if in_use else state | STATE_CLEAN)
    else:
        features = get32(superblock, S_INCOMPATIBLE)
        others = features & ~u64(INCOMPATIBLE_RECOVER)
        put32(superblock, S_INCOMPATIBLE, others | INCOMPATIBLE_RECOVER if in_use else others)
    block = SUPERBLOCK_PLACE // volume.block_size
    volume.cache.write_blocks(block, volume.cache.get(block).data)
    volume.cache.flush()
