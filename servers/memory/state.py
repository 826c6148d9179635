"""The pager's state on its way to the next version of this server: its tables as they are, and all handles in them.

Pages do not move: they are in the pool's memory objects, of which the successor gets handles.
"""

from atoll.abi.raw import address_of, size_of, view
from atoll.abi.types import u64
from atoll.servers.memory.images import IMAGES
from atoll.servers.memory.pager import Pager, pager
from atoll.servers.memory.spaces import SPACES
from atoll.servers.memory.waiting import WaitingThreads
from atoll.userland.runtime.state import StateReader, StateRefused, StateWriter
from atoll.userland.runtime.system import own_process

VERSION = 1  # of what is written here


def size_of_state() -> u64:
    """Bytes of it, and room for the numbers of all handles."""
    return size_of(Pager) + size_of(WaitingThreads) + (1 << 14)


def export_pager(writer: StateWriter) -> None:
    """The old server's side."""
    writer.number(VERSION)
    writer.data(view(address_of(pager), size_of(Pager)))
    writer.copied(pager.pool.zeros.handle)
    writer.copied(pager.pool.mark.handle)
    writer.copied(pager.swap.file.handle)
    for number in range(pager.pool.count):
        writer.copied(pager.pool.chunks[number].private.handle)
        writer.copied(pager.pool.chunks[number].shared.handle)
    for number in range(u64(IMAGES)):
        writer.copied(pager.images.items[number].file.handle)
    for number in range(u64(SPACES)):
        writer.copied(pager.spaces.items[number].process.handle)


def import_pager(reader: StateReader) -> None:
    """The new server's side."""
    if reader.number() != VERSION:
        raise StateRefused("the memory manager's state is of another version")
    reader.structure(address_of(pager), size_of(Pager))
    pager.own_process = own_process()
    pager.pool.zeros.handle = reader.copied()
    pager.pool.mark.handle = reader.copied()
    pager.swap.file.handle = reader.copied()
    for number in range(pager.pool.count):
        pager.pool.chunks[number].private.handle = reader.copied()
        pager.pool.chunks[number].shared.handle = reader.copied()
    for number in range(u64(IMAGES)):
        pager.images.items[number].file.handle = reader.copied()
    for number in range(u64(SPACES)):
        pager.spaces.items[number].process.handle = reader.copied()
