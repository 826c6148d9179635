"""What files hold: reading and writing. Offsets and sizes in bytes. (Cutting off: truncation.py.)

Times: writing and truncating set the times of modification and change; reading sets none (no access times, as most
systems are mounted).
"""

from atoll.abi.types import Bytes, Slice, u8, u64
from atoll.servers.block.interface import MAX_TRANSFER
from atoll.servers.files.block_map import map_block, map_for_writing
from atoll.servers.files.cache import Buffer
from atoll.servers.files.fields import clear, get16, get32, put32
from atoll.servers.files.interface import DiskFull, FileTooLarge, IsADirectory, NotPermitted
from atoll.servers.files.layout import (
    I_CHANGE_TIME,
    I_MODE,
    I_MODIFY_TIME,
    I_SIZE,
    I_SIZE_HIGH,
    READ_ONLY_LARGE_FILE,
    S_READ_ONLY_COMPATIBLE,
    SECTOR,
    TYPE_DIRECTORY,
    TYPE_MASK,
    TYPE_REGULAR,
)
from atoll.servers.files.times import put_time
from atoll.servers.files.transactions import begin, end
from atoll.servers.files.volume import Volume

WRITE_STEP = 16  # blocks that one operation writes at most
INDIRECT_STEP = 6  # indirect blocks that so many neighbours may need: two ways of three levels
MAX_SECTORS = 0xFFFF_FFFF  # of a file, indirect blocks included


def size_of_file(volume: Volume, number: u64) -> u64:
    """Bytes."""
    node = volume.inode(number)
    size = get32(node, I_SIZE)
    if get16(node, I_MODE) & TYPE_MASK == TYPE_REGULAR:
        size |= get32(node, I_SIZE_HIGH) << 32
    return size


def require_regular(volume: Volume, number: u64) -> None:
    """Only regular files are written to and cut off. Raises IsADirectory, NotPermitted."""
    kind = get16(volume.inode(number), I_MODE) & TYPE_MASK
    if kind == TYPE_DIRECTORY:
        raise IsADirectory("a directory has no contents to change")
    if kind != TYPE_REGULAR:
        raise NotPermitted("not a regular file")


def set_size(volume: Volume, number: u64, size: u64) -> None:
    """Set the size of a regular file, in the running transaction."""
    node = volume.changed_inode(number)
    put32(node, I_SIZE, size & 0xFFFF_FFFF)
    put32(node, I_SIZE_HIGH, size >> 32)
    if size > 0x7FFF_FFFF:
        features = get32(volume.superblock(), S_READ_ONLY_COMPATIBLE)
        if features & READ_ONLY_LARGE_FILE == 0:
            put32(volume.changed_superblock(), S_READ_ONLY_COMPATIBLE, features | READ_ONLY_LARGE_FILE)


def touch(volume: Volume, number: u64, now: u64) -> None:
    """Its contents change now."""
    node = volume.changed_inode(number)
    put_time(node, I_MODIFY_TIME, now)
    put_time(node, I_CHANGE_TIME, now)


def largest_size(volume: Volume) -> u64:
    """What the block map can reach, and what the count of sectors can count."""
    per = volume.pointers
    reached = 12 + per + per * per + per * per * per
    counted = MAX_SECTORS // (volume.block_size // SECTOR) - per * per - 2 * per - 8
    return min(reached, counted) * volume.block_size


# ---- reading ----


def read(volume: Volume, number: u64, offset: u64, into: Slice[u8]) -> u64:
    """Bytes of a file from an offset on; how many there were (0: at its end). Raises InputOutputError."""
    size = size_of_file(volume, number)
    if offset >= size:
        return 0
    wanted = min(u64(len(into)), size - offset)
    is_sequential = volume.reader == number and volume.next_read == offset
    block_size = volume.block_size
    done: u64 = 0
    while done < wanted:
        index = (offset + done) // block_size
        place = (offset + done) % block_size
        count = min(block_size - place, wanted - done)
        block = map_block(volume, number, index)
        if block == 0:
            clear(into[done : done + count])
        else:
            last = (size if is_sequential else offset + wanted) - 1
            data = buffer_for_reading(volume, number, block, index, last // block_size).data
            into[done : done + count] = data[place : place + count]
        done += count
    volume.reader = number
    volume.next_read = offset + done
    return done


def buffer_for_reading(volume: Volume, number: u64, block: u64, index: u64, last: u64) -> Buffer:
    """The buffer of a file's block. If it must be read, its neighbours up to block `last` of the file are too."""
    cache = volume.cache
    if cache.find(block) is None:
        limit = min(last - index + 1, MAX_TRANSFER // volume.block_size, cache.count // 8)
        count: u64 = 1
        while count < limit and map_block(volume, number, index + count) == block + count:
            if cache.find(block + count) is not None:
                break
            count += 1
        if count > 1 and cache.find(block) is None:
            cache.fetch(block, count)
    return volume.block(block)


# ---- writing ----


def write(volume: Volume, number: u64, offset: u64, data: Bytes, now: u64) -> u64:
    """Write bytes at an offset, beyond the end too; how many were written: less than all if the disk became full.

    Raises DiskFull if none was, FileTooLarge, IsADirectory, NotPermitted, ReadOnly, InputOutputError.
    """
    require_regular(volume, number)
    size = u64(len(data))
    largest = largest_size(volume)
    if offset > largest or size > largest - offset:
        raise FileTooLarge("past the largest size of a file")
    done: u64 = 0
    while done < size:
        first = (offset + done) // volume.block_size
        part = min(size - done, (first + WRITE_STEP) * volume.block_size - (offset + done))
        begin(volume, write_credits(volume))
        written = write_step(volume, number, offset + done, data[done : done + part], now)
        end(volume)
        done += written
        if written < part:
            break
    if done == 0 and size > 0:
        raise DiskFull("no free block")
    return done


def write_credits(volume: Volume) -> u64:
    """Blocks that a step of writing changes at most: bitmaps, groups, indirect blocks, inode, superblock."""
    return allocation_credits(volume, WRITE_STEP + INDIRECT_STEP) + INDIRECT_STEP + 2


def allocation_credits(volume: Volume, blocks: u64) -> u64:
    """Bitmaps and blocks of group descriptors that change when so many blocks are allocated or freed."""
    return 2 * min(blocks, volume.groups)


def write_step(volume: Volume, number: u64, offset: u64, data: Bytes, now: u64) -> u64:
    """Write into a few blocks, in one operation; how many bytes were written."""
    block_size = volume.block_size
    size = u64(len(data))
    done: u64 = 0
    while done < size:
        index = (offset + done) // block_size
        place = (offset + done) % block_size
        count = min(block_size - place, size - done)
        try:
            block, is_new = map_for_writing(volume, number, index)
        except DiskFull:
            break
        buffer = buffer_for_writing(volume, block, is_new, count == block_size)
        buffer.data[place : place + count] = data[done : done + count]
        volume.cache.mark_dirty(buffer)
        done += count
    if done > 0:
        touch(volume, number, now)
        if offset + done > size_of_file(volume, number):
            set_size(volume, number, offset + done)
    return done


def buffer_for_writing(volume: Volume, block: u64, is_new: bool, is_whole: bool) -> Buffer:
    """The buffer of a file's block that will be written to, in whole or in part."""
    if is_new or is_whole:
        return volume.cache.get_new(block, not is_whole)
    return volume.block(block)
