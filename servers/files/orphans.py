"""The orphan list: files without a name that are still open, and files that are being cut off.

It is on the disk: the superblock names the first, the deletion time of each inode the next. What a power cut leaves on
it is finished at the next mount.
"""

from atoll.abi.types import u64
from atoll.servers.files.fields import get32, put32
from atoll.servers.files.layout import I_DELETE_TIME, S_LAST_ORPHAN
from atoll.servers.files.volume import Volume

CREDITS = 3  # superblock, the inode, and the one before it on the list


def add(volume: Volume, number: u64) -> None:
    """Put an inode on the list, as the first. In the running transaction."""
    superblock = volume.changed_superblock()
    put32(volume.changed_inode(number), I_DELETE_TIME, get32(superblock, S_LAST_ORPHAN))
    put32(superblock, S_LAST_ORPHAN, number)


def remove(volume: Volume, number: u64) -> None:
    """Take an inode off the list. In the running transaction."""
    after = get32(volume.inode(number), I_DELETE_TIME)
    current = get32(volume.superblock(), S_LAST_ORPHAN)
    if current == number:
        put32(volume.changed_superblock(), S_LAST_ORPHAN, after)
    else:
        while get32(volume.inode(current), I_DELETE_TIME) != number:
            current = get32(volume.inode(current), I_DELETE_TIME)
        put32(volume.changed_inode(current), I_DELETE_TIME, after)
    put32(volume.changed_inode(number), I_DELETE_TIME, 0)
