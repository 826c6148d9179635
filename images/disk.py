"""A disk with an ext3 file system and files on it, made with no tool of the host: `make_disk({"/etc/motd": b"hi"})`.

The same files give the same bytes; times are the caller's, the identity (UUID) comes from the label.
"""

import hashlib
import uuid
from collections.abc import Mapping

from atoll.images import ext3, ext3_geometry
from atoll.images.ext3 import LABEL_SIZE, Sheet, Writer
from atoll.images.ext3_geometry import BITS, LARGE_JOURNAL_BLOCKS, blocks_of
from atoll.images.ext3_tree import BLOCK_SIZE, Directory, DiskError, Entry, File, Link, make_tree
from atoll.servers.files.layout import OLD_FIRST_INODE, SECTOR

__all__ = ["Directory", "DiskError", "Entry", "File", "Link", "make_disk"]

DEFAULT_SIZE = 32 << 20
SPARE_INODES = 1024  # for files that will be made there
MEBIBYTE = 1 << 20
FORMATTED = 946_684_800  # 2000-01-01 00:00:00 UTC, where a node's clock starts too if nothing else is said


def make_disk(
    files: Mapping[str, Entry],
    size: int | None = None,
    *,
    label: str = "atoll",
    time: int = FORMATTED,
    blocks_per_group: int = BITS,
) -> bytes:
    """An image that holds these files (absolute guest paths; directories on the way are made), of `size` bytes.

    Without a size: 32 MiB, or more so that half of the disk is free. Files of which only the bytes are given have
    permissions 0o644. `time` is in seconds since 1970. Raises DiskError for paths that cannot be, and if the disk is
    too small.
    """
    name = label.encode()
    if len(name) > LABEL_SIZE:
        raise DiskError(f"the label {label!r} has more than {LABEL_SIZE} bytes")
    if size is not None and (size <= 0 or size % SECTOR):
        raise DiskError(f"a disk of {size} bytes is not possible: it has whole sectors of {SECTOR} bytes")
    nodes = list(make_tree(files).all())
    needed = sum(map(blocks_of, nodes))
    size = size_for(needed) if size is None else size
    identity = uuid.UUID(bytes=hashlib.sha256(name).digest()[:16], version=4).bytes
    journal = ext3.make_journal(ext3.journal_size(size), identity)
    last_inode = OLD_FIRST_INODE + len(nodes) - 2  # the root has a reserved one
    shape = ext3_geometry.choose(size, last_inode + SPARE_INODES, blocks_per_group)
    check_room(needed + blocks_of(journal), shape.room(), size)
    writer = Writer(size, shape, Sheet(name, identity, time))
    for node in nodes:
        writer.add(node)
    return writer.finish(journal)


def size_for(blocks: int) -> int:
    """A size in bytes for files of so many blocks: as much is left free, in whole MiB."""
    wanted = 2 * blocks * BLOCK_SIZE + LARGE_JOURNAL_BLOCKS * BLOCK_SIZE
    return max(DEFAULT_SIZE, -(-wanted // MEBIBYTE) * MEBIBYTE)


def check_room(needed: int, room: int, size: int) -> None:
    """Refuse what does not fit. Raises DiskError."""
    if needed > room:
        wanted, there = (f"{blocks * BLOCK_SIZE / MEBIBYTE:.1f} MiB" for blocks in (needed, room))
        what = f"a disk of {size / MEBIBYTE:.1f} MiB has room for {there}"
        raise DiskError(f"the files do not fit: with the journal they take {wanted}, and {what}")
