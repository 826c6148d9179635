"""Paths: from a name to an inode, through directories and symbolic links.

What is still to be walked lies at the end of a buffer; a link's target is put before it.
"""

from atoll.abi.types import Array, Bytes, Slice, u8, u64
from atoll.servers.files import contents, directories
from atoll.servers.files.fields import get32
from atoll.servers.files.inodes import is_directory, is_inline_link, kind
from atoll.servers.files.interface import (
    BadName,
    NameTooLong,
    NoSuchFile,
    NotADirectory,
    TooManySymbolicLinks,
)
from atoll.servers.files.layout import I_BLOCKS, I_SIZE, MAX_NAME, ROOT_INODE, TYPE_LINK
from atoll.servers.files.volume import Volume

MAX_PATH = 4096  # bytes, of a path and of what links add to it
MAX_LINKS = 8  # symbolic ones, on one path
SLASH = 0x2F


class Walk:
    """A walk along a path, and where it led: to an inode, and to the directory that names it (or could)."""

    path: Array[u8, MAX_PATH]
    place: u64  # of the rest of the path, which ends at the end of the buffer
    links: u64  # symbolic ones followed
    parent: u64  # directory of the last component
    inode: u64  # 0: there is none of that name
    name_start: u64  # the last component in the buffer
    name_end: u64
    wants_directory: bool  # the path ended with a slash

    def name(self) -> Slice[u8]:
        """The last component; empty for the root, `.` and `..`, which are no entries that could be changed."""
        return self.path[self.name_start : self.name_end]

    def require_name(self) -> None:
        """Raises BadName if the path does not name an entry of a directory."""
        if self.name_start == self.name_end:
            raise BadName("the last component cannot be the root, '.' or '..'")

    def prepend(self, text: Bytes) -> None:
        """Put text before the rest of the path. Raises NameTooLong."""
        size = u64(len(text))
        if size > self.place:
            raise NameTooLong(f"the path has more than {MAX_PATH} bytes")
        self.path[self.place - size : self.place] = text
        self.place -= size


def find(volume: Volume, walk: Walk, path: Bytes, follow: bool) -> u64:
    """The inode of a path; `follow` a symbolic link that is its last component. Raises NoSuchFile."""
    start(volume, walk, path, follow)
    if walk.inode == 0:
        raise NoSuchFile(str(walk.name(), "utf-8"))
    return walk.inode


def start(volume: Volume, walk: Walk, path: Bytes, follow: bool) -> None:
    """Walk along a path from the root; only its last component may be missing."""
    walk.place = MAX_PATH
    walk.links = 0
    walk.parent = ROOT_INODE
    walk.inode = ROOT_INODE
    walk.name_start, walk.name_end = MAX_PATH, MAX_PATH
    walk.wants_directory = False
    if len(path) == 0:
        raise NoSuchFile("the path is empty")
    walk.prepend(path)
    while next_component(walk):
        step(volume, walk)
        is_link = walk.inode != 0 and kind(volume, walk.inode) == TYPE_LINK
        if is_link and (follow or walk.wants_directory or has_more(walk)):
            follow_link(volume, walk)
    if walk.wants_directory and walk.inode != 0 and not is_directory(volume, walk.inode):
        raise NotADirectory("the path ends with a slash")


def next_component(walk: Walk) -> bool:
    """The next component becomes the last one known; False at the end of the path."""
    place = walk.place
    while place < MAX_PATH and walk.path[place] == SLASH:
        place += 1
    walk.place = place
    if place == MAX_PATH:
        return False
    end = place
    while end < MAX_PATH and walk.path[end] != SLASH:
        if walk.path[end] == 0:
            raise BadName("a path with a zero in it")
        end += 1
    if end - place > MAX_NAME:
        raise NameTooLong(f"a name of {end - place} bytes")
    walk.name_start, walk.name_end = place, end
    walk.place = end
    walk.wants_directory = end < MAX_PATH
    return True


def has_more(walk: Walk) -> bool:
    """Whether another component follows."""
    for place in range(walk.place, MAX_PATH):
        if walk.path[place] != SLASH:
            return True
    return False


def step(volume: Volume, walk: Walk) -> None:
    """From the inode reached to the entry of the component."""
    if walk.inode == 0:
        raise NoSuchFile("a directory on the path")
    if not is_directory(volume, walk.inode):
        raise NotADirectory("a component of the path")
    walk.parent = walk.inode
    walk.inode = directories.find(volume, walk.parent, walk.name()).inode
    if directories.is_self_or_parent(walk.name()):
        walk.name_start = walk.name_end


def follow_link(volume: Volume, walk: Walk) -> None:
    """Put the link's target in its place."""
    walk.links += 1
    if walk.links > MAX_LINKS:
        raise TooManySymbolicLinks(f"more than {MAX_LINKS}")
    link = walk.inode
    size = contents.size_of_file(volume, link)
    if size == 0 or size > walk.place:
        raise NameTooLong(f"the path has more than {MAX_PATH} bytes")
    walk.place -= size
    place = walk.place
    read_link(volume, link, walk.path[place : place + size])
    walk.inode = ROOT_INODE if walk.path[place] == SLASH else walk.parent
    if walk.path[place] == SLASH:
        walk.parent = ROOT_INODE
    walk.name_start, walk.name_end = place, place


def read_link(volume: Volume, number: u64, into: Slice[u8]) -> u64:
    """A symbolic link's target; its bytes."""
    if not is_inline_link(volume, number):
        return contents.read(volume, number, 0, into)
    node = volume.inode(number)
    size = min(get32(node, I_SIZE), u64(len(into)))
    into[0:size] = node[I_BLOCKS : I_BLOCKS + size]
    return size

