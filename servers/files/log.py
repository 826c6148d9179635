"""The journal's log: how a transaction is written into it. (How it is read: recovery.py.)

A transaction is descriptor blocks, each followed by the blocks that it names; revoke blocks; and, when all of that is
safe, a commit block.
"""

from atoll.abi.types import Array, Slice, u8, u64
from atoll.servers.block.interface import MAX_TRANSFER
from atoll.servers.files.block_map import map_block
from atoll.servers.files.fields import clear, get_big, put_big
from atoll.servers.files.interface import InputOutputError
from atoll.servers.files.layout import (
    J_HEADER_SIZE,
    J_MAGIC,
    J_SEQUENCE,
    J_TYPE,
    JOURNAL_MAGIC,
    JOURNAL_REVOKE,
    JS_INCOMPATIBLE,
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
from atoll.servers.files.volume import MAX_REVOKED, Volume


class Writer:
    """Blocks on their way into the log: those that are neighbours on the disk go together."""

    data: Array[u8, MAX_TRANSFER]
    first: u64  # block on the disk
    count: u64


writer: Writer = Writer()


def tags_per_block(volume: Volume) -> u64:
    """How many blocks one descriptor names."""
    return (volume.block_size - J_HEADER_SIZE - TAG_IDENTITY_SIZE) // TAG_SIZE


def blocks_needed(volume: Volume, buffers: u64) -> u64:
    """Blocks of the log that a transaction takes, at most."""
    revokes = MAX_REVOKED * R_ENTRY_SIZE // (volume.block_size - R_HEADER_SIZE) + 1
    return buffers + buffers // tags_per_block(volume) + 1 + revokes + 1


def write_transaction(volume: Volume) -> None:
    """Write the running transaction and its commit block, each followed by a flush. Raises InputOutputError."""
    journal = volume.journal
    writer.count = 0
    write_revokes(volume)
    buffer = volume.cache.logged.newer
    left = volume.cache.logged_count
    while left > 0:
        named = min(left, tags_per_block(volume))
        descriptor = start_block(volume, TYPE_DESCRIPTOR)
        place: u64 = J_HEADER_SIZE
        member = buffer
        for index in range(named):
            place = put_tag(descriptor, place, member.block, member.data, index == 0, index == named - 1)
            member = member.newer
        finish_block(volume)
        for _ in range(named):
            next_block(volume)[0 : volume.block_size] = buffer.data
            escape(newest_block(volume))
            finish_block(volume)
            buffer = buffer.newer
        left -= named
    drain(volume)
    volume.cache.flush()
    start_block(volume, TYPE_COMMIT)
    finish_block(volume)
    drain(volume)
    volume.cache.flush()
    journal.sequence += 1


def put_tag(data: Slice[u8], place: u64, block: u64, contents: Slice[u8], is_first: bool, is_last: bool) -> u64:
    """Name a block in a descriptor; the place of the next tag."""
    flags: u64 = 0 if is_first else TAG_SAME_IDENTITY
    if get_big(contents, 0) == JOURNAL_MAGIC:
        flags |= TAG_ESCAPED
    if is_last:
        flags |= TAG_LAST
    put_big(data, place + TAG_BLOCK, block)
    put_big(data, place + TAG_FLAGS, flags)
    after = place + TAG_SIZE
    return after + TAG_IDENTITY_SIZE if is_first else after


def escape(data: Slice[u8]) -> None:
    """A logged block must not look like one of the journal's own."""
    if get_big(data, 0) == JOURNAL_MAGIC:
        put_big(data, 0, 0)


def write_revokes(volume: Volume) -> None:
    """The blocks whose older copies in the log must not be replayed."""
    journal = volume.journal
    done: u64 = 0
    while done < journal.revoked_count:
        data = start_block(volume, TYPE_REVOKE)
        place: u64 = R_HEADER_SIZE
        while done < journal.revoked_count and place + R_ENTRY_SIZE <= volume.block_size:
            put_big(data, place, u64(journal.revoked[done]))
            place += R_ENTRY_SIZE
            done += 1
        put_big(data, R_COUNT, place)
        finish_block(volume)


# ---- blocks of the log, one after the other ----


def next_block(volume: Volume) -> Slice[u8]:
    """Where the contents of the next block go."""
    block = map_block(volume, volume.journal.inode, volume.journal.head)
    if block == 0:
        raise InputOutputError("the journal has a hole: the file system is damaged")
    size = volume.block_size
    if writer.count > 0 and (block != writer.first + writer.count or (writer.count + 1) * size > MAX_TRANSFER):
        drain(volume)
    if writer.count == 0:
        writer.first = block
    return writer.data[writer.count * size : (writer.count + 1) * size]


def newest_block(volume: Volume) -> Slice[u8]:
    """The block that `next_block` gave."""
    return writer.data[writer.count * volume.block_size : (writer.count + 1) * volume.block_size]


def start_block(volume: Volume, kind: u64) -> Slice[u8]:
    """The next block, as one of the journal's own."""
    data = next_block(volume)
    clear(data)
    put_big(data, J_MAGIC, JOURNAL_MAGIC)
    put_big(data, J_TYPE, kind)
    put_big(data, J_SEQUENCE, volume.journal.sequence)
    return data


def finish_block(volume: Volume) -> None:
    """The block is complete: the log goes on after it, or at its beginning."""
    journal = volume.journal
    writer.count += 1
    assert journal.room > 0, "the log is full"
    journal.room -= 1
    journal.head = journal.head + 1 if journal.head + 1 < journal.length else journal.first


def drain(volume: Volume) -> None:
    """Write what has come together."""
    if writer.count > 0:
        volume.cache.write_blocks(writer.first, writer.data[0 : writer.count * volume.block_size])
    writer.count = 0


# ---- its superblock ----


def journal_superblock(volume: Volume) -> Slice[u8]:
    """The journal's own superblock, block 0 of its file."""
    block = map_block(volume, volume.journal.inode, 0)
    if block == 0:
        raise InputOutputError("the journal has no superblock: the file system is damaged")
    return volume.cache.get(block).data


def restart(volume: Volume, start: u64) -> None:
    """Nothing before the running transaction is needed: the log begins with it, at block `start` (0: it is empty).

    Flushed, so that what is now written over older transactions is not taken for their end.
    """
    journal = volume.journal
    data = journal_superblock(volume)
    put_big(data, JS_SEQUENCE, journal.sequence)
    put_big(data, JS_START, start)
    put_big(data, JS_INCOMPATIBLE, get_big(data, JS_INCOMPATIBLE) | JOURNAL_REVOKE)
    volume.cache.write_blocks(map_block(volume, journal.inode, 0), data)
    volume.cache.flush()
    journal.room = journal.length - journal.first
