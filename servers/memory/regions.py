"""Regions: what a program may touch, as its ELF file says, and its stack. Everything else is a mistake of its own."""

from atoll.abi import causes
from atoll.abi.address_space import PAGE_SIZE, STACK, STACK_END
from atoll.abi.objects import Right
from atoll.abi.types import Array, u64
from atoll.userland.runtime.image.elf import BadImage, Segment, rights_of

MAX_REGIONS = 12


class Region:
    """Pages side by side with the same rights. Those that the file has something of come from there; the others are
    zero at first.
    """

    first: u64  # page: address // PAGE_SIZE
    end: u64  # the page behind
    rights: u64

    # what the file has of it: addresses of the program, and where in the file the first is
    data: u64
    data_end: u64
    offset: u64

    def allows(self, access: u64) -> bool:
        """Whether that right is the program's here."""
        return self.rights & access != 0

    def has_data(self, page: u64) -> bool:
        """Whether the file has something of a page."""
        return max(self.data, page * PAGE_SIZE) < min(self.data_end, (page + 1) * PAGE_SIZE)

    def part_of(self, page: u64) -> tuple[u64, u64, u64]:
        """What the file has of a page: offset in the file, offset in the page, bytes."""
        first = max(self.data, page * PAGE_SIZE)
        last = min(self.data_end, (page + 1) * PAGE_SIZE)
        return self.offset + first - self.data, first - page * PAGE_SIZE, last - first


class Regions:
    """All regions of a program."""

    items: Array[Region, MAX_REGIONS]
    count: u64

    def start(self) -> None:
        """The stack only."""
        self.count = 0
        self.add(STACK // PAGE_SIZE, STACK_END // PAGE_SIZE, Right.READ | Right.WRITE)

    def add_segment(self, segment: Segment) -> None:
        """What a segment of the file says. Raises BadImage."""
        end = segment.address + segment.memory_size
        region = self.add(segment.address // PAGE_SIZE, (end + PAGE_SIZE - 1) // PAGE_SIZE, rights_of(segment))
        region.data = segment.address
        region.data_end = segment.address + segment.file_size
        region.offset = segment.offset

    def add(self, first: u64, end: u64, rights: u64) -> Region:
        """A region without data. Raises BadImage."""
        for index in range(self.count):
            if first < self.items[index].end and self.items[index].first < end:
                raise BadImage("two segments in one page")
        if self.count == MAX_REGIONS:
            raise BadImage("more segments than a program may have")
        region = self.items[self.count]
        self.count += 1
        region.first, region.end, region.rights = first, end, rights
        region.data, region.data_end, region.offset = 0, 0, 0
        return region

    def find(self, page: u64) -> Region | None:
        """The region that a page is in."""
        for index in range(self.count):
            if self.items[index].first <= page < self.items[index].end:
                return self.items[index]
        return None


def access_of(cause: u64) -> u64:
    """The right that a page fault is about; NONE for every other exception."""
    match cause:
        case causes.FETCH_PAGE_FAULT:
            return Right.EXECUTE
        case causes.LOAD_PAGE_FAULT:
            return Right.READ
        case causes.STORE_PAGE_FAULT:
            return Right.WRITE
    return Right.NONE
