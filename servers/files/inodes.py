"""Inodes: made, described, deleted."""

from atoll.abi.types import low32, u64, wrapping_add
from atoll.servers.files import contents, layout, orphans, truncation
from atoll.servers.files.allocation import allocate_inode, free_block, free_inode
from atoll.servers.files.fields import clear, get16, get32, put16, put32
from atoll.servers.files.interface import FileInfo, InputOutputError, TooManyLinks
from atoll.servers.files.layout import (
    ATTRIBUTES_MAGIC,
    I_ACCESS_TIME,
    I_ATTRIBUTES,
    I_CHANGE_TIME,
    I_DELETE_TIME,
    I_EXTRA_SIZE,
    I_GENERATION,
    I_GROUP,
    I_LINKS,
    I_MODE,
    I_MODIFY_TIME,
    I_OWNER,
    I_SECTORS,
    I_SIZE,
    I_SIZE_HIGH,
    INLINE_LINK,
    MAX_LINKS,
    OLD_INODE_SIZE,
    PERMISSIONS,
    S_LAST_ORPHAN,
    S_WANTED_EXTRA_SIZE,
    SECTOR,
    TYPE_DIRECTORY,
    TYPE_LINK,
    TYPE_MASK,
    TYPE_REGULAR,
    X_MAGIC,
    X_REFERENCES,
)
from atoll.servers.files.times import SECOND, get_time, put_seconds, put_time
from atoll.servers.files.transactions import begin, end
from atoll.servers.files.volume import Volume

CREATE_CREDITS = 5  # bitmap, group, inode, superblock, and one to spare


def describe(volume: Volume, number: u64) -> FileInfo:
    """What `stat` says of an inode."""
    node = volume.inode(number)
    return FileInfo(
        number,
        get16(node, I_MODE),
        get16(node, I_LINKS),
        get16(node, I_OWNER),
        get16(node, I_GROUP),
        contents.size_of_file(volume, number),
        get32(node, I_SECTORS),
        get_time(node, I_ACCESS_TIME),
        get_time(node, I_MODIFY_TIME),
        get_time(node, I_CHANGE_TIME),
    )


def kind(volume: Volume, number: u64) -> u64:
    """The type in an inode's mode."""
    return get16(volume.inode(number), I_MODE) & TYPE_MASK


def is_directory(volume: Volume, number: u64) -> bool:
    """Whether it is one."""
    return kind(volume, number) == TYPE_DIRECTORY


def has_no_name(volume: Volume, number: u64) -> bool:
    """Whether an inode is on the orphan list: its last name is gone."""
    return get16(volume.inode(number), I_LINKS) == 0


def entry_type(volume: Volume, number: u64) -> u64:
    """What a directory entry says of the inode's kind."""
    match kind(volume, number):
        case layout.TYPE_REGULAR:
            return 1
        case layout.TYPE_DIRECTORY:
            return 2
        case layout.TYPE_CHARACTER:
            return 3
        case layout.TYPE_BLOCK:
            return 4
        case layout.TYPE_FIFO:
            return 5
        case layout.TYPE_SOCKET:
            return 6
        case layout.TYPE_LINK:
            return 7
        case _:
            return 0


# ---- making ----


def create(volume: Volume, parent: u64, mode: u64, now: u64) -> u64:
    """A new inode without a name and without links, in the running transaction. Raises DiskFull."""
    number = allocate_inode(volume, parent, mode & TYPE_MASK == TYPE_DIRECTORY)
    node = volume.changed_inode(number)
    clear(node)
    put16(node, I_MODE, mode)
    if volume.inode_size > OLD_INODE_SIZE:
        wanted = get16(volume.superblock(), S_WANTED_EXTRA_SIZE)
        put16(node, I_EXTRA_SIZE, min(wanted, volume.inode_size - OLD_INODE_SIZE) // 4 * 4)
    for place in (I_ACCESS_TIME, I_MODIFY_TIME, I_CHANGE_TIME):
        put_time(node, u64(place), now)
    volume.generation = u64(low32(wrapping_add(volume.generation, 1)))
    put32(node, I_GENERATION, volume.generation)
    return number


def undo_create(volume: Volume, number: u64) -> None:
    """Give a new inode back: it got no name."""
    is_one = is_directory(volume, number)
    put16(volume.changed_inode(number), I_MODE, 0)
    free_inode(volume, number, is_one)


# ---- links, permissions, times ----


def add_link(volume: Volume, number: u64, now: u64) -> None:
    """One more name, in the running transaction."""
    node = volume.changed_inode(number)
    put16(node, I_LINKS, get16(node, I_LINKS) + 1)
    put_time(node, I_CHANGE_TIME, now)


def require_room_for_link(volume: Volume, number: u64) -> None:
    """Raises TooManyLinks."""
    if get16(volume.inode(number), I_LINKS) >= MAX_LINKS:
        raise TooManyLinks(f"{MAX_LINKS} names")


def drop_link(volume: Volume, number: u64, count: u64, now: u64) -> bool:
    """So many names less, in the running transaction; with none left it goes on the orphan list: True."""
    node = volume.changed_inode(number)
    links = get16(node, I_LINKS)
    links -= min(links, count)
    put16(node, I_LINKS, links)
    put_time(node, I_CHANGE_TIME, now)
    if links == 0:
        orphans.add(volume, number)
    return links == 0


def set_mode(volume: Volume, number: u64, permissions: u64, now: u64) -> None:
    """Set the permissions. Raises ReadOnly, InputOutputError."""
    begin(volume, 1)
    node = volume.changed_inode(number)
    put16(node, I_MODE, get16(node, I_MODE) & TYPE_MASK | permissions & PERMISSIONS)
    put_time(node, I_CHANGE_TIME, now)
    end(volume)


def set_times(volume: Volume, number: u64, accessed: u64, modified: u64, now: u64) -> None:
    """Set the times of access and modification. Raises ReadOnly, InputOutputError."""
    begin(volume, 1)
    node = volume.changed_inode(number)
    put_time(node, I_ACCESS_TIME, accessed)
    put_time(node, I_MODIFY_TIME, modified)
    put_time(node, I_CHANGE_TIME, now)
    end(volume)


# ---- deleting ----


def has_blocks(volume: Volume, number: u64) -> bool:
    """Whether the block numbers in an inode are such: not of devices, nor of short symbolic links."""
    what = kind(volume, number)
    if what == TYPE_LINK:
        return not is_inline_link(volume, number)
    return what in (TYPE_REGULAR, TYPE_DIRECTORY)


def is_inline_link(volume: Volume, number: u64) -> bool:
    """Whether a symbolic link's target is in the inode: then its only block can be one of attributes."""
    node = volume.inode(number)
    own = 0 if get32(node, I_ATTRIBUTES) == 0 else volume.block_size // SECTOR
    return get32(node, I_SIZE) < INLINE_LINK and get32(node, I_SECTORS) == own


def delete(volume: Volume, number: u64, now: u64) -> None:
    """Free an inode on the orphan list and all its blocks, in as many operations as it takes."""
    if has_blocks(volume, number):
        begin(volume, 1)
        node = volume.changed_inode(number)
        put32(node, I_SIZE, 0)
        if kind(volume, number) == TYPE_REGULAR:
            put32(node, I_SIZE_HIGH, 0)
        end(volume)
        truncation.cut(volume, number)
    begin(volume, orphans.CREDITS + CREATE_CREDITS + 3)
    was_directory = is_directory(volume, number)
    drop_attributes(volume, number)
    orphans.remove(volume, number)
    put_seconds(volume.changed_inode(number), I_DELETE_TIME, max(now, SECOND))
    free_inode(volume, number, was_directory)
    end(volume)


def drop_attributes(volume: Volume, number: u64) -> None:
    """Its block of extended attributes has one inode less; the last frees it."""
    node = volume.changed_inode(number)
    block = get32(node, I_ATTRIBUTES)
    if block == 0:
        return
    buffer = volume.block(block)
    if get32(buffer.data, X_MAGIC) != ATTRIBUTES_MAGIC:
        raise InputOutputError(f"block {block} holds no extended attributes: the file system is damaged")
    put32(node, I_ATTRIBUTES, 0)
    references = get32(buffer.data, X_REFERENCES)
    if references > 1:
        put32(volume.changed(buffer).data, X_REFERENCES, references - 1)
    else:
        free_block(volume, block, True)


def finish_orphans(volume: Volume, now: u64) -> u64:
    """At mount: delete what has no name any more, cut off what was being cut off. How many there were."""
    done: u64 = 0
    number = get32(volume.superblock(), S_LAST_ORPHAN)
    while number != 0:
        if done > volume.inodes:
            raise InputOutputError("the list of orphans is a circle: the file system is damaged")
        if get16(volume.inode(number), I_LINKS) == 0:
            delete(volume, number, now)
        else:
            truncation.cut(volume, number)
            begin(volume, orphans.CREDITS)
            orphans.remove(volume, number)
            end(volume)
        number = get32(volume.superblock(), S_LAST_ORPHAN)
        done += 1
    return done
