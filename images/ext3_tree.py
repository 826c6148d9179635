"""What is going to be on a disk: a tree of nodes from guest paths. Each node has its inode's number, and its data is
what its blocks will hold (a directory's records, a link's target), so that all kinds are written alike (ext3.py).
"""

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from atoll.images.recipe import ImageError
from atoll.servers.files import layout

BLOCK_SIZE = 4096  # a page of memory: what the pager asks for is one block, and one request to the disk
LOST_AND_FOUND = "lost+found"
LOST_AND_FOUND_SIZE = 4 * BLOCK_SIZE  # so that e2fsck has room for what it finds without having to look for free blocks
RECORD = struct.Struct("<IHBB")  # inode, length of the record, length of the name, kind

# What a directory's record says about an inode's kind, by the kind in its mode.
KINDS = {layout.TYPE_REGULAR: 1, layout.TYPE_DIRECTORY: 2, layout.TYPE_LINK: 7}


class DiskError(ImageError):
    """The disk cannot be made; the text says why."""


@dataclass(frozen=True)
class File:
    """A regular file with its permissions."""

    data: bytes
    mode: int = 0o644


@dataclass(frozen=True)
class Directory:
    """A directory that is to exist even if nothing is in it, or has permissions of its own."""

    mode: int = 0o755


@dataclass(frozen=True)
class Link:
    """A symbolic link."""

    target: str


Entry = bytes | File | Directory | Link


@dataclass
class Node:
    """What becomes an inode."""

    mode: int  # kind and permissions
    data: bytes = b""
    links: int = 1
    inode: int = 0
    least_size: int = 0  # of a directory, bytes
    children: dict[str, "Node"] = field(default_factory=dict)

    @property
    def kind(self) -> int:
        """Which of layout.TYPE_..."""
        return self.mode & layout.TYPE_MASK

    @property
    def is_directory(self) -> bool:
        """Whether it has children."""
        return self.kind == layout.TYPE_DIRECTORY

    @property
    def is_inline(self) -> bool:
        """Whether its data lies in the inode itself: a short link's target."""
        return self.kind == layout.TYPE_LINK and len(self.data) < layout.INLINE_LINK

    def all(self) -> Iterator["Node"]:
        """Itself and all below, parents first."""
        yield self
        for child in self.children.values():
            yield from child.all()


def make_tree(files: Mapping[str, Entry]) -> Node:
    """The root, with lost+found, of a tree that has these entries and the directories on the way to them."""
    root = new_directory()
    root.children[LOST_AND_FOUND] = Node(layout.TYPE_DIRECTORY | 0o700, least_size=LOST_AND_FOUND_SIZE)
    for path in sorted(files):
        put(root, path, files[path])
    number_inodes(root)
    fill_directories(root, root)
    return root


def new_directory() -> Node:
    """A directory with the usual permissions."""
    return Node(layout.TYPE_DIRECTORY | Directory().mode)


def put(root: Node, path: str, entry: Entry) -> None:
    """Hang an entry into the tree; the paths come in order, so that a directory comes before what is in it."""
    parts = parts_of(path)
    where = root
    for part in parts[:-1]:
        where = where.children.setdefault(part, new_directory())
        if not where.is_directory:
            raise DiskError(f"{path}: {part} is no directory")
    name = parts[-1]
    if where is root and name == LOST_AND_FOUND:
        raise DiskError(f"{path}: every ext3 file system has that directory of its own")
    if name in where.children:
        if not isinstance(entry, Directory):
            raise DiskError(f"{path}: something else on the disk has that name")
        where.children[name].mode = node_of(path, entry).mode
    else:
        where.children[name] = node_of(path, entry)


def parts_of(path: str) -> list[str]:
    """The names that an absolute path is made of."""
    parts = path.split("/")[1:]
    if not path.startswith("/") or not all(parts):
        raise DiskError(f"{path!r} is no path on a disk: it begins with / and has a name after each")
    for part in parts:
        if part in (".", "..") or "\0" in part:
            raise DiskError(f"{path!r}: {part!r} cannot be a name on a disk")
        if len(part.encode()) > layout.MAX_NAME:
            raise DiskError(f"{path!r}: a name has more than {layout.MAX_NAME} bytes")
    return parts


def node_of(path: str, entry: Entry) -> Node:
    """The node of an entry."""
    match entry:
        case Directory(mode):
            return Node(layout.TYPE_DIRECTORY | mode & layout.PERMISSIONS)
        case Link(target):
            data = target.encode()
            if not 0 < len(data) < BLOCK_SIZE or b"\0" in data:
                raise DiskError(f"{path}: a link's target has 1 to {BLOCK_SIZE - 1} bytes, none of them zero")
            return Node(layout.TYPE_LINK | 0o777, data)
        case File(data, mode):
            return Node(layout.TYPE_REGULAR | mode & layout.PERMISSIONS, data)
        case data:
            return Node(layout.TYPE_REGULAR | File(b"").mode, data)


def number_inodes(root: Node) -> None:
    """The root has a number of its own, lost+found the first that is not reserved, the others follow."""
    nodes = list(root.all())
    nodes[0].inode = layout.ROOT_INODE
    nodes.remove(root.children[LOST_AND_FOUND])
    for number, node in enumerate([root.children[LOST_AND_FOUND], *nodes[1:]], layout.OLD_FIRST_INODE):
        node.inode = number


def fill_directories(node: Node, parent: Node) -> None:
    """Write the records of a directory and of all below it."""
    below = [child for child in node.children.values() if child.is_directory]
    node.links = 2 + len(below)  # its name, its own `.`, and the `..` of each directory in it
    if node.links > layout.MAX_LINKS:
        raise DiskError(f"a directory can hold {layout.MAX_LINKS - 2} others, not {len(below)}")
    named = [(name.encode(), child) for name, child in node.children.items()]
    node.data = records([(b".", node), (b"..", parent), *named], node.least_size)
    for child in below:
        fill_directories(child, node)


def records(entries: list[tuple[bytes, Node]], least_size: int) -> bytes:
    """A directory's blocks; in each the last record reaches to the block's end."""
    data = bytearray()
    last = 0  # where the last record begins
    for name, node in entries:
        size = (layout.D_NAME + len(name) + 3) // 4 * 4
        if size > -len(data) % BLOCK_SIZE:
            stretch(data, last)
        last = len(data)
        data += (RECORD.pack(node.inode, size, len(name), KINDS[node.kind]) + name).ljust(size, b"\0")
    stretch(data, last)
    empty = RECORD.pack(0, BLOCK_SIZE, 0, 0).ljust(BLOCK_SIZE, b"\0")
    return bytes(data) + empty * ((least_size - len(data)) // BLOCK_SIZE)


def stretch(data: bytearray, last: int) -> None:
    """Let the last record reach to the end of its block."""
    data += bytes(-len(data) % BLOCK_SIZE)
    if data:
        struct.pack_into("<H", data, last + layout.D_LENGTH, len(data) - last)
