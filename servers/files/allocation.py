"""Blocks and inodes: taken and given back, in bitmaps and in the counts of group and superblock.

Everything happens in the running transaction. All free blocks are for all: the superuser's reserve is not kept.
"""

from atoll.abi.types import Slice, u8, u64
from atoll.servers.files.bitmaps import clear_bit, find_clear, is_set, set_bit
from atoll.servers.files.fields import get16, get32, put16, put32
from atoll.servers.files.interface import DiskFull, InputOutputError
from atoll.servers.files.layout import (
    G_BLOCK_BITMAP,
    G_DIRECTORIES,
    G_FREE_BLOCKS,
    G_FREE_INODES,
    G_INODE_BITMAP,
    S_FREE_BLOCKS,
    S_FREE_INODES,
)
from atoll.servers.files.volume import MAX_REVOKED, Volume

# ---- blocks ----


def allocate_block(volume: Volume, goal: u64) -> u64:
    """A free block, near `goal`, in use from now on. Raises DiskFull."""
    if goal < volume.first_block or goal >= volume.blocks:
        goal = volume.first_block
    start = (goal - volume.first_block) // volume.blocks_per_group
    for step in range(volume.groups):
        number = (start + step) % volume.groups
        block = take_in_group(volume, number, goal if step == 0 else volume.group_start(number))
        if block != 0:
            return block
    block = take_in_group(volume, start, volume.group_start(start))  # before the goal
    if block != 0:
        return block
    raise DiskFull("no free block")


def take_in_group(volume: Volume, number: u64, goal: u64) -> u64:
    """A free block of a group, from `goal` on; 0 if there is none."""
    if get16(volume.group(number), G_FREE_BLOCKS) == 0:
        return 0
    first = volume.group_start(number)
    end = min(volume.blocks_per_group, volume.blocks - first)
    buffer = volume.block(get32(volume.group(number), G_BLOCK_BITMAP))
    place = find_clear(buffer.data, goal - first, end)
    while place < end:
        after = volume.journal.freed.end_around(first + place)
        if after == first + place:
            set_bit(volume.changed(buffer).data, place)
            count_blocks(volume, number, False)
            return after
        place = find_clear(buffer.data, min(after - first, end), end)
    return 0


def free_block(volume: Volume, block: u64, is_metadata: bool) -> None:
    """A block is not in use any more. Of metadata no older copy in the journal may come back over what follows it."""
    if block < volume.first_block or block >= volume.blocks:
        raise InputOutputError(f"block {block} to be freed does not exist: the file system is damaged")
    number = (block - volume.first_block) // volume.blocks_per_group
    place = (block - volume.first_block) % volume.blocks_per_group
    buffer = volume.block(get32(volume.group(number), G_BLOCK_BITMAP))
    if not is_set(buffer.data, place):
        raise InputOutputError(f"block {block} was free already: the file system is damaged")
    clear_bit(volume.changed(buffer).data, place)
    count_blocks(volume, number, True)
    volume.cache.forget(block)
    volume.journal.freed.add(block)
    if is_metadata and volume.journal.inode != 0:
        revoke(volume, block)


def revoke(volume: Volume, block: u64) -> None:
    """Say in the journal that copies of this block up to this transaction are not to be replayed."""
    journal = volume.journal
    assert journal.revoked_count < MAX_REVOKED
    journal.revoked[journal.revoked_count] = block
    journal.revoked_count += 1


def count_blocks(volume: Volume, number: u64, is_freed: bool) -> None:
    """One free block more or less in a group."""
    group = volume.changed_group(number)
    superblock = volume.changed_superblock()
    step(group, G_FREE_BLOCKS, is_freed)
    step_long(superblock, S_FREE_BLOCKS, is_freed)


# ---- inodes ----


def allocate_inode(volume: Volume, parent: u64, is_directory: bool) -> u64:
    """A free inode, in use from now on: a file's near its directory, a directory's where there is most room."""
    start = roomiest_group(volume) if is_directory else volume.group_of_inode(parent)
    for turn in range(volume.groups):
        number = (start + turn) % volume.groups
        if get16(volume.group(number), G_FREE_INODES) == 0:
            continue
        buffer = volume.block(get32(volume.group(number), G_INODE_BITMAP))
        reserved = volume.first_inode - 1 if number == 0 else 0
        place = find_clear(buffer.data, reserved, volume.inodes_per_group)
        if place < volume.inodes_per_group:
            set_bit(volume.changed(buffer).data, place)
            count_inodes(volume, number, is_directory, False)
            return number * volume.inodes_per_group + place + 1
    raise DiskFull("no free inode")


def roomiest_group(volume: Volume) -> u64:
    """The group with the most free blocks among those with a free inode."""
    best: u64 = 0
    most: u64 = 0
    for number in range(volume.groups):
        group = volume.group(number)
        if get16(group, G_FREE_INODES) > 0 and get16(group, G_FREE_BLOCKS) > most:
            best, most = number, get16(group, G_FREE_BLOCKS)
    return best


def free_inode(volume: Volume, inode: u64, is_directory: bool) -> None:
    """An inode is not in use any more."""
    number = volume.group_of_inode(inode)
    place = (inode - 1) % volume.inodes_per_group
    buffer = volume.block(get32(volume.group(number), G_INODE_BITMAP))
    if not is_set(buffer.data, place):
        raise InputOutputError(f"inode {inode} was free already: the file system is damaged")
    clear_bit(volume.changed(buffer).data, place)
    count_inodes(volume, number, is_directory, True)


def count_inodes(volume: Volume, number: u64, is_directory: bool, is_freed: bool) -> None:
    """One free inode more or less in a group, and perhaps one directory less or more."""
    group = volume.changed_group(number)
    superblock = volume.changed_superblock()
    step(group, G_FREE_INODES, is_freed)
    step_long(superblock, S_FREE_INODES, is_freed)
    if is_directory:
        step(group, G_DIRECTORIES, not is_freed)


def step(data: Slice[u8], offset: u64, is_more: bool) -> None:
    """Count up or down in a field of 16 bits."""
    count = get16(data, offset)
    put16(data, offset, stepped(count, is_more))


def step_long(data: Slice[u8], offset: u64, is_more: bool) -> None:
    """Count up or down in a field of 32 bits."""
    count = get32(data, offset)
    put32(data, offset, stepped(count, is_more))


def stepped(count: u64, is_more: bool) -> u64:
    """One more or less."""
    if is_more:
        return count + 1
    if count == 0:
        raise InputOutputError("a count of free things is wrong: the file system is damaged")
    return count - 1
