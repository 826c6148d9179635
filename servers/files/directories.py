"""Directories: lists of records (inode, length, kind, name) in blocks, read from the beginning to the end.

A directory's hash tree, if it has one, lies in what such a reader takes for free room; the first change of the
directory drops the flag that says that there is one.
"""

from dataclasses import dataclass

from atoll.abi.types import Bytes, Slice, u8, u64
from atoll.servers.files.block_map import map_block, map_for_writing
from atoll.servers.files.cache import Buffer
from atoll.servers.files.contents import allocation_credits, size_of_file, touch
from atoll.servers.files.fields import clear, get16, get32, put16, put32
from atoll.servers.files.inodes import entry_type
from atoll.servers.files.interface import (
    LISTED_INODE,
    LISTED_NAME,
    LISTED_NAME_LENGTH,
    LISTED_NEXT,
    LISTED_TYPE,
    InputOutputError,
)
from atoll.servers.files.layout import (
    D_INODE,
    D_LENGTH,
    D_NAME,
    D_NAME_LENGTH,
    D_TYPE,
    FLAG_INDEX,
    I_FLAGS,
    I_SIZE,
    LEVELS,
)
from atoll.servers.files.volume import Volume

NOT_FOUND = 0  # no inode has this number


@dataclass
class Entry:
    """A record: where it is, and its inode (NOT_FOUND: there is no such entry)."""

    inode: u64
    block: u64  # on the disk
    place: u64  # in the block


def change_credits(volume: Volume) -> u64:
    """Blocks that a change changes at most: new ones and their groups, the entry's, the inode, the superblock."""
    return allocation_credits(volume, LEVELS + 1) + LEVELS + 3


def needed(name_length: u64) -> u64:
    """Bytes of a record with a name of that length."""
    return (D_NAME + name_length + 3) // 4 * 4


def block_count(volume: Volume, directory: u64) -> u64:
    """Blocks of a directory."""
    return size_of_file(volume, directory) // volume.block_size


def directory_block(volume: Volume, directory: u64, index: u64) -> Buffer:
    """One of its blocks. Raises InputOutputError."""
    block = map_block(volume, directory, index)
    if block == 0:
        raise InputOutputError(f"directory {directory} has a hole: the file system is damaged")
    return volume.block(block)


def record_length(data: Bytes, place: u64) -> u64:
    """The length of the record at a place; what makes no sense raises InputOutputError."""
    size = u64(len(data))
    if place + D_NAME <= size:
        length = get16(data, place + D_LENGTH)
        if length % 4 == 0 and place + length <= size and length >= needed(data[place + D_NAME_LENGTH]):
            return length
    raise InputOutputError("a directory entry makes no sense: the file system is damaged")


def name_at(data: Slice[u8], place: u64) -> Slice[u8]:
    """The name in a record."""
    return data[place + D_NAME : place + D_NAME + data[place + D_NAME_LENGTH]]


# ---- looking up ----


def find(volume: Volume, directory: u64, name: Bytes) -> Entry:
    """The entry of a name."""
    for index in range(block_count(volume, directory)):
        buffer = directory_block(volume, directory, index)
        data = buffer.data
        place: u64 = 0
        while place < volume.block_size:
            length = record_length(data, place)
            inode = get32(data, place + D_INODE)
            if inode != 0 and data[place + D_NAME_LENGTH] == len(name) and name_at(data, place) == name:
                return Entry(inode, buffer.block, place)
            place += length
    return Entry(NOT_FOUND, 0, 0)


def is_empty(volume: Volume, directory: u64) -> bool:
    """Whether it has no entries but `.` and `..`."""
    for index in range(block_count(volume, directory)):
        data = directory_block(volume, directory, index).data
        place: u64 = 0
        while place < volume.block_size:
            length = record_length(data, place)
            if get32(data, place + D_INODE) != 0 and not is_self_or_parent(name_at(data, place)):
                return False
            place += length
    return True


def is_self_or_parent(name: Bytes) -> bool:
    """Whether it is `.` or `..`."""
    return name == b"." or name == b".."


# ---- listing ----


def list_entries(volume: Volume, directory: u64, position: u64, into: Slice[u8]) -> u64:
    """Put records of entries into a buffer, from a position on (0: the first); the bytes used, 0 at the end.

    A position stays good while the directory is not changed; after a change entries may be missed or come twice.
    """
    used: u64 = 0
    for index in range(position // volume.block_size, block_count(volume, directory)):
        data = directory_block(volume, directory, index).data
        start = index * volume.block_size
        place: u64 = 0
        while place < volume.block_size:
            length = record_length(data, place)
            if start + place >= position and get32(data, place + D_INODE) != 0:
                size = (LISTED_NAME + u64(data[place + D_NAME_LENGTH]) + 7) // 8 * 8
                if used + size > u64(len(into)):
                    return used
                list_one(data, place, start + place + length, into[used : used + size])
                used += size
            place += length
    return used


def list_one(data: Slice[u8], place: u64, following: u64, record: Slice[u8]) -> None:
    """One record of a listing."""
    clear(record)
    put32(record, LISTED_INODE, get32(data, place + D_INODE))
    put32(record, LISTED_NEXT, following & 0xFFFF_FFFF)
    put32(record, LISTED_NEXT + 4, following >> 32)
    record[LISTED_TYPE] = data[place + D_TYPE]
    record[LISTED_NAME_LENGTH] = data[place + D_NAME_LENGTH]
    name = name_at(data, place)
    record[LISTED_NAME : LISTED_NAME + u64(len(name))] = name


# ---- changing: all of it in the running transaction ----


def add(volume: Volume, directory: u64, name: Bytes, inode: u64, now: u64) -> None:
    """Add an entry; there is none of that name. Raises DiskFull, with nothing changed."""
    wanted = needed(u64(len(name)))
    count = block_count(volume, directory)
    for index in range(count):
        buffer = directory_block(volume, directory, index)
        place: u64 = 0
        while place < volume.block_size:
            length = record_length(buffer.data, place)
            used = used_bytes(buffer.data, place)
            if length - used >= wanted:
                data = volume.changed(buffer).data
                if used > 0:
                    put16(data, place + D_LENGTH, used)
                write_record(volume, data, place + used, length - used, name, inode)
                changed(volume, directory, now)
                return
            place += length
    data = append_block(volume, directory, count).data
    write_record(volume, data, 0, volume.block_size, name, inode)
    changed(volume, directory, now)


def used_bytes(data: Bytes, place: u64) -> u64:
    """Bytes that a record really needs."""
    return 0 if get32(data, place + D_INODE) == 0 else needed(data[place + D_NAME_LENGTH])


def append_block(volume: Volume, directory: u64, index: u64) -> Buffer:
    """One more block. Raises DiskFull."""
    block, _ = map_for_writing(volume, directory, index)
    put32(volume.changed_inode(directory), I_SIZE, (index + 1) * volume.block_size)
    return volume.new_metadata(block)


def write_record(volume: Volume, data: Slice[u8], place: u64, length: u64, name: Bytes, inode: u64) -> None:
    """Write one record."""
    size = u64(len(name))
    put32(data, place + D_INODE, inode)
    put16(data, place + D_LENGTH, length)
    data[place + D_NAME_LENGTH] = u8(size)
    data[place + D_TYPE] = u8(entry_type(volume, inode) if volume.has_types else 0)
    data[place + D_NAME : place + D_NAME + size] = name


def remove(volume: Volume, directory: u64, entry: Entry, now: u64) -> None:
    """Remove an entry that `find` found: its room goes to the record before it."""
    data = volume.changed(volume.block(entry.block)).data
    place: u64 = 0
    while place < entry.place:
        length = record_length(data, place)
        if place + length == entry.place:
            put16(data, place + D_LENGTH, length + record_length(data, entry.place))
        place += length
    put32(data, entry.place + D_INODE, 0)
    changed(volume, directory, now)


def replace(volume: Volume, directory: u64, entry: Entry, inode: u64, now: u64) -> None:
    """Let an entry that `find` found name another inode."""
    data = volume.changed(volume.block(entry.block)).data
    put32(data, entry.place + D_INODE, inode)
    data[entry.place + D_TYPE] = u8(entry_type(volume, inode) if volume.has_types else 0)
    changed(volume, directory, now)


def start(volume: Volume, directory: u64, parent: u64, now: u64) -> None:
    """The first block of a new directory, with `.` and `..`. Raises DiskFull."""
    data = append_block(volume, directory, 0).data
    first = needed(1)
    write_record(volume, data, 0, first, b".", directory)
    write_record(volume, data, first, volume.block_size - first, b"..", parent)
    touch(volume, directory, now)


def changed(volume: Volume, directory: u64, now: u64) -> None:
    """Its times are set, and a hash tree is not kept any more."""
    node = volume.changed_inode(directory)
    put32(node, I_FLAGS, get32(node, I_FLAGS) & ~u64(FLAG_INDEX))
    touch(volume, directory, now)
