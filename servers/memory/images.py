"""Images: the program files that spaces run, each once: its regions, and the gate to read it through.

The pages read of an image are its own and shown to all its spaces. They stay when its last space has gone, until the
frames are wanted: a program that is started again is read from memory. The file itself is not kept open for that.
An image may also be in a memory object, brought from another node: then it is one space's, and goes with it.
"""

from atoll.abi.address_space import PAGE_SIZE
from atoll.abi.objects import NO_HANDLE
from atoll.abi.types import Array, Slice, u8, u64
from atoll.servers.files.interface import File, FileInfo
from atoll.servers.memory.interface import BadImage, TooManySpaces
from atoll.servers.memory.regions import Region, Regions
from atoll.userland.runtime.image import elf
from atoll.userland.runtime.interface import ServiceError
from atoll.userland.runtime.kernel_errors import KernelError
from atoll.userland.runtime.objects import Memory, close

IMAGES = 64  # as many as there are spaces: each may run an image of its own
NO_IMAGE = IMAGES


class Image:
    """One file."""

    # which file it is; another size or time of change is another image
    inode: u64
    size: u64  # bytes
    changed: u64

    is_known: bool
    is_private: bool  # one space's: it is in a memory object, or nowhere
    is_carried: bool  # nowhere: its pages were brought from another node
    users: u64  # spaces
    last_used: u64  # counts uses of all images
    file: File  # open while there are users
    memory: Memory  # instead of the file, of an image that `is_private`
    regions: Regions
    entry: u64
    trace_offset: u64
    trace_size: u64

    def is_of(self, info: FileInfo) -> bool:
        """Whether it is of that file, as it is now."""
        same_file = self.is_known and not self.is_private and self.inode == info.inode
        return same_file and self.size == info.size and self.changed == info.changed

    def begin(self, info: FileInfo) -> None:
        """It is that file's, and nothing is known of it yet."""
        self.is_known, self.is_private, self.is_carried = False, False, False
        self.inode, self.size, self.changed = info.inode, info.size, info.changed

    def begin_private(self, size: u64) -> None:
        """It is in a memory object, and nothing is known of it yet."""
        self.is_known, self.is_private, self.is_carried = False, True, False
        self.inode, self.size, self.changed = 0, size, 0

    def begin_carried(self) -> None:
        """It is nowhere; its regions are told."""
        self.begin_private(0)
        self.is_known, self.is_carried = True, True
        self.entry, self.trace_offset, self.trace_size = 0, 0, 0
        self.regions.count = 0

    def read(self, offset: u64, into: Slice[u8]) -> u64:
        """Read of what it is in; how many bytes. Raises BadImage."""
        if self.is_private:
            return read_memory(self.memory, self.size, offset, into)
        return read_file(self.file, offset, into)

    def read_headers(self, header: Slice[u8]) -> None:
        """What the file says of itself, in what it begins with. Raises BadImage."""
        try:
            elf.check_header(header, self.size)
            self.entry = elf.entry_point(header)
            self.trace_offset, self.trace_size = elf.find_trace(header)
            self.regions.start()
            segment = elf.Segment()
            for index in range(elf.segment_count(header)):
                if elf.read_segment(header, index, segment, self.size):
                    self.regions.add_segment(segment)
        except elf.BadImage as error:
            raise BadImage(f"{error}") from None
        self.is_known = True

    def read_page(self, region: Region, page: u64, into: Slice[u8]) -> None:
        """A page of a region: what the file has of it, zeros around that. Raises BadImage if the file is shorter."""
        offset, start, size = region.part_of(page)
        for i in range(start):
            into[i] = 0
        for i in range(start + size, u64(PAGE_SIZE)):
            into[i] = 0
        done: u64 = 0
        while done < size:
            part = self.read(offset + done, into[start + done : start + size])
            if part == 0:
                raise BadImage("its file has become shorter")
            done += part


class Images:
    """All of them."""

    items: Array[Image, IMAGES]
    uses: u64

    def find(self, info: FileInfo) -> u64:
        """The image of a file; NO_IMAGE if it is not known."""
        for index in range(u64(IMAGES)):
            if self.items[index].is_of(info):
                return index
        return NO_IMAGE

    def place_for_another(self) -> u64:
        """A place that no space needs, the one that has been idle longest. Raises TooManySpaces."""
        best: u64 = NO_IMAGE
        for index in range(u64(IMAGES)):
            if self.items[index].users == 0 and (best == NO_IMAGE or self.age(index) < self.age(best)):
                best = index
        if best == NO_IMAGE:
            raise TooManySpaces("as many different programs run as there is room for")
        return best

    def age(self, index: u64) -> u64:
        """The smaller, the longer it was not used."""
        return self.items[index].last_used if self.items[index].is_known else 0

    def join(self, index: u64, file: File) -> None:
        """Another space runs this image; the gate is ours."""
        image = self.items[index]
        if image.users == 0:
            image.file = file
        else:
            close(file.handle)
        self.use(image)

    def join_private(self, index: u64, memory: Memory) -> None:
        """The one space that runs an image in memory, or nowhere; the handle is ours."""
        self.items[index].memory = memory
        self.use(self.items[index])

    def use(self, image: Image) -> None:
        """Another space."""
        self.uses += 1
        image.last_used = self.uses
        image.users += 1

    def leave(self, index: u64) -> None:
        """A space of this image has gone."""
        image = self.items[index]
        image.users -= 1
        if image.users > 0:
            return
        if image.is_private:
            if image.memory.handle != NO_HANDLE:
                image.memory.close()
            image.memory.handle = NO_HANDLE
        else:
            close(image.file.handle)
            image.file.handle = NO_HANDLE


def read_file(file: File, offset: u64, into: Slice[u8]) -> u64:
    """Read from a file; how many bytes. Raises BadImage if that fails, for whatever reason."""
    try:
        return file.read_at(offset, into)
    except (ServiceError, KernelError) as error:
        raise BadImage(f"its file cannot be read: {error}") from None


def read_memory(memory: Memory, size: u64, offset: u64, into: Slice[u8]) -> u64:
    """Read from the first `size` bytes of a memory object; how many bytes. Raises BadImage."""
    wanted = min(u64(len(into)), size - min(offset, size))
    try:
        memory.read(offset, into[0:wanted])
    except KernelError as error:
        raise BadImage(f"its image cannot be read: {error}") from None
    return wanted


def read_info_of(file: File) -> FileInfo:
    """Which file it is. Raises BadImage."""
    try:
        return file.info()
    except (ServiceError, KernelError) as error:
        raise BadImage(f"its file cannot be read: {error}") from None
