"""Images that other nodes bring: a memory object that is filled piece by piece, in any order, each piece whole pages.

What has come is kept page by page, so that a program with a hole in its image is refused and never runs.
"""

from atoll.abi.address_space import PAGE_SIZE
from atoll.abi.objects import NO_HANDLE, Right
from atoll.abi.types import Array, Bytes, Text, u64
from atoll.servers.files.interface import File
from atoll.servers.memory.interface import BadImage, MemoryManager
from atoll.servers.programs.interface import MAX_IMAGE, BadRequest, NotExecutable, OutOfMemory
from atoll.servers.programs.table import SLASH, UNUSED, Entry, Table
from atoll.userland.runtime.interface import Handle
from atoll.userland.runtime.kernel_errors import KernelError
from atoll.userland.runtime.objects import Memory, create_memory, duplicate

MOST_PAGES = 4096  # of all images that were brought: half of our quota
WORD = 64  # pages that one number of the map tells of
WORDS = MAX_IMAGE // PAGE_SIZE // WORD
FOR_PAGER = Right.READ | Right.DUPLICATE | Right.MOVE
FILE_RIGHTS = Right.SEND | Right.DUPLICATE | Right.MOVE


class Loading:
    """What has come of one image."""

    size: u64  # bytes of the image; 0: the program's image is a file of this node
    missing: u64  # pages
    come: Array[u64, WORDS]  # a bit for each page

    def begin(self, size: u64) -> None:
        """Nothing yet."""
        self.size = size
        self.missing = pages_of(size)
        for index in range(WORDS):
            self.come[index] = 0

    def check_piece(self, offset: u64, size: u64) -> None:
        """Raises BadRequest."""
        if self.size == 0:
            raise BadRequest("the program's image is a file")
        if offset > self.size or size > self.size - offset:
            raise BadRequest(f"a piece that ends behind the image's {self.size} bytes")
        ends_page = size % PAGE_SIZE == 0 or offset + size == self.size
        if size == 0 or offset % PAGE_SIZE != 0 or not ends_page:
            raise BadRequest(f"a piece of an image is whole pages of {PAGE_SIZE} bytes")

    def note(self, offset: u64, size: u64) -> None:
        """A piece has come, perhaps once more."""
        for page in range(offset // PAGE_SIZE, pages_of(offset + size)):
            bit = u64(1) << page % WORD
            if self.come[page // WORD] & bit == 0:
                self.come[page // WORD] |= bit
                self.missing -= 1

    def check_complete(self) -> None:
        """Raises BadRequest."""
        if self.missing > 0:
            raise BadRequest(f"the image has holes: {self.missing} pages have not come")


def pages_of(size: u64) -> u64:
    """How many pages so many bytes need."""
    return (size + PAGE_SIZE - 1) // PAGE_SIZE


def make_content(programs: Table, size: u64) -> Memory:
    """Room for an image. Raises BadRequest, NotExecutable, OutOfMemory."""
    if size == 0:
        raise NotExecutable("an empty file")
    if size > MAX_IMAGE:
        raise BadRequest(f"an image of {size} bytes: other nodes take at most {MAX_IMAGE >> 20} MiB")
    used = pages_of(size)
    for entry in programs.entries:
        if entry.state != UNUSED and entry.content.handle != NO_HANDLE:
            used += pages_of(entry.content_size)
    if used > MOST_PAGES:
        raise OutOfMemory("the room for images from other nodes is used up")
    try:
        return create_memory(pages_of(size))
    except KernelError as error:
        raise OutOfMemory(f"no room for the image: {error}") from None


def put(entry: Entry, loading: Loading, offset: u64, data: Bytes) -> bool:
    """A piece of an image; whether it is complete now, and was not before. Raises BadRequest."""
    loading.check_piece(offset, u64(len(data)))
    was_complete = loading.missing == 0
    if was_complete:
        raise BadRequest("the image is complete already")
    entry.content.write(offset, data)
    loading.note(offset, u64(len(data)))
    return loading.missing == 0


def prepare_space(entry: Entry, memory: MemoryManager) -> tuple[u64, u64, Handle]:
    """A space at the memory manager for a program's image, wherever that is. Raises NotExecutable."""
    try:
        if entry.content.handle != NO_HANDLE:
            content = Memory(duplicate(entry.content.handle, FOR_PAGER))
            return memory.prepare_memory(content, entry.content_size)
        return memory.prepare(File(duplicate(entry.image.handle, FILE_RIGHTS)))
    except BadImage as error:
        raise NotExecutable(f"{error}") from None


def prepare_space_again(entry: Entry, memory: MemoryManager) -> None:
    """The same after the memory manager's death. Raises what `MemoryManager.prepare_again` raises."""
    if entry.content.handle != NO_HANDLE:
        content = Memory(duplicate(entry.content.handle, FOR_PAGER))
        memory.prepare_memory_again(entry.space, content, entry.content_size)
    else:
        memory.prepare_again(entry.space, File(duplicate(entry.image.handle, FILE_RIGHTS)))


def last_part(path: Text) -> Text:
    """A path's last name. Raises BadRequest: there is none."""
    start: u64 = 0
    data = path.encode()
    for i in range(u64(len(data))):
        if data[i] == SLASH:
            start = i + 1
    if start == len(path):
        raise BadRequest("a program needs a name")
    return path[start : len(path)]
