"""The pager's state on its way to the next version of this server: its tables as far as they are used, and all handles.

Pages do not move: they are in the pool's memory objects, of which the successor gets handles.
"""

from typing import TypeVar

from atoll.abi.raw import address_of, size_of, view
from atoll.abi.types import u64
from atoll.servers.memory.images import IMAGES, Images
from atoll.servers.memory.pager import pager
from atoll.servers.memory.places import OWNERS, Place, Places
from atoll.servers.memory.spaces import SPACES, Spaces
from atoll.servers.memory.waiting import WaitingThreads
from atoll.userland.runtime.state import StateReader, StateRefused, StateWriter
from atoll.userland.runtime.system import own_process

VERSION = 3  # of what is written here
SOME = 4096  # bytes for single numbers and for those of handles

N = TypeVar("N")


def size_of_state() -> u64:
    """Bytes of it, at most."""
    places = pager.frames.known + pager.swap.slots.known + 2
    tables = size_of(Images) + size_of(Spaces) + size_of(WaitingThreads) + 16 * OWNERS
    return places * size_of(Place) + tables + SOME


def export_pager(writer: StateWriter) -> None:
    """The old server's side."""
    writer.number(VERSION)
    for number in (pager.clock.hand, pager.clock.turn, pager.page_ins, pager.page_outs, pager.pool.count):
        writer.number(number)
    writer.number(1 if pager.swap.is_broken else 0)
    export_places(writer, pager.frames)
    export_places(writer, pager.swap.slots)
    writer.data(view(address_of(pager.images), size_of(Images)))
    writer.data(view(address_of(pager.spaces), size_of(Spaces)))
    writer.copied(pager.pool.zeros.handle)
    writer.copied(pager.pool.mark.handle)
    writer.copied(pager.swap.file.handle)
    for index in range(pager.pool.count):
        writer.copied(pager.pool.chunks[index].private.handle)
        writer.copied(pager.pool.chunks[index].shared.handle)
    for index in range(u64(IMAGES)):
        writer.copied(pager.images.items[index].file.handle)
        writer.copied(pager.images.items[index].memory.handle)
    for index in range(u64(SPACES)):
        writer.copied(pager.spaces.items[index].process.handle)


def import_pager(reader: StateReader) -> None:
    """The new server's side, in the same order."""
    if reader.number() != VERSION:
        raise StateRefused("the memory manager's state is of another version")
    give_up()
    pager.clock.hand, pager.clock.turn = reader.number(), reader.number()
    pager.page_ins, pager.page_outs = reader.number(), reader.number()
    pager.pool.count = reader.number()
    pager.swap.is_broken = reader.number() != 0
    import_places(reader, pager.frames)
    import_places(reader, pager.swap.slots)
    reader.structure(address_of(pager.images), size_of(Images))
    reader.structure(address_of(pager.spaces), size_of(Spaces))
    pager.own_process = own_process()
    pager.pool.zeros.handle = reader.copied()
    pager.pool.mark.handle = reader.copied()
    pager.swap.file.handle = reader.copied()
    for index in range(pager.pool.count):
        pager.pool.chunks[index].private.handle = reader.copied()
        pager.pool.chunks[index].shared.handle = reader.copied()
    for index in range(u64(IMAGES)):
        pager.images.items[index].file.handle = reader.copied()
        pager.images.items[index].memory.handle = reader.copied()
    for index in range(u64(SPACES)):
        pager.spaces.items[index].process.handle = reader.copied()


def give_up() -> None:
    """Close what this server opened when it started: its predecessor's takes its place."""
    pager.pool.zeros.close()
    pager.pool.mark.close()


def export_places(writer: StateWriter, places: Places[N]) -> None:
    """A table without its buckets, which are found again."""
    writer.number(places.known)
    writer.number(places.used)
    writer.number(u64(places.first_free))
    writer.data(view(address_of(places.first_of_owner), 4 * OWNERS))
    writer.data(view(address_of(places.count_of_owner), 4 * OWNERS))
    writer.data(view(address_of(places.places), (places.known + 1) * size_of(Place)))


def import_places(reader: StateReader, places: Places[N]) -> None:
    """The same table."""
    places.known, places.used, places.first_free = reader.number(), reader.number(), reader.number()
    if places.known >= len(places.places):
        raise StateRefused(f"{places.known} places do not fit into {len(places.places) - 1}")
    reader.structure(address_of(places.first_of_owner), 4 * OWNERS)
    reader.structure(address_of(places.count_of_owner), 4 * OWNERS)
    reader.structure(address_of(places.places), (places.known + 1) * size_of(Place))
    for place in range(1, places.known + 1):
        if places.places[place].is_used:
            places.add_to_bucket(place)
