"""A program as who starts it from an image in memory sees it: a process, its first thread, and the regions of its
address space.

A region's pages are taken when the program is loaded, so that a fault never finds too few. They are filled and mapped
by `load_all`, or when the program first touches one of them (`load_page`).
"""

from atoll.abi import address_space, causes
from atoll.abi.address_space import PAGE_SIZE
from atoll.abi.calls import MAX_SEGMENT
from atoll.abi.objects import NO_HANDLE, Right
from atoll.abi.startup import START_PAGES
from atoll.abi.types import Array, Bytes, u64
from atoll.userland.runtime.image import elf
from atoll.userland.runtime.image.elf import BadImage, Segment
from atoll.userland.runtime.messages import Gate
from atoll.userland.runtime.objects import Memory, Process, Thread, create_memory, create_process, duplicate

MAX_REGIONS = 12
OWN_RIGHTS = Right.MANAGE | Right.DUPLICATE | Right.MOVE  # what a program may do with its own process


class Region:
    """Pages side by side with the same rights."""

    address: u64
    pages: u64
    rights: u64
    memory: Memory
    is_loaded: bool

    # what the file has of it
    data: Bytes
    data_address: u64

    def end(self) -> u64:
        """The address behind it."""
        return self.address + self.pages * PAGE_SIZE

    def allows(self, cause: u64) -> bool:
        """Whether a page fault of that kind is no mistake here."""
        if cause == causes.FETCH_PAGE_FAULT:
            return self.rights & Right.EXECUTE != 0
        if cause == causes.STORE_PAGE_FAULT:
            return self.rights & Right.WRITE != 0
        return cause == causes.LOAD_PAGE_FAULT

    def load(self, process: Process) -> None:
        """Fill the pages and show them to the process."""
        done: u64 = 0
        while done < len(self.data):
            part = min(u64(len(self.data)) - done, MAX_SEGMENT)
            self.memory.write(self.data_address - self.address + done, self.data[done : done + part])
            done += part
        process.map(self.memory, 0, self.address, self.pages, self.rights)
        self.is_loaded = True


class Program:
    """One program, from its file to its end."""

    process: Process
    thread: Thread
    trace: Bytes  # the trace table in its file
    entry: u64  # address of its first instruction
    regions: Array[Region, MAX_REGIONS]
    region_count: u64

    # ---- its image ----

    def read_image(self, image: Bytes) -> None:
        """Take the pages that the program in this file needs. Raises BadImage, NoMemory: then `free` it."""
        self.region_count = 0
        self.process.handle = NO_HANDLE
        self.thread.handle = NO_HANDLE
        elf.check_header(image, u64(len(image)))
        self.trace = elf.trace_table(image)
        self.entry = elf.entry_point(image)
        segment = Segment()
        for index in range(elf.segment_count(image)):
            if elf.read_segment(image, index, segment, u64(len(image))):
                data = image[segment.offset : segment.offset + segment.file_size]
                self.add_region(segment.address, segment.memory_size, elf.rights_of(segment), data)
        self.add_region(address_space.STACK, address_space.STACK_SIZE, Right.READ | Right.WRITE, image[0:0])

    def add_start_page(self, page: Bytes) -> None:
        """What it was started with."""
        self.add_region(address_space.ARGUMENTS, u64(len(page)), Right.READ, page)

    def add_region(self, start: u64, size: u64, rights: u64, data: Bytes) -> None:
        """Take the pages for a range of addresses."""
        first = start // PAGE_SIZE * PAGE_SIZE
        pages = (start + size - first + PAGE_SIZE - 1) // PAGE_SIZE
        for index in range(self.region_count):
            if first < self.regions[index].end() and self.regions[index].address < first + pages * PAGE_SIZE:
                raise BadImage("two segments in one page")
        if self.region_count == MAX_REGIONS:
            raise BadImage("more segments than a program may have")
        region = self.regions[self.region_count]
        region.memory = create_memory(pages)
        self.region_count += 1
        region.address, region.pages, region.rights = first, pages, rights
        region.data, region.data_address = data, start
        region.is_loaded = False

    # ---- its process ----

    def create(self, quota: u64, pager: Gate | None, heir: Gate | None) -> None:
        """An empty process for it, into whose table handles can then be put."""
        self.process = create_process(quota, pager, heir)

    def create_thread(self, gate: u64, priority: u64) -> None:
        """Its first thread, stopped: its registers hold a gate, of its own table, and a handle of its process."""
        itself = self.process.install(duplicate(self.process.handle, OWN_RIGHTS))
        self.thread = self.process.create_thread(self.entry, address_space.STACK_END, gate, itself, priority)

    def load_all(self) -> None:
        """Fill and show all its pages: it will make no fault that is not a mistake."""
        for index in range(self.region_count):
            if not self.regions[index].is_loaded:
                self.regions[index].load(self.process)

    def load_page(self, cause: u64, address: u64) -> bool:
        """Give it what it misses; False if that access is a mistake."""
        for index in range(self.region_count):
            region = self.regions[index]
            if region.address <= address < region.end() and region.allows(cause):
                if not region.is_loaded:
                    region.load(self.process)
                return True
        return False

    def resume(self) -> None:
        """Let it run."""
        self.thread.resume()

    def free(self) -> None:
        """It has ended, or could not be loaded: give back all that was had for it."""
        for index in range(self.region_count):
            self.regions[index].memory.destroy()
        self.region_count = 0
        if self.thread.handle != NO_HANDLE:
            self.thread.close()
        if self.process.handle != NO_HANDLE:
            self.process.close()
        self.thread.handle = NO_HANDLE
        self.process.handle = NO_HANDLE


def pages_of(image: Bytes) -> u64:
    """How much memory a program in such a file takes before it asks for any. Raises BadImage."""
    elf.check_header(image, u64(len(image)))
    pages: u64 = address_space.STACK_SIZE // PAGE_SIZE + START_PAGES
    segment = Segment()
    for index in range(elf.segment_count(image)):
        if elf.read_segment(image, index, segment, u64(len(image))):
            pages += segment.memory_size // PAGE_SIZE + 2
    return pages
