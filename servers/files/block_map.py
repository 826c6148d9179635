"""The block map: from blocks of a file to blocks of the disk, through up to three levels of indirect blocks.

A block number of 0 is a hole, which reads as zeros.
"""

from dataclasses import dataclass

from atoll.abi.types import Slice, u8, u64
from atoll.servers.files.allocation import allocate_block, free_block
from atoll.servers.files.cache import Buffer
from atoll.servers.files.fields import get32, put32
from atoll.servers.files.interface import DiskFull, FileTooLarge
from atoll.servers.files.layout import DIRECT_BLOCKS, I_BLOCKS, I_SECTORS, LEVELS, SECTOR
from atoll.servers.files.volume import FREE_STEP, Volume

NUMBER = 4  # bytes of a block number


@dataclass
class Position:
    """Where in the map a block of a file is."""

    slot: u64  # in the inode: 0 to 14
    level: u64  # indirect blocks on the way
    index: u64  # among the blocks that this slot leads to


class Budget:
    """How many blocks may still be freed in this operation."""

    left: u64


# ---- finding ----


def position_of(volume: Volume, index: u64) -> Position:
    """Where block `index` of a file is in the map. Raises FileTooLarge."""
    if index < DIRECT_BLOCKS:
        return Position(index, 0, 0)
    rest = index - DIRECT_BLOCKS
    size = volume.pointers
    for level in range(1, LEVELS + 1):
        if rest < size:
            return Position(u64(DIRECT_BLOCKS - 1 + level), u64(level), rest)
        rest -= size
        size *= volume.pointers
    raise FileTooLarge("past the last block that a file can have")


def span_of(volume: Volume, level: u64) -> u64:
    """How many blocks of a file lie behind a block number of that level."""
    span: u64 = 1
    for _ in range(level):
        span *= volume.pointers
    return span


def map_block(volume: Volume, number: u64, index: u64) -> u64:
    """The disk's block of a file's block; 0 for a hole. Raises FileTooLarge, InputOutputError."""
    if index < DIRECT_BLOCKS:
        return get32(volume.inode(number), I_BLOCKS + index * NUMBER)
    position = position_of(volume, index)
    block = get32(volume.inode(number), I_BLOCKS + position.slot * NUMBER)
    rest = position.index
    span = span_of(volume, position.level)
    for _ in range(position.level):
        if block == 0:
            return 0
        span = span // volume.pointers
        block = get32(volume.block(block).data, rest // span * NUMBER)
        rest %= span
    return block


# ---- adding ----


def map_for_writing(volume: Volume, number: u64, index: u64) -> tuple[u64, bool]:
    """The disk's block of a file's block, allocated if there was none, and whether that was so.

    What is missing on the way is allocated too: all or nothing. Raises DiskFull, FileTooLarge, InputOutputError.
    """
    block = map_block(volume, number, index)
    if block != 0:
        return block, False
    position = position_of(volume, index)
    if volume.free_blocks() < position.level + 1 and volume.free_blocks() < missing(volume, number, position):
        raise DiskFull("no free block")
    node = volume.changed_inode(number)
    place = I_BLOCKS + position.slot * NUMBER
    if position.level == 0:
        return add_block(volume, number, node, place, goal_in_inode(volume, number, node, position.slot)), True
    block = get32(node, place)
    if block == 0:
        block = add_block(volume, number, node, place, goal_in_inode(volume, number, node, position.slot))
        volume.new_metadata(block)
    return add_below(volume, number, block, position), True


def add_below(volume: Volume, number: u64, block: u64, position: Position) -> u64:
    """Allocate the way from an indirect block down to the block itself."""
    span = span_of(volume, position.level) // volume.pointers
    rest = position.index
    while True:
        buffer = volume.block(block)
        place = rest // span * NUMBER
        rest %= span
        below = get32(buffer.data, place)
        if below == 0:
            volume.changed(buffer)
            below = add_block(volume, number, buffer.data, place, goal_in_block(buffer, place))
            if span > 1:
                volume.new_metadata(below)
        if span == 1:
            return below
        span = span // volume.pointers
        block = below


def missing(volume: Volume, number: u64, position: Position) -> u64:
    """How many blocks must be allocated for a block that is a hole."""
    block = get32(volume.inode(number), I_BLOCKS + position.slot * NUMBER)
    span = span_of(volume, position.level)
    rest = position.index
    left = position.level
    while left > 0 and block != 0:
        span = span // volume.pointers
        block = get32(volume.block(block).data, rest // span * NUMBER)
        rest %= span
        left -= 1
    return left + 1


def add_block(volume: Volume, number: u64, numbers: Slice[u8], place: u64, goal: u64) -> u64:
    """A new block of a file, entered at a place that is already in the transaction."""
    block = allocate_block(volume, goal)
    put32(numbers, place, block)
    count_sectors(volume, number, True)
    return block


def goal_in_inode(volume: Volume, number: u64, node: Slice[u8], slot: u64) -> u64:
    """After the block before; a file's first is in the group of its inode."""
    if slot > 0 and get32(node, I_BLOCKS + (slot - 1) * NUMBER) != 0:
        return get32(node, I_BLOCKS + (slot - 1) * NUMBER) + 1
    return volume.group_start(volume.group_of_inode(number))


def goal_in_block(buffer: Buffer, place: u64) -> u64:
    """After the block before; the first after the indirect block itself."""
    if place > 0 and get32(buffer.data, place - NUMBER) != 0:
        return get32(buffer.data, place - NUMBER) + 1
    return buffer.block + 1


def count_sectors(volume: Volume, number: u64, is_more: bool) -> None:
    """A file has one block more or less."""
    node = volume.changed_inode(number)
    sectors = get32(node, I_SECTORS)
    step = volume.block_size // SECTOR
    put32(node, I_SECTORS, sectors + step if is_more else sectors - min(sectors, step))


# ---- freeing ----


def release_step(volume: Volume, number: u64, keep: u64, is_metadata: bool) -> bool:
    """Free blocks of a file from its end on, down to block number `keep`: at most FREE_STEP in one operation.

    True when none is left. Of a directory the blocks themselves are metadata too.
    """
    budget = Budget()
    budget.left = FREE_STEP
    slot: u64 = DIRECT_BLOCKS + LEVELS
    while slot > 0:
        slot -= 1
        level = slot - (DIRECT_BLOCKS - 1) if slot >= DIRECT_BLOCKS else 0
        first = first_behind(volume, slot, level)
        if first + span_of(volume, level) <= keep:
            return True
        block = get32(volume.inode(number), I_BLOCKS + slot * NUMBER)
        if block == 0:
            continue
        if not release_tree(volume, number, block, level, keep - min(first, keep), is_metadata, budget):
            return False
        if keep <= first:
            put32(volume.changed_inode(number), I_BLOCKS + slot * NUMBER, 0)
    return True


def first_behind(volume: Volume, slot: u64, level: u64) -> u64:
    """The first block of a file that a slot of the inode leads to."""
    if level == 0:
        return slot
    first: u64 = DIRECT_BLOCKS
    for below in range(1, level):
        first += span_of(volume, below)
    return first


def release_tree(
    volume: Volume, number: u64, block: u64, level: u64, keep: u64, is_metadata: bool, budget: Budget
) -> bool:
    """Free what is behind a block number, but its first `keep` blocks; with keep 0 the block itself too.

    False when the budget is used up before.
    """
    if level > 0:
        span = span_of(volume, level - 1)
        slot = volume.pointers
        while slot > keep // span:
            slot -= 1
            below = get32(volume.block(block).data, slot * NUMBER)
            if below == 0:
                continue
            kept = keep - min(slot * span, keep)
            if not release_tree(volume, number, below, level - 1, kept, is_metadata, budget):
                return False
            if kept == 0:
                put32(volume.changed(volume.block(block)).data, slot * NUMBER, 0)
    if keep > 0:
        return True
    if budget.left == 0:
        return False
    budget.left -= 1
    free_block(volume, block, is_metadata or level > 0)
    count_sectors(volume, number, False)
    return True
