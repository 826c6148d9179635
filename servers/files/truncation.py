"""Truncation: files get another size, and their blocks are freed, in as many operations as it takes."""

from atoll.abi.types import u64
from atoll.servers.files import orphans
from atoll.servers.files.block_map import map_block, release_step
from atoll.servers.files.contents import (
    allocation_credits,
    largest_size,
    require_regular,
    set_size,
    size_of_file,
    touch,
)
from atoll.servers.files.fields import clear, get16
from atoll.servers.files.interface import FileTooLarge
from atoll.servers.files.layout import I_LINKS, I_MODE, TYPE_DIRECTORY, TYPE_MASK
from atoll.servers.files.transactions import begin, end
from atoll.servers.files.volume import FREE_STEP, Volume


def truncate(volume: Volume, number: u64, size: u64, now: u64) -> None:
    """Give a file another size: what is beyond is lost, what is added is zeros and takes no room.

    Raises FileTooLarge, ReadOnly, InputOutputError.
    """
    require_regular(volume, number)
    if size > largest_size(volume):
        raise FileTooLarge("past the largest size of a file")
    begin(volume, orphans.CREDITS + 3)
    old = size_of_file(volume, number)
    touch(volume, number, now)
    set_size(volume, number, size)
    if size >= old:
        end(volume)
        return
    is_listed = get16(volume.inode(number), I_LINKS) == 0
    if not is_listed:
        orphans.add(volume, number)  # after a power cut the mount goes on with what follows
    clear_tail(volume, number, size)
    end(volume)
    cut(volume, number)
    if not is_listed:
        begin(volume, orphans.CREDITS)
        orphans.remove(volume, number)
        end(volume)


def clear_tail(volume: Volume, number: u64, size: u64) -> None:
    """Behind a file's end its last block holds zeros."""
    place = size % volume.block_size
    block = map_block(volume, number, size // volume.block_size) if place > 0 else 0
    if block != 0:
        buffer = volume.block(block)
        clear(buffer.data[place : volume.block_size])
        volume.cache.mark_dirty(buffer)


def cut(volume: Volume, number: u64) -> None:
    """Free all blocks of a file beyond its size, in as many operations as it takes."""
    is_directory = get16(volume.inode(number), I_MODE) & TYPE_MASK == TYPE_DIRECTORY
    keep = (size_of_file(volume, number) + volume.block_size - 1) // volume.block_size
    done = False
    while not done:
        begin(volume, allocation_credits(volume, FREE_STEP) + 6)
        done = release_step(volume, number, keep, is_directory)
        end(volume)
