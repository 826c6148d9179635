"""Times of inodes, in nanoseconds since 1970: 32 bits of seconds, and in large inodes 30 of nanoseconds and 2 more of
seconds, as ext4 keeps them (the kernel's documentation of ext4, "Inode Timestamps"). Older readers see the seconds.
"""

from atoll.abi.types import Bytes, Slice, u8, u64
from atoll.servers.files.fields import get16, get32, put32
from atoll.servers.files.layout import (
    I_ACCESS_MORE,
    I_ACCESS_TIME,
    I_CHANGE_MORE,
    I_EXTRA_SIZE,
    I_MODIFY_MORE,
    I_MODIFY_TIME,
    OLD_INODE_SIZE,
)

SECOND = 1_000_000_000  # nanoseconds
LAST = 0xFFFF_FFFF  # seconds that 32 bits hold


def put_seconds(data: Slice[u8], offset: u64, now: u64) -> None:
    """Set a time that is kept in seconds, as many as 32 bits hold."""
    put32(data, offset, min(now // SECOND, LAST))


def put_time(node: Slice[u8], place: u64, now: u64) -> None:
    """Set one of an inode's three times."""
    more = place_of_more(node, place)
    if more == 0:
        put_seconds(node, place, now)
        return
    seconds = now // SECOND
    put32(node, place, seconds & LAST)
    # The 32 bits are signed: a carry goes up when they become negative.
    put32(node, more, now % SECOND << 2 | seconds + 0x8000_0000 >> 32 & 3)


def get_time(node: Bytes, place: u64) -> u64:
    """One of an inode's three times."""
    seconds, more = get32(node, place), place_of_more(node, place)
    if more == 0:
        return seconds * SECOND
    extra = get32(node, more)
    if extra & 3 != 0:
        seconds += (extra & 3) - (seconds >> 31) << 32
    return seconds * SECOND + (extra >> 2) % SECOND


def place_of_more(node: Bytes, place: u64) -> u64:
    """Where the nanoseconds of a time are; 0: the inode has no room for them."""
    more: u64 = I_CHANGE_MORE
    if place == I_MODIFY_TIME:
        more = I_MODIFY_MORE
    elif place == I_ACCESS_TIME:
        more = I_ACCESS_MORE
    if u64(len(node)) <= OLD_INODE_SIZE or more + 4 > OLD_INODE_SIZE + get16(node, I_EXTRA_SIZE):
        return 0
    return more
