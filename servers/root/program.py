"""A program as root sees it: a process, its first thread, and the regions of its address space.

A region's pages are taken when the program is loaded, so that a fault never finds too few. They are filled and mapped
when the program first touches one of them: what it does not use is not loaded.
"""

from atoll.abi import address_space, causes
from atoll.abi.address_space import PAGE_SIZE
from atoll.abi.calls import MAX_SEGMENT
from atoll.abi.objects import NO_HANDLE, Right
from atoll.abi.types import Array, Bytes, u8, u64
from atoll.servers.root import elf
from atoll.servers.root.arguments import pack_arguments
from atoll.servers.root.elf import BadImage, Segment
from atoll.userland.runtime.messages import Port, create_port
from atoll.userland.runtime.objects import Memory, Process, Thread, create_memory, create_process, duplicate

MAX_REGIONS = 12
OVERHEAD = 64  # pages of quota for the process itself: page tables, threads, handles
PRIORITY = 16

# ---- badges of the gates to root's port ----
ASKING = 1  # the program's own: it asks for something
FATE = 2  # the kernel's: faults, and the end

requests: Port = Port(NO_HANDLE)


def start() -> None:
    """Make the port that programs and the kernel find root at."""
    requests.handle = create_port().handle


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
    """The program that runs."""

    process: Process
    thread: Thread
    trace: Bytes  # the trace table in its file
    regions: Array[Region, MAX_REGIONS]
    region_count: u64

    def load(self, image: Bytes, line: Bytes) -> None:
        """Prepare a process from a program's file and its line in the manifest. Raises BadImage, NoMemory."""
        self.region_count = 0
        self.process.handle = NO_HANDLE
        self.thread.handle = NO_HANDLE
        elf.check_header(image)
        self.trace = elf.trace_table(image)
        self.add_segments(image)
        self.add_region(address_space.STACK, address_space.STACK_SIZE, Right.READ | Right.WRITE, image[0:0])
        self.add_arguments(line)
        self.make_process(elf.entry_point(image))

    def add_segments(self, image: Bytes) -> None:
        """What the file says, each segment a region."""
        segment = Segment()
        for index in range(elf.segment_count(image)):
            if elf.read_segment(image, index, segment):
                data = image[segment.offset : segment.offset + segment.file_size]
                self.add_region(segment.address, segment.memory_size, elf.rights_of(segment), data)

    def add_arguments(self, line: Bytes) -> None:
        """The page that a program finds its arguments in."""
        page: Array[u8, PAGE_SIZE] = Array()
        pack_arguments(line, page[:])
        self.add_region(address_space.ARGUMENTS, PAGE_SIZE, Right.READ, line[0:0])
        self.regions[self.region_count - 1].memory.write(0, page[:])

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

    def region_of(self, address: u64) -> Region | None:
        """The region that an address lies in."""
        for index in range(self.region_count):
            if self.regions[index].address <= address < self.regions[index].end():
                return self.regions[index]
        return None

    def make_process(self, entry: u64) -> None:
        """The process and its first thread, which finds a gate to us and a handle of its process (abi/programs.py)."""
        fate = requests.mint(FATE)
        try:
            self.process = create_process(OVERHEAD, fate, fate)
        finally:
            fate.close()
        gate = self.process.install(requests.mint(ASKING).handle)
        itself = self.process.install(duplicate(self.process.handle, Right.MANAGE | Right.DUPLICATE | Right.MOVE))
        self.thread = self.process.create_thread(entry, address_space.STACK_END, gate, itself, PRIORITY)

    def resume(self) -> None:
        """Let it run."""
        self.thread.resume()

    def free(self) -> None:
        """It has ended, or could not be loaded: give back all that was had for it."""
        for index in range(self.region_count):
            self.regions[index].memory.destroy()
        if self.thread.handle != NO_HANDLE:
            self.thread.close()
        if self.process.handle != NO_HANDLE:
            self.process.close()
        requests.revoke(ASKING)
