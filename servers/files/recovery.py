"""Recovery: what committed transactions in the journal say is written home; an incomplete last one never happened.

Three passes over the log: find its end; collect revoke records; write the blocks that are not revoked. The table of
revoke records is small: if they do not fit, the last two passes are made several times, each for a part of all blocks.
"""

from atoll.abi.types import Array, Slice, low32, u8, u32, u64, wrapping_sub
from atoll.servers.files.block_map import map_block
from atoll.servers.files.cache import DIRTY, Buffer
from atoll.servers.files.fields import get_big, put_big
from atoll.servers.files.interface import InputOutputError
from atoll.servers.files.layout import (
    J_HEADER_SIZE,
    J_MAGIC,
    J_SEQUENCE,
    J_TYPE,
    JOURNAL_MAGIC,
    JS_SEQUENCE,
    JS_START,
    R_COUNT,
    R_ENTRY_SIZE,
    R_HEADER_SIZE,
    TAG_BLOCK,
    TAG_ESCAPED,
    TAG_FLAGS,
    TAG_IDENTITY_SIZE,
    TAG_LAST,
    TAG_SAME_IDENTITY,
    TAG_SIZE,
    TYPE_COMMIT,
    TYPE_DESCRIPTOR,
    TYPE_REVOKE,
)
from atoll.servers.files.log import journal_superblock
from atoll.servers.files.volume import Volume

MAX_RECORDS = 2048
HALF = 0x8000_0000  # sequence numbers wrap: one is later than another if it is less than this ahead

# ---- passes ----
FIND_END = 0
COLLECT = 1
WRITE = 2


class Revoked:
    """Blocks not to be replayed from transactions up to a sequence number: a hash table."""

    blocks: Array[u32, MAX_RECORDS]  # 0: a free place
    sequences: Array[u32, MAX_RECORDS]
    count: u64
    parts: u64  # this time blocks with `block % parts == part` are dealt with
    part: u64

    def start(self, part: u64, parts: u64) -> None:
        """Empty, for a part of all blocks."""
        for place in range(MAX_RECORDS):
            self.blocks[place] = 0
        self.count = 0
        self.part = part
        self.parts = parts

    def place_of(self, block: u64) -> u64:
        """Where a block is, or would be."""
        place = block // self.parts % MAX_RECORDS
        while self.blocks[place] != 0 and self.blocks[place] != block:
            place = (place + 1) % MAX_RECORDS
        return place

    def add(self, block: u64, sequence: u64) -> bool:
        """A record; later ones replace earlier ones. False if the table is full."""
        if block % self.parts != self.part:
            return True
        place = self.place_of(block)
        if self.blocks[place] == 0:
            if self.count == MAX_RECORDS - 1:
                return False
            self.count += 1
        self.blocks[place] = u32(block)
        self.sequences[place] = u32(sequence)
        return True

    def covers(self, block: u64, sequence: u64) -> bool:
        """Whether the block as that transaction wrote it is revoked, or not of this part."""
        if block % self.parts != self.part:
            return True
        place = self.place_of(block)
        return self.blocks[place] == block and u64(low32(wrapping_sub(u64(self.sequences[place]), sequence))) < HALF


revoked: Revoked = Revoked()


def replay(volume: Volume) -> None:
    """Replay the journal and empty it. Raises InputOutputError."""
    end = walk(volume, FIND_END, 0)
    parts: u64 = 1
    while not replay_in_parts(volume, end, parts):
        parts *= 2
    volume.cache.write_all(DIRTY)
    volume.cache.flush()
    data = journal_superblock(volume)
    count = low32(wrapping_sub(end, get_big(data, JS_SEQUENCE)))
    put_big(data, JS_START, 0)
    put_big(data, JS_SEQUENCE, u64(low32(end + 1)))  # what an incomplete transaction left must not look like the next
    volume.cache.write_blocks(map_block(volume, volume.journal.inode, 0), data)
    volume.cache.flush()
    if count > 0:
        print(f"files: the journal was replayed: {count} transactions")


def replay_in_parts(volume: Volume, end: u64, parts: u64) -> bool:
    """Passes two and three for each part; False if a part has too many records (writing twice does no harm)."""
    for part in range(parts):
        revoked.start(part, parts)
        if walk(volume, COLLECT, end) != end:
            return False
        walk(volume, WRITE, end)
    return True


def walk(volume: Volume, task: u64, end: u64) -> u64:
    """One pass over the log, up to transaction `end`; the transaction at which it ended."""
    data = journal_superblock(volume)
    sequence = get_big(data, JS_SEQUENCE)
    place = get_big(data, JS_START)
    steps: u64 = 0
    while (task == FIND_END or sequence != end) and steps < volume.journal.length:
        data = log_block(volume, place).data
        if get_big(data, J_MAGIC) != JOURNAL_MAGIC or get_big(data, J_SEQUENCE) != sequence:
            break
        kind = get_big(data, J_TYPE)
        count: u64 = 1
        if kind == TYPE_DESCRIPTOR:
            count += take_descriptor(volume, place, task, sequence)
        elif kind == TYPE_COMMIT:
            sequence = u64(low32(sequence + 1))
        elif kind == TYPE_REVOKE:
            if task == COLLECT and not take_revokes(data, sequence):
                break
        else:
            break
        place = after(volume, place, count)
        steps += count
    return sequence


def after(volume: Volume, place: u64, count: u64) -> u64:
    """The log's block so many further on; it is a ring."""
    journal = volume.journal
    return journal.first + (place - journal.first + count) % (journal.length - journal.first)


def log_block(volume: Volume, place: u64) -> Buffer:
    """A block of the log. Raises InputOutputError."""
    if place < volume.journal.first or place >= volume.journal.length:
        raise InputOutputError("the journal's beginning is outside of it: the file system is damaged")
    return volume.block(map_block(volume, volume.journal.inode, place))


def take_revokes(data: Slice[u8], sequence: u64) -> bool:
    """Note what a revoke block says; False if there is no room."""
    end = min(get_big(data, R_COUNT), u64(len(data)))
    place: u64 = R_HEADER_SIZE
    while place + R_ENTRY_SIZE <= end:
        if not revoked.add(get_big(data, place), sequence):
            return False
        place += R_ENTRY_SIZE
    return True


def take_descriptor(volume: Volume, place: u64, task: u64, sequence: u64) -> u64:
    """Go over a descriptor's tags, and write their blocks home in the last pass. How many there are."""
    tag: u64 = J_HEADER_SIZE
    count: u64 = 0
    while tag + TAG_SIZE <= volume.block_size:
        data = log_block(volume, place).data
        block = get_big(data, tag + TAG_BLOCK)
        flags = get_big(data, tag + TAG_FLAGS)
        count += 1
        if task == WRITE and not revoked.covers(block, sequence):
            write_back(volume, block, log_block(volume, after(volume, place, count)).data, flags)
        if flags & TAG_LAST != 0:
            break
        tag += TAG_SIZE
        if flags & TAG_SAME_IDENTITY == 0:
            tag += TAG_IDENTITY_SIZE
    return count


def write_back(volume: Volume, block: u64, logged: Slice[u8], flags: u64) -> None:
    """A logged block goes home."""
    if block < volume.first_block or block >= volume.blocks:
        raise InputOutputError(f"the journal names block {block}, which does not exist: the file system is damaged")
    buffer = volume.cache.get_new(block, False)
    buffer.data[0 : volume.block_size] = logged
    if flags & TAG_ESCAPED != 0:
        put_big(buffer.data, 0, JOURNAL_MAGIC)
    volume.cache.mark_dirty(buffer)
