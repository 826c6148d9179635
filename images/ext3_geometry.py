"""The shape of an ext3 file system: how many blocks, groups and inodes, and what each group spends on itself.

Blocks and inodes are given out in order, so what is in use of a group is its beginning: a bitmap is one number.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from atoll.images.ext3_tree import BLOCK_SIZE, DiskError, Node
from atoll.servers.files import layout

INODE_SIZE = 256
INODES_IN_A_BLOCK = BLOCK_SIZE // INODE_SIZE
POINTERS = BLOCK_SIZE // 4  # block numbers in an indirect block
BITS = 8 * BLOCK_SIZE  # of a bitmap, which is one block
BYTES_FOR_AN_INODE = 8192  # one inode for so many bytes of disk: commands and notes are small
LEAST_ROOM = 50  # blocks of data that make a last, shorter group worth having
SMALLEST_GROUP = 64  # blocks; smaller ones have no room for what they spend on themselves
JOURNAL_BLOCKS = 1024  # the least that jbd accepts: 4 MiB
LARGE_JOURNAL_BLOCKS = 4096  # for disks of 128 MiB and more


@dataclass(frozen=True)
class Geometry:
    """Figures that follow from a disk's size and from what is to be on it."""

    blocks: int
    blocks_per_group: int
    inodes_per_group: int

    @property
    def groups(self) -> int:
        """How many groups; the last may be shorter."""
        return -(-self.blocks // self.blocks_per_group)

    @property
    def inodes(self) -> int:
        """Of all groups."""
        return self.groups * self.inodes_per_group

    @property
    def descriptor_blocks(self) -> int:
        """Blocks that the descriptors of all groups take."""
        return -(-self.groups * layout.GROUP_SIZE // BLOCK_SIZE)

    def start(self, group: int) -> int:
        """A group's first block."""
        return group * self.blocks_per_group

    def size(self, group: int) -> int:
        """A group's blocks."""
        return min(self.blocks_per_group, self.blocks - self.start(group))

    def bitmaps(self, group: int) -> int:
        """Where the bitmap of its blocks is; that of its inodes and their table follow."""
        return self.start(group) + (1 + self.descriptor_blocks if has_superblock(group) else 0)

    def table(self, group: int) -> int:
        """Where the table of its inodes begins."""
        return self.bitmaps(group) + 2

    def data(self, group: int) -> int:
        """Its first block that files can have."""
        return self.table(group) + self.inodes_per_group // INODES_IN_A_BLOCK

    def data_blocks(self) -> Iterator[int]:
        """The blocks that files can have, in the order in which they are given out."""
        for group in range(self.groups):
            yield from range(self.data(group), self.start(group) + self.size(group))

    def room(self) -> int:
        """How many they are."""
        return sum(max(0, self.start(group) + self.size(group) - self.data(group)) for group in range(self.groups))


def has_superblock(group: int) -> bool:
    """Whether the group has a copy of superblock and descriptors: 0, 1 and powers of 3, 5, 7 (sparse_super)."""
    return group <= 1 or any(is_power(group, base) for base in (3, 5, 7))


def is_power(number: int, base: int) -> bool:
    """Whether it is 1, base, base squared, ..."""
    while number % base == 0:
        number //= base
    return number == 1


def choose(size: int, inodes: int, blocks_per_group: int) -> Geometry:
    """The shape for a disk of that many bytes and at least so many inodes. Raises DiskError."""
    if not SMALLEST_GROUP <= blocks_per_group <= BITS or blocks_per_group % 8:
        raise DiskError(f"groups of {blocks_per_group} blocks: they have {SMALLEST_GROUP} to {BITS}, a multiple of 8")
    blocks = size // BLOCK_SIZE
    if not blocks <= 0xFFFF_FFFF:
        raise DiskError(f"a disk of {size} bytes has more blocks than 32 bits can number")
    inodes = max(inodes, size // BYTES_FOR_AN_INODE)
    shape = with_inodes(blocks, blocks_per_group, inodes)
    rest = blocks % blocks_per_group
    if shape.groups > 1 and 0 < rest < shape.data(shape.groups - 1) - shape.start(shape.groups - 1) + LEAST_ROOM:
        shape = with_inodes(blocks - rest, blocks_per_group, inodes)
    if shape.inodes_per_group > BITS:
        raise DiskError(f"{inodes} files are too many for a disk of {size} bytes: make it larger")
    return shape


def with_inodes(blocks: int, blocks_per_group: int, inodes: int) -> Geometry:
    """The shape with at least so many inodes, in whole blocks of each group's table."""
    groups = max(1, -(-blocks // blocks_per_group))
    per_group = -(-inodes // groups // INODES_IN_A_BLOCK) * INODES_IN_A_BLOCK
    return Geometry(blocks, blocks_per_group, max(per_group, INODES_IN_A_BLOCK))


def blocks_of(node: Node) -> int:
    """Blocks that a node takes, those that hold block numbers included."""
    return 0 if node.is_inline else with_indirect(-(-len(node.data) // BLOCK_SIZE))


def with_indirect(data: int) -> int:
    """So many blocks of data, and the blocks that hold their numbers: what is left after the direct ones is the
    indirect block's, then the double indirect block's, and so on."""
    total, left = data, data - layout.DIRECT_BLOCKS
    for level in range(1, layout.LEVELS + 1):
        here = min(left, POINTERS**level)
        if here <= 0:
            return total
        total += sum(-(-here // POINTERS**below) for below in range(1, level + 1))
        left -= here
    if left > 0:
        raise DiskError(f"a file of {data} blocks: block numbers reach {data - left} at most")
    return total
