"""The pager: gives a page to the program that touches it, and takes pages from where they are not used.

A private page is its space's own: zeros, a copy of the image's page, or what was in swap. A shared page is the
image's, read-only, mapped in any of its spaces; each space maps it at the same address, so that nobody has to keep
account of where. It is taken back by unmapping it in all of them.
"""

from atoll.abi.address_space import PAGE_SIZE
from atoll.abi.objects import Right
from atoll.abi.types import Array, u8, u64
from atoll.servers.memory.away import AwayPages
from atoll.servers.memory.clock import Clock
from atoll.servers.memory.images import IMAGES, Image, Images
from atoll.servers.memory.places import NOWHERE, NoFreePlace, Place, Places
from atoll.servers.memory.pool import FRAMES, Pool
from atoll.servers.memory.regions import Region
from atoll.servers.memory.spaces import SPACES, Space, Spaces
from atoll.servers.memory.swap import Swap, SwapFailed
from atoll.userland.runtime.kernel_errors import Dead, NoMemory

READ_AHEAD = 4  # pages of an image that are read together, at most
BATCH = 8  # frames that are freed together
FOR_IMAGES = 12  # frames that private pages leave: a program whose own code finds no frame would never come further
OWNER_OF_IMAGE = SPACES  # the owner of an image's pages is this and its index; of private pages, the space's index


class Forbidden(Exception):
    """The program may not do that there: its own mistake."""


class OutOfMemory(Exception):
    """There is no frame, and none can be freed."""


class Pager:
    """All state of the paging."""

    frames: Places[FRAMES]
    clock: Clock[FRAMES]
    pool: Pool
    swap: Swap
    images: Images
    spaces: Spaces
    away: AwayPages
    own_process: u64
    page_ins: u64
    page_outs: u64
    buffer: Array[u8, PAGE_SIZE]

    def start(self, own_process: u64, limit: u64) -> None:
        """Nothing is paged yet; the pool may have so many frames."""
        self.own_process = own_process
        self.pool.start(limit)

    # ---- giving ----

    def give(self, index: u64, page: u64, access: u64) -> None:
        """Let a space go on that may not access a page as it is.

        Raises Forbidden, OutOfMemory, SwapFailed, BadImage, NoMemory (the process's quota).
        """
        space = self.spaces.items[index]
        region = self.images.items[space.image].regions.find(page)
        if region is None or not region.allows(access):
            raise Forbidden("not the program's to touch")
        frame = self.frames.find(index, page)
        if frame == NOWHERE:
            if self.is_there_already(space, region, page, access):
                return
            frame = self.bring(index, region, page, access)
        self.show(space, region, frame, page)

    def bring(self, index: u64, region: Region, page: u64, access: u64) -> u64:
        """A frame with what the page holds: from swap, from the file, or zeros."""
        slot = self.swap.slots.find(index, page)
        if slot != NOWHERE:
            return self.bring_from_swap(index, page, slot)
        if not region.has_data(page):
            self.check_room()
            frame = self.new_frame(index, page)
            if self.frames.places[frame].was_used:
                self.pool.clear(frame)
            return frame
        shared = self.shared_frame(self.spaces.items[index].image, region, page)
        return self.private_copy(index, page, shared) if access == Right.WRITE else shared

    def bring_from_swap(self, index: u64, page: u64, slot: u64) -> u64:
        """Back into a frame; the slot is free then."""
        frame = self.new_frame(index, page)
        try:
            self.swap.read(slot)
        except SwapFailed:
            self.frames.give(frame)
            raise
        self.pool.write(frame, self.swap.page[:])
        self.frames.places[frame].is_dirty = True
        self.forget_slot(index, slot)
        self.page_ins += 1
        return frame

    def private_copy(self, index: u64, page: u64, shared: u64) -> u64:
        """Copy on write: the space's own page instead of the image's."""
        self.check_room()
        self.frames.places[shared].is_busy = True
        try:
            frame = self.new_frame(index, page)
        finally:
            self.frames.places[shared].is_busy = False
        self.pool.copy(frame, shared)
        self.frames.places[frame].is_dirty = True
        self.spaces.items[index].unmap(page)
        return frame

    def show(self, space: Space, region: Region, frame: u64, page: u64) -> None:
        """Map a frame: a private one with all rights of the region, a shared one without WRITE."""
        is_shared = self.frames.places[frame].owner >= OWNER_OF_IMAGE
        rights = region.rights & ~u64(Right.WRITE) if is_shared else region.rights
        try:
            self.pool.show(space.process, page, frame, rights, is_shared)
        except Dead:
            return  # the process has ended meanwhile: there is nobody to show it to

    def is_there_already(self, space: Space, region: Region, page: u64, access: u64) -> bool:
        """Whether an earlier server has mapped the page, so that it only has to be let access it.

        What that server mapped for reading only was a shared page, and no WRITE can be given: then it is to be copied.
        """
        if not space.is_inherited or not space.has_page(page):
            return False
        if access == Right.WRITE:
            return space.let_write(page)
        return True

    # ---- pages of images ----

    def shared_frame(self, number: u64, region: Region, page: u64) -> u64:
        """The image's page in a frame, read from its file if it is not there; a few more while frames are free."""
        owner = OWNER_OF_IMAGE + number
        frame = self.frames.find(owner, page)
        if frame != NOWHERE:
            return frame
        image = self.images.items[number]
        frame = self.read_page(image, owner, region, page)
        self.frames.places[frame].is_busy = True
        for ahead in range(page + 1, page + READ_AHEAD):
            wanted = region.first <= ahead < region.end and region.has_data(ahead)
            if not wanted or self.frames.free <= BATCH or self.frames.find(owner, ahead) != NOWHERE:
                break
            self.read_page(image, owner, region, ahead)
        self.frames.places[frame].is_busy = False
        return frame

    def read_page(self, image: Image, owner: u64, region: Region, page: u64) -> u64:
        """One page of the file, in a new frame."""
        image.read_page(region, page, self.buffer[:])
        frame = self.new_frame(owner, page)
        self.pool.write(frame, self.buffer[:])
        self.page_ins += 1
        return frame

    # ---- taking ----

    def check_room(self) -> None:
        """Refuse another private page if not all of them have a place, in a frame or a slot. Raises OutOfMemory."""
        wanted = self.private_pages() + FOR_IMAGES
        while wanted >= self.frames.known and self.grow():
            pass
        if wanted >= self.frames.known and wanted >= self.frames.known + self.swap.capacity():
            raise OutOfMemory("neither frames nor swap area have room for another page")

    def private_pages(self) -> u64:
        """How many pages there are that cannot be read from a file."""
        count = self.frames.used + self.swap.slots.used
        for number in range(u64(IMAGES)):
            count -= self.frames.count_of(OWNER_OF_IMAGE + number)
        return count

    def new_frame(self, owner: u64, page: u64) -> u64:
        """A free frame. Raises OutOfMemory."""
        if self.frames.free == 0 and not self.grow():
            self.take_back(BATCH)
        try:
            frame = self.frames.take(owner, page)
        except NoFreePlace:
            raise OutOfMemory("no frame can be freed") from None
        self.frames.places[frame].turn = self.clock.turn
        return frame

    def grow(self) -> bool:
        """More frames, if the quota has room for them."""
        return self.pool.grow(self.frames, self.own_process)

    def take_back(self, count: u64) -> None:
        """Free up to so many frames, those that the clock chooses."""
        self.swap.seek()
        for _ in range(count):
            frame = self.clock.choose(self.frames, is_kept)
            if frame == NOWHERE:
                return
            self.evict(frame)

    def keeps(self, frame: u64) -> bool:
        """Whether a frame stays: it was used since the hand came by, or nothing can be done with what it holds."""
        place = self.frames.places[frame]
        if place.owner < OWNER_OF_IMAGE and self.spaces.items[u64(place.owner)].is_held:
            return True
        used = self.was_used(place)
        if used:
            place.turn = self.clock.turn
        return used or (place.is_dirty and not self.swap.has_room())

    def was_used(self, place: Place) -> bool:
        """Whether the page was accessed since this was last asked; what was written is remembered as dirty."""
        owner, page = u64(place.owner), u64(place.page)
        if owner < OWNER_OF_IMAGE:
            accessed, written = self.spaces.items[owner].touched(page, True)
            place.is_dirty = place.is_dirty or written
            return accessed
        used = False
        for index in range(u64(SPACES)):
            if self.shows_shared(index, owner, page):
                accessed, _ = self.spaces.items[index].touched(page, True)
                used = used or accessed
        return used

    def shows_shared(self, index: u64, owner: u64, page: u64) -> bool:
        """Whether a space may have that page of an image mapped: it is the image's, and has no copy of its own."""
        space = self.spaces.items[index]
        if space.number == 0 or OWNER_OF_IMAGE + space.image != owner:
            return False
        return self.frames.find(index, page) == NOWHERE

    def evict(self, frame: u64) -> None:
        """Free a frame: its page is unmapped, and written to swap if it is nowhere else. If that fails it stays."""
        place = self.frames.places[frame]
        owner, page = u64(place.owner), u64(place.page)
        if owner >= OWNER_OF_IMAGE:
            for index in range(u64(SPACES)):
                if self.shows_shared(index, owner, page):
                    self.spaces.items[index].unmap(page)
        else:
            space = self.spaces.items[owner]
            if not place.is_dirty:
                place.is_dirty = space.stop_writing(page)
            space.unmap(page)
            if place.is_dirty and not self.page_out(space, owner, frame, page):
                return
        self.frames.give(frame)

    def page_out(self, space: Space, index: u64, frame: u64, page: u64) -> bool:
        """Write an unmapped page to swap; False if that fails: it stays, and is mapped again when it is touched."""
        try:
            slot = self.swap.slots.take(index, page)
        except NoFreePlace:
            return False
        try:
            space.mark(True, self.pool.mark)
            self.pool.read(frame, self.swap.page[:])
            self.swap.write(slot)
        except SwapFailed as error:
            print(f"memory: {error}")
            self.swap.is_broken = True
            self.swap.slots.give(slot)
            return False
        except NoMemory:
            self.swap.slots.give(slot)
            return False
        except Dead:  # the process has ended, and is about to be released
            self.swap.slots.give(slot)
            return True
        self.page_outs += 1
        return True

    def forget_slot(self, index: u64, slot: u64) -> None:
        """A page of a space is not in swap any more."""
        self.swap.slots.give(slot)
        if self.swap.slots.count_of(index) == 0:
            self.spaces.items[index].mark(False, self.pool.mark)

    # ---- the end ----

    def free_private(self, index: u64) -> None:
        """A space has ended: its own pages are nobody's."""
        self.frames.give_all(index)
        self.swap.slots.give_all(index)

    def leave_image(self, number: u64) -> None:
        """A space of that image has ended. An image in memory can be nobody else's."""
        self.images.leave(number)
        if self.images.items[number].is_private:
            self.free_image(number)

    def free_image(self, number: u64) -> None:
        """An idle image is forgotten."""
        self.frames.give_all(OWNER_OF_IMAGE + number)
        self.images.items[number].is_known = False


pager: Pager = Pager()


def is_kept(frame: u64) -> bool:
    """What the clock asks."""
    return pager.keeps(frame)
