"""Pages of a space as a list: what there is of it, read and written in bulk. So a space is copied to another node."""

from atoll.abi.address_space import PAGE_SIZE
from atoll.abi.calls import MAX_TOUCHED
from atoll.abi.raw import address_of, load64, store64
from atoll.abi.types import Bytes, Slice, u8, u64
from atoll.servers.memory.away import NOT_AWAY
from atoll.servers.memory.images import Image
from atoll.servers.memory.interface import (
    ACCESSED,
    AWAY_SHIFT,
    CARRIED_SIZE,
    REGION_SIZE,
    WRITTEN,
    BadPages,
    MemoryFull,
    NoSuchSpace,
    PagesAway,
)
from atoll.servers.memory.pager import OWNER_OF_IMAGE, OutOfMemory, pager
from atoll.servers.memory.places import NOWHERE
from atoll.servers.memory.regions import Region, Regions
from atoll.servers.memory.spaces import Space
from atoll.servers.memory.swap import SwapFailed
from atoll.userland.runtime.image.elf import BadImage
from atoll.userland.runtime.kernel_errors import KernelError

BYTES = 8  # of a page's number


def image_of(index: u64) -> Image:
    """The image of the space at that place. Raises NoSuchSpace: an earlier server's pages are not known."""
    space = pager.spaces.items[index]
    if space.is_inherited:
        raise NoSuchSpace("a memory manager has died: not all pages of the program are known")
    return pager.images.items[space.image]


def number_at(data: Bytes, place: u64) -> u64:
    """The word at that byte of a list. Raises BadPages."""
    if place + BYTES > len(data):
        raise BadPages("the list is cut off")
    return load64(address_of(data) + place)


# ---- regions ----


def write_regions(regions: Regions, into: Slice[u8]) -> u64:
    """All of them, as SpaceRegions; bytes. Raises BadPages: they do not fit."""
    if regions.count * REGION_SIZE > len(into):
        raise BadPages("there are more regions than there is room for")
    for number in range(regions.count):
        place = address_of(into) + number * REGION_SIZE
        store64(place, regions.items[number].first)
        store64(place + 8, regions.items[number].end)
        store64(place + 16, regions.items[number].rights)
    return regions.count * REGION_SIZE


def read_regions(data: Bytes, into: Regions) -> None:
    """Make regions of a list. Raises BadPages."""
    for place in range(0, len(data), REGION_SIZE):
        first, end = number_at(data, u64(place)), number_at(data, u64(place) + 8)
        try:
            into.add(first, end, number_at(data, u64(place) + 16))
        except BadImage:
            raise BadPages("regions that overlap, or too many") from None


def region_behind(regions: Regions, page: u64) -> Region | None:
    """The region of a page, or the next one above it."""
    found: Region | None = None
    for number in range(regions.count):
        region = regions.items[number]
        if region.end > page and (found is None or region.first < found.first):
            found = region
    return found


# ---- what there is ----


def survey(index: u64, first: u64, only_written: bool, into: Slice[u8]) -> tuple[u64, u64]:
    """The pages that are not zero; accessed and written begin anew. Bytes, and where to go on, 0: that was all."""
    regions = image_of(index).regions
    count, page = u64(0), first
    region = region_behind(regions, page)
    while region is not None:
        page = max(page, region.first)
        end = min(region.end, page + MAX_TOUCHED)
        if (count + end - page) * BYTES > len(into):
            return count * BYTES, page
        count = survey_some(index, region, page, end, only_written, into, count)
        page = end
        region = region_behind(regions, page)
    return count * BYTES, 0


def survey_some(
    index: u64, region: Region, first: u64, end: u64, only_written: bool, into: Slice[u8], count: u64
) -> u64:
    """A few pages of a region; how many words there are then."""
    accessed, written = touched_since(pager.spaces.items[index], first, end - first)
    for page in range(first, end):
        is_accessed, is_written = accessed >> page - first & 1 != 0, written >> page - first & 1 != 0
        if is_accessed or is_written:
            note_use(index, page, is_written)
        if is_written if only_written else is_there(index, region, page):
            marks = (ACCESSED if is_accessed else 0) | (WRITTEN if is_written else 0)
            away = away_mark(pager.spaces.items[index].number, page)
            store64(address_of(into) + count * BYTES, page | u64(marks) | away)
            count += 1
    return count


def touched_since(space: Space, first: u64, pages: u64) -> tuple[u64, u64]:
    """The bits of the kernel, which are cleared. A process that is gone touches nothing."""
    try:
        return space.process.touched(first * PAGE_SIZE, pages, True)
    except KernelError:
        return 0, 0


def note_use(index: u64, page: u64, is_written: bool) -> None:
    """The pager would not learn it any more: the bits are cleared."""
    frame = pager.frames.find(index, page)
    if frame != NOWHERE:
        pager.frames.places[frame].turn = pager.clock.turn
        if is_written:
            pager.frames.places[frame].is_dirty = True


def away_mark(space: u64, page: u64) -> u64:
    """Which source has a page, as `survey` tells it."""
    place = pager.away.index_of(space, page)
    return 0 if place == NOT_AWAY else place + 1 << AWAY_SHIFT


def is_there(index: u64, region: Region, page: u64) -> bool:
    """Whether something else than zeros may be in a page: in a frame, in swap, in the file, on another node."""
    if region.has_data(page) or pager.frames.find(index, page) != NOWHERE:
        return True
    return pager.swap.slots.find(index, page) != NOWHERE or pager.away.has(pager.spaces.items[index].number, page)


# ---- reading ----


def read_pages(index: u64, pages: Bytes, into: Slice[u8]) -> u64:
    """The contents of some pages, one behind the other; bytes."""
    count = u64(len(pages)) // BYTES
    if count * PAGE_SIZE > len(into):
        raise BadPages("there are more pages than there is room for")
    for number in range(count):
        place = number * PAGE_SIZE
        read_page(index, number_at(pages, number * BYTES), into[place : place + PAGE_SIZE])
    return count * PAGE_SIZE


def read_page(index: u64, page: u64, into: Slice[u8]) -> None:
    """The contents of one page, wherever it is."""
    image = image_of(index)
    region = image.regions.find(page)
    frame, slot = pager.frames.find(index, page), pager.swap.slots.find(index, page)
    if region is None:
        raise BadPages("a page that is in no region")
    if frame == NOWHERE and slot == NOWHERE:
        frame = pager.frames.find(OWNER_OF_IMAGE + pager.spaces.items[index].image, page)
    if frame != NOWHERE:
        pager.pool.read(frame, into)
    elif slot != NOWHERE:
        read_slot(slot, into)
    elif pager.away.has(pager.spaces.items[index].number, page):
        raise PagesAway("the page is on another node")
    else:
        image.read_page(region, page, into)


def read_slot(slot: u64, into: Slice[u8]) -> None:
    """From swap, where it stays. Raises BadPages."""
    try:
        pager.swap.read(slot)
    except SwapFailed as error:
        raise BadPages(f"{error}") from None
    into[0:PAGE_SIZE] = pager.swap.page[:]


# ---- writing ----


def write_pages(index: u64, pages: Bytes) -> None:
    """Set some pages."""
    if len(pages) % CARRIED_SIZE != 0:
        raise BadPages("the list is cut off")
    for number in range(len(pages) // CARRIED_SIZE):
        place = u64(number) * CARRIED_SIZE
        write_page(index, number_at(pages, place), pages[place + BYTES : place + CARRIED_SIZE])


def write_page(index: u64, page: u64, contents: Bytes) -> None:
    """Set one page, which is nowhere else then. Raises BadPages, MemoryFull."""
    space = pager.spaces.items[index]
    if not image_of(index).is_carried or image_of(index).regions.find(page) is None:
        raise BadPages("a page that is in no region, or of a space that is not carried")
    slot, frame = pager.swap.slots.find(index, page), pager.frames.find(index, page)
    if slot != NOWHERE:
        pager.forget_slot(index, slot)
    if frame == NOWHERE:
        frame = frame_for(index, page)
    pager.pool.write(frame, contents)
    pager.frames.places[frame].is_dirty = True
    pager.away.remove(space.number, page)


def frame_for(index: u64, page: u64) -> u64:
    """A new frame. Raises MemoryFull."""
    try:
        pager.check_room()
        return pager.new_frame(index, page)
    except OutOfMemory as error:
        raise MemoryFull(f"{error}") from None
