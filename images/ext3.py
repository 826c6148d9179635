"""Writing an ext3 file system into memory: inodes, block maps, bitmaps, groups, superblocks, an empty journal.

As `mke2fs -t ext3` would, without hash trees and without blocks kept for resizing. Sources: those of layout.py in
servers/files, which has most offsets.
"""

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from atoll.images.ext3_geometry import (
    BITS,
    INODE_SIZE,
    JOURNAL_BLOCKS,
    LARGE_JOURNAL_BLOCKS,
    POINTERS,
    Geometry,
    has_superblock,
)
from atoll.images.ext3_tree import BLOCK_SIZE, Node
from atoll.servers.files import layout

JOURNAL_INODE = 8
EXTENDED_ATTRIBUTES = 0x8  # compatible feature: files may have them
EXTRA_SIZE = 32  # bytes that fields take beyond the 128 of an old inode
LABEL_SIZE = 16
NUMBERS_SIZE = 60  # bytes of the block numbers in an inode
LOG_BLOCK_SIZE = 2  # 1024 << 2

# ---- fields of the superblock that the file service has no use for ----
S_LOG_FRAGMENT_SIZE = 28
S_FRAGMENTS_PER_GROUP = 36
S_MOST_MOUNTS = 54  # u16: before a check; 0xFFFF: any number
S_ON_ERRORS = 60  # u16
S_LAST_CHECK = 64
S_GROUP = 90  # u16: the group that this copy is in
S_IDENTITY = 104  # 16 bytes
S_LABEL = 120
S_JOURNAL_COPY_KIND = 253  # u8
S_MADE = 264
S_JOURNAL_COPY = 268  # block numbers and size of the journal's inode, in case that is lost
S_LEAST_EXTRA_SIZE = 348  # u16
ANY_NUMBER = 0xFFFF
CONTINUE = 1
BLOCK_NUMBERS = 1  # kind of the journal's copy

# ---- fields of the journal's superblock ----
JS_IDENTITY = 48
JS_USERS = 64


@dataclass(frozen=True)
class Sheet:
    """What stands in the superblock about this one file system."""

    label: bytes
    identity: bytes  # 16 bytes: its UUID
    time: int  # when everything on it was made: seconds since 1970


def journal_size(disk_size: int) -> int:
    """Blocks of the journal of a disk of that many bytes."""
    return JOURNAL_BLOCKS if disk_size < BITS * BLOCK_SIZE else LARGE_JOURNAL_BLOCKS


def make_journal(blocks: int, identity: bytes) -> Node:
    """The journal's file: a superblock of version 2 that says that the log is empty."""
    head = bytearray(BLOCK_SIZE)
    fields = (
        (layout.J_MAGIC, layout.JOURNAL_MAGIC), (layout.J_TYPE, layout.TYPE_SUPERBLOCK_2),
        (layout.JS_BLOCK_SIZE, BLOCK_SIZE), (layout.JS_LENGTH, blocks), (layout.JS_FIRST, 1),
        (layout.JS_SEQUENCE, 1), (JS_USERS, 1),
    )  # fmt: skip
    for offset, value in fields:
        struct.pack_into(">I", head, offset, value)
    head[JS_IDENTITY : JS_IDENTITY + 16] = identity
    return Node(layout.TYPE_REGULAR | 0o600, bytes(head) + bytes((blocks - 1) * BLOCK_SIZE), inode=JOURNAL_INODE)


class Writer:
    """One image in the making: `add` the nodes, then `finish`."""

    def __init__(self, size: int, geometry: Geometry, sheet: Sheet) -> None:
        self.image = bytearray(size)
        self.geometry = geometry
        self.sheet = sheet
        self.unused = geometry.data_blocks()
        self.taken = 0  # blocks given out
        self.last_inode = layout.OLD_FIRST_INODE - 1  # those before are reserved: in use, whatever they are for
        self.directories = [0] * geometry.groups

    # ---- nodes ----

    def add(self, node: Node) -> None:
        """Write a node's blocks and its inode."""
        before = self.taken
        numbers = node.data.ljust(NUMBERS_SIZE, b"\0") if node.is_inline else self.write_data(node.data)
        group, index = divmod(node.inode - 1, self.geometry.inodes_per_group)
        fields = (
            (layout.I_MODE, "H", node.mode),
            (layout.I_SIZE, "I", len(node.data) & 0xFFFF_FFFF),
            (layout.I_SIZE_HIGH, "I", len(node.data) >> 32),
            (layout.I_LINKS, "H", node.links),
            (layout.I_SECTORS, "I", (self.taken - before) * (BLOCK_SIZE // layout.SECTOR)),
            (layout.I_EXTRA_SIZE, "H", EXTRA_SIZE),
            (layout.I_ACCESS_TIME, "I", self.sheet.time),
            (layout.I_CHANGE_TIME, "I", self.sheet.time),
            (layout.I_MODIFY_TIME, "I", self.sheet.time),
            (layout.I_BLOCKS, f"{NUMBERS_SIZE}s", numbers),
        )
        pack(self.image, self.geometry.table(group) * BLOCK_SIZE + index * INODE_SIZE, fields)
        self.last_inode = max(self.last_inode, node.inode)
        self.directories[group] += node.is_directory

    def write_data(self, data: bytes) -> bytes:
        """Write a file's blocks and those that hold their numbers; the numbers that its inode has."""
        blocks = [self.write_block(data[start : start + BLOCK_SIZE]) for start in range(0, len(data), BLOCK_SIZE)]
        top, rest = blocks[: layout.DIRECT_BLOCKS], blocks[layout.DIRECT_BLOCKS :]
        top += [0] * (layout.DIRECT_BLOCKS - len(top))
        for level in range(1, layout.LEVELS + 1):
            reach = POINTERS**level
            top.append(self.write_map(rest[:reach], level))
            rest = rest[reach:]
        return struct.pack(f"<{len(top)}I", *top)

    def write_map(self, blocks: list[int], level: int) -> int:
        """Write the block that leads to these blocks over so many levels, and those below it; 0 if there are none."""
        if level == 0 or not blocks:
            return blocks[0] if blocks else 0
        reach = POINTERS ** (level - 1)
        below = [self.write_map(blocks[start : start + reach], level - 1) for start in range(0, len(blocks), reach)]
        return self.write_block(struct.pack(f"<{len(below)}I", *below))

    def write_block(self, data: bytes) -> int:
        """Write into the next unused block; which it is."""
        block = next(self.unused)
        self.taken += 1
        self.put(block, data)
        return block

    def put(self, block: int, data: bytes) -> None:
        """Bytes at the beginning of a block."""
        self.image[block * BLOCK_SIZE : block * BLOCK_SIZE + len(data)] = data

    # ---- what the file system says about itself ----

    def finish(self, journal: Node) -> bytes:
        """Write bitmaps, descriptors and superblocks; the image."""
        self.add(journal)
        groups = list(self.uses())
        for use in groups:
            self.put(self.geometry.bitmaps(use.group), bitmap(use.blocks, self.geometry.size(use.group)))
            self.put(self.geometry.bitmaps(use.group) + 1, bitmap(use.inodes, self.geometry.inodes_per_group))
        descriptors = b"".join(map(self.descriptor, groups))
        superblock = self.superblock(groups, self.inode(journal))
        for group in filter(has_superblock, range(self.geometry.groups)):
            block = self.geometry.start(group)
            struct.pack_into("<H", superblock, S_GROUP, group)
            place = block * BLOCK_SIZE or layout.SUPERBLOCK_PLACE
            self.image[place : place + layout.SUPERBLOCK_SIZE] = superblock
            self.put(block + 1, descriptors)
        return bytes(self.image)

    def uses(self) -> Iterator["Use"]:
        """What is in use of each group."""
        taken, inodes = self.taken, self.last_inode
        for group in range(self.geometry.groups):
            own = self.geometry.data(group) - self.geometry.start(group)
            data = min(taken, self.geometry.size(group) - own)
            numbers = min(inodes, self.geometry.inodes_per_group)
            yield Use(group, own + data, numbers)
            taken, inodes = taken - data, inodes - numbers

    def descriptor(self, use: "Use") -> bytes:
        """A group's descriptor."""
        bitmaps = self.geometry.bitmaps(use.group)
        fields = (
            (layout.G_BLOCK_BITMAP, "I", bitmaps),
            (layout.G_INODE_BITMAP, "I", bitmaps + 1),
            (layout.G_INODE_TABLE, "I", self.geometry.table(use.group)),
            (layout.G_FREE_BLOCKS, "H", self.geometry.size(use.group) - use.blocks),
            (layout.G_FREE_INODES, "H", self.geometry.inodes_per_group - use.inodes),
            (layout.G_DIRECTORIES, "H", self.directories[use.group]),
        )
        return bytes(pack(bytearray(layout.GROUP_SIZE), 0, fields))

    def superblock(self, groups: list["Use"], journal: bytes) -> bytearray:
        """The superblock; `journal` is the journal's inode."""
        shape, sheet = self.geometry, self.sheet
        numbers = journal[layout.I_BLOCKS : layout.I_BLOCKS + NUMBERS_SIZE]
        sizes = [journal[offset : offset + 4] for offset in (layout.I_SIZE_HIGH, layout.I_SIZE)]
        fields = (
            (layout.S_INODES, "I", shape.inodes),
            (layout.S_BLOCKS, "I", shape.blocks),
            (layout.S_FREE_BLOCKS, "I", shape.blocks - sum(use.blocks for use in groups)),
            (layout.S_FREE_INODES, "I", shape.inodes - self.last_inode),
            (layout.S_LOG_BLOCK_SIZE, "I", LOG_BLOCK_SIZE),
            (S_LOG_FRAGMENT_SIZE, "I", LOG_BLOCK_SIZE),
            (layout.S_BLOCKS_PER_GROUP, "I", shape.blocks_per_group),
            (S_FRAGMENTS_PER_GROUP, "I", shape.blocks_per_group),
            (layout.S_INODES_PER_GROUP, "I", shape.inodes_per_group),
            (layout.S_WRITE_TIME, "I", sheet.time),
            (S_MOST_MOUNTS, "H", ANY_NUMBER),
            (layout.S_MAGIC, "H", layout.MAGIC),
            (layout.S_STATE, "H", layout.STATE_CLEAN),
            (S_ON_ERRORS, "H", CONTINUE),
            (S_LAST_CHECK, "I", sheet.time),
            (layout.S_REVISION, "I", 1),
            (layout.S_FIRST_INODE, "I", layout.OLD_FIRST_INODE),
            (layout.S_INODE_SIZE, "H", INODE_SIZE),
            (layout.S_COMPATIBLE, "I", layout.HAS_JOURNAL | EXTENDED_ATTRIBUTES),
            (layout.S_INCOMPATIBLE, "I", layout.INCOMPATIBLE_FILETYPE),
            (layout.S_READ_ONLY_COMPATIBLE, "I", layout.READ_ONLY_SPARSE_SUPER | layout.READ_ONLY_LARGE_FILE),
            (S_IDENTITY, "16s", sheet.identity),
            (S_LABEL, f"{LABEL_SIZE}s", sheet.label),
            (layout.S_JOURNAL_INODE, "I", JOURNAL_INODE),
            (S_JOURNAL_COPY_KIND, "B", BLOCK_NUMBERS),
            (S_MADE, "I", sheet.time),
            (S_JOURNAL_COPY, f"{NUMBERS_SIZE + 8}s", b"".join([numbers, *sizes])),
            (S_LEAST_EXTRA_SIZE, "H", EXTRA_SIZE),
            (layout.S_WANTED_EXTRA_SIZE, "H", EXTRA_SIZE),
        )
        return pack(bytearray(layout.SUPERBLOCK_SIZE), 0, fields)

    def inode(self, node: Node) -> bytes:
        """A node's inode as it was written; it is in the first group."""
        place = self.geometry.table(0) * BLOCK_SIZE + (node.inode - 1) * INODE_SIZE
        return bytes(self.image[place : place + INODE_SIZE])


@dataclass(frozen=True)
class Use:
    """How much of a group is in use: its first blocks, its first inodes."""

    group: int
    blocks: int
    inodes: int


def bitmap(used: int, size: int) -> bytes:
    """A bitmap of `size` bits, the first `used` of them set, and all behind them, which stand for nothing."""
    ones = (1 << BITS) - (1 << size) | (1 << used) - 1
    return ones.to_bytes(BLOCK_SIZE, "little")


def pack(into: bytearray, place: int, fields: Iterable[tuple[int, str, int | bytes]]) -> bytearray:
    """Write fields (offset, format of struct, value), little-endian, of a structure at a place."""
    for offset, form, value in fields:
        struct.pack_into(f"<{form}", into, place + offset, value)
    return into
