"""Operations on names: create, link, remove, rename. After a power cut each is there as a whole, or not at all.

What loses its last name is put on the orphan list; `remove`, `remove_directory` and `rename` return its inode, for the
caller to delete it at once (`inodes.delete`), or when nobody has it open any more. 0: nothing did.
"""

from atoll.abi.types import Bytes, Slice, u8, u64
from atoll.servers.files import directories, inodes, orphans, paths
from atoll.servers.files.block_map import map_for_writing, release_step
from atoll.servers.files.directories import Entry, change_credits
from atoll.servers.files.fields import get16, put16, put32
from atoll.servers.files.interface import (
    BadName,
    DirectoryNotEmpty,
    DiskFull,
    FileExists,
    IsADirectory,
    NameTooLong,
    NotADirectory,
    NotPermitted,
)
from atoll.servers.files.layout import (
    D_INODE,
    I_BLOCKS,
    I_CHANGE_TIME,
    I_LINKS,
    I_SIZE,
    INLINE_LINK,
    MAX_LINKS,
    PERMISSIONS,
    ROOT_INODE,
    TYPE_DIRECTORY,
    TYPE_LINK,
    TYPE_REGULAR,
)
from atoll.servers.files.paths import Walk
from atoll.servers.files.times import put_time
from atoll.servers.files.transactions import begin, end
from atoll.servers.files.volume import Volume

walk: Walk = Walk()
second: Walk = Walk()


# ---- looking ----


def look_up(volume: Volume, path: Bytes, follow: bool = True) -> u64:
    """The inode of a path. Raises NoSuchFile and whatever a path can be wrong with."""
    return paths.find(volume, walk, path, follow)


def read_link(volume: Volume, path: Bytes, into: Slice[u8]) -> u64:
    """The target of a symbolic link; its bytes. Raises NotPermitted if it is none."""
    number = look_up(volume, path, False)
    if inodes.kind(volume, number) != TYPE_LINK:
        raise NotPermitted("not a symbolic link")
    return paths.read_link(volume, number, into)


# ---- creating ----


def create_file(volume: Volume, path: Bytes, permissions: u64, exclusive: bool, now: u64) -> u64:
    """The inode of a regular file, made if there is none. Raises FileExists if it must be made and is there."""
    paths.start(volume, walk, path, not exclusive)
    if walk.inode != 0:
        if exclusive:
            raise FileExists(str(walk.name(), "utf-8"))
        return walk.inode
    if walk.wants_directory:
        raise IsADirectory("the path ends with a slash")
    return create_named(volume, TYPE_REGULAR | permissions & PERMISSIONS, b"", now)


def make_directory(volume: Volume, path: Bytes, permissions: u64, now: u64) -> u64:
    """A new directory's inode. Raises FileExists, TooManyLinks, DiskFull."""
    find_free_name(volume, path)
    inodes.require_room_for_link(volume, walk.parent)
    return create_named(volume, TYPE_DIRECTORY | permissions & PERMISSIONS, b"", now)


def make_link(volume: Volume, target: Bytes, path: Bytes, now: u64) -> u64:
    """A new symbolic link's inode. Raises FileExists, NameTooLong, DiskFull."""
    if len(target) == 0:
        raise BadName("a symbolic link to nothing")
    if u64(len(target)) >= volume.block_size:
        raise NameTooLong(f"a target of {len(target)} bytes")
    find_free_name(volume, path)
    return create_named(volume, TYPE_LINK | 0o777, target, now)


def find_free_name(volume: Volume, path: Bytes) -> None:
    """Let `walk` stand where a new entry goes. Raises FileExists."""
    paths.start(volume, walk, path, False)
    if walk.inode != 0:
        raise FileExists(str(walk.name(), "utf-8"))
    walk.require_name()


def create_named(volume: Volume, mode: u64, target: Bytes, now: u64) -> u64:
    """A new inode where `walk` stands, with what belongs to its kind; all or nothing. Raises DiskFull."""
    begin(volume, 2 * change_credits(volume) + inodes.CREATE_CREDITS)
    number: u64 = 0
    has_blocks = False
    try:
        number = inodes.create(volume, walk.parent, mode, now)
        fill_new(volume, number, target, now)
        has_blocks = True
        directories.add(volume, walk.parent, walk.name(), number, now)
    except DiskFull:
        if number != 0:
            undo_new(volume, number, has_blocks)
        end(volume)
        raise
    put16(volume.changed_inode(number), I_LINKS, 1)
    if inodes.is_directory(volume, number):
        inodes.add_link(volume, number, now)
        inodes.add_link(volume, walk.parent, now)
    end(volume)
    return number


def fill_new(volume: Volume, number: u64, target: Bytes, now: u64) -> None:
    """The first block of a directory, the target of a symbolic link. Raises DiskFull."""
    kind = inodes.kind(volume, number)
    size = u64(len(target))
    if kind == TYPE_DIRECTORY:
        directories.start(volume, number, walk.parent, now)
    elif kind == TYPE_LINK and size < INLINE_LINK:
        node = volume.changed_inode(number)
        node[I_BLOCKS : I_BLOCKS + size] = target
        put32(node, I_SIZE, size)
    elif kind == TYPE_LINK:
        block, _ = map_for_writing(volume, number, 0)
        buffer = volume.cache.get_new(block, True)
        buffer.data[0:size] = target
        volume.cache.mark_dirty(buffer)
        put32(volume.changed_inode(number), I_SIZE, size)


def undo_new(volume: Volume, number: u64, has_blocks: bool) -> None:
    """There was no room for the entry of a new inode: give it back, with its block if it has one."""
    if has_blocks and inodes.has_blocks(volume, number):
        release_step(volume, number, 0, inodes.is_directory(volume, number))
    inodes.undo_create(volume, number)


def link(volume: Volume, old: Bytes, path: Bytes, now: u64) -> None:
    """Another name for a file. Raises FileExists, TooManyLinks, NotPermitted (a directory), DiskFull."""
    number = look_up(volume, old, False)
    if inodes.is_directory(volume, number):
        raise NotPermitted("a directory has one name")
    find_free_name(volume, path)
    if walk.wants_directory:
        raise NotADirectory("the path ends with a slash")
    inodes.require_room_for_link(volume, number)
    begin(volume, change_credits(volume) + 1)
    try:
        directories.add(volume, walk.parent, walk.name(), number, now)
    except DiskFull:
        end(volume)
        raise
    inodes.add_link(volume, number, now)
    end(volume)


# ---- removing ----


def remove(volume: Volume, path: Bytes, now: u64) -> u64:
    """Remove a name of a file. Raises NoSuchFile, IsADirectory."""
    number = paths.find(volume, walk, path, False)
    if inodes.is_directory(volume, number):
        raise IsADirectory(str(walk.name(), "utf-8"))
    entry = directories.find(volume, walk.parent, walk.name())
    begin(volume, 3 + orphans.CREDITS)
    directories.remove(volume, walk.parent, entry, now)
    is_last = inodes.drop_link(volume, number, 1, now)
    end(volume)
    return number if is_last else 0


def remove_directory(volume: Volume, path: Bytes, now: u64) -> u64:
    """Remove an empty directory. Raises NoSuchFile, NotADirectory, DirectoryNotEmpty."""
    number = paths.find(volume, walk, path, False)
    if not inodes.is_directory(volume, number):
        raise NotADirectory(str(walk.name(), "utf-8"))
    walk.require_name()
    require_empty(volume, number)
    entry = directories.find(volume, walk.parent, walk.name())
    begin(volume, 4 + orphans.CREDITS)
    directories.remove(volume, walk.parent, entry, now)
    drop_parent_link(volume, walk.parent)
    inodes.drop_link(volume, number, MAX_LINKS, now)
    end(volume)
    return number


def require_empty(volume: Volume, directory: u64) -> None:
    """Raises DirectoryNotEmpty."""
    if not directories.is_empty(volume, directory):
        raise DirectoryNotEmpty("the directory has entries")


def drop_parent_link(volume: Volume, parent: u64) -> None:
    """A directory has one subdirectory less."""
    node = volume.changed_inode(parent)
    put16(node, I_LINKS, max(get16(node, I_LINKS), 3) - 1)


# ---- renaming ----


def rename(volume: Volume, old: Bytes, new: Bytes, now: u64) -> u64:
    """Give a file or directory another name, in place of what has that name. What that was, if it was its last name.

    Raises NoSuchFile, IsADirectory, NotADirectory, DirectoryNotEmpty, BadName (a directory into itself), TooManyLinks,
    DiskFull.
    """
    number = paths.find(volume, second, old, False)
    second.require_name()
    is_directory = inodes.is_directory(volume, number)
    paths.start(volume, walk, new, False)
    walk.require_name()
    if walk.inode == number:
        return 0
    check_rename(volume, number, is_directory)
    begin(volume, 2 * change_credits(volume) + orphans.CREDITS + 4)
    replaced = walk.inode
    is_last = False
    if replaced == 0:
        try:
            directories.add(volume, walk.parent, walk.name(), number, now)
        except DiskFull:
            end(volume)
            raise
    else:
        entry = directories.find(volume, walk.parent, walk.name())
        directories.replace(volume, walk.parent, entry, number, now)
        is_last = inodes.drop_link(volume, replaced, MAX_LINKS if is_directory else 1, now)
    directories.remove(volume, second.parent, directories.find(volume, second.parent, second.name()), now)
    if is_directory:
        move_directory(volume, number, replaced != 0, now)
    put_time(volume.changed_inode(number), I_CHANGE_TIME, now)
    end(volume)
    return replaced if is_last else 0


def check_rename(volume: Volume, number: u64, is_directory: bool) -> None:
    """What `walk` leads to may be replaced by that inode."""
    if walk.wants_directory and not is_directory:
        raise NotADirectory("the path ends with a slash")
    if walk.inode != 0:
        if inodes.is_directory(volume, walk.inode):
            if not is_directory:
                raise IsADirectory(str(walk.name(), "utf-8"))
            require_empty(volume, walk.inode)
        elif is_directory:
            raise NotADirectory(str(walk.name(), "utf-8"))
    if is_directory:
        require_outside(volume, number, walk.parent)
        if walk.inode == 0 and walk.parent != second.parent:
            inodes.require_room_for_link(volume, walk.parent)


def require_outside(volume: Volume, number: u64, directory: u64) -> None:
    """A directory does not go into itself, however deep: raises BadName."""
    steps: u64 = 0
    while directory != ROOT_INODE:
        if directory == number or steps > volume.inodes:
            raise BadName("a directory cannot be moved into itself")
        directory = directories.find(volume, directory, b"..").inode
        steps += 1


def move_directory(volume: Volume, number: u64, replaced: bool, now: u64) -> None:
    """A directory's `..`, and the links of its old and its new parent."""
    if walk.parent != second.parent:
        entry: Entry = directories.find(volume, number, b"..")
        data = volume.changed(volume.block(entry.block)).data
        put32(data, entry.place + D_INODE, walk.parent)
        inodes.add_link(volume, walk.parent, now)
        drop_parent_link(volume, second.parent)
    if replaced:
        drop_parent_link(volume, walk.parent)
