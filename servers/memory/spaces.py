"""Spaces: the address spaces that we page, one for each program. A space's number is the badge of its pager gate."""

from atoll.abi.address_space import ARGUMENTS, IMAGE, PAGE_SIZE, USER_END
from atoll.abi.objects import NO_HANDLE, Info, Right
from atoll.abi.types import Array, u8, u64
from atoll.servers.memory.interface import MemoryFull, NoSuchSpace, TooManySpaces
from atoll.userland.runtime.kernel_calls import clock
from atoll.userland.runtime.kernel_errors import InUse, KernelError, NoMemory, NoRight
from atoll.userland.runtime.objects import Memory, Process, close, read_info

SPACES = 64
NO_SPACE = SPACES
# Mapped while some page of the space is in swap: a successor of this server, which knows nothing of swap, sees it.
SWAP_MARK = ARGUMENTS - (1 << 20)


class Space:
    """One program's address space."""

    number: u64  # 0: free
    image: u64
    process: Process  # NO_HANDLE until it is adopted
    is_inherited: bool  # it was an earlier server's: what is mapped there we do not know
    is_marked: bool
    is_held: bool  # nothing of it is paged out
    is_unwanted: bool  # nobody fetches its pages: it need not be retained
    is_retained: bool  # its process has moved away: what it left stays until it is released
    faults: u64

    def has_page(self, page: u64) -> bool:
        """Whether something is mapped there."""
        byte: Array[u8, 1] = Array()
        try:
            self.process.read(page * PAGE_SIZE, byte[:])
        except KernelError:
            return False
        return True

    def let_write(self, page: u64) -> bool:
        """Let the process write a page that it has mapped; False if that was mapped for reading only."""
        try:
            self.process.protect(page * PAGE_SIZE, 1, Right.READ | Right.WRITE)
        except NoRight:
            return False
        return True

    def stop_writing(self, page: u64) -> bool:
        """From now on the page is not written; whether it was, since that was last cleared."""
        try:
            self.process.protect(page * PAGE_SIZE, 1, Right.READ)
        except KernelError:
            return False
        _, written = self.touched(page, False)
        return written

    def unmap(self, page: u64) -> None:
        """Show the page no more. A process that has ended shows nothing."""
        try:
            self.process.unmap(page * PAGE_SIZE, 1)
        except KernelError:
            return

    def unmap_all(self) -> None:
        """Show nothing at all any more."""
        if self.process.handle == NO_HANDLE:
            return
        try:
            self.process.unmap(IMAGE, (USER_END - IMAGE) // PAGE_SIZE)
        except KernelError:
            return

    def retain(self) -> None:
        """Its pages stay without its process."""
        self.is_retained = True
        self.unmap_all()
        if self.process.handle != NO_HANDLE:
            close(self.process.handle)
            self.process.handle = NO_HANDLE

    def touched(self, page: u64, clear: bool) -> tuple[bool, bool]:
        """Whether the page was accessed, and written, since that was last cleared."""
        try:
            accessed, written = self.process.touched(page * PAGE_SIZE, 1, clear)
        except KernelError:
            return False, False
        return accessed != 0, written != 0

    def mark(self, is_swapping: bool, zeros: Memory) -> None:
        """Show, or show no more, that pages of it are in swap. Raises NoMemory: the process's quota is used up."""
        if is_swapping and not self.is_marked:
            self.process.map(zeros, 0, SWAP_MARK, 1, Right.READ)
        elif self.is_marked and not is_swapping:
            self.unmap(SWAP_MARK // PAGE_SIZE)
        self.is_marked = is_swapping


class Spaces:
    """All of them: number % SPACES is the index, unless that was taken when an earlier server's space came back."""

    items: Array[Space, SPACES]
    next_serial: u64  # begins with the time, so that a successor does not give numbers again that are in use
    count: u64

    def find(self, number: u64) -> u64:
        """The index of a space; NO_SPACE if no space has that number."""
        index = number % SPACES
        if number == 0 or self.items[index].number == number:
            return index if number != 0 else NO_SPACE
        for other in range(u64(SPACES)):
            if self.items[other].number == number:
                return other
        return NO_SPACE

    def index_of(self, number: u64) -> u64:
        """As `find`. Raises NoSuchSpace."""
        index = self.find(number)
        if index == NO_SPACE:
            raise NoSuchSpace("no space has that number")
        return index

    def new_number(self) -> u64:
        """A number that no space has or ever had. Raises TooManySpaces."""
        if self.next_serial == 0:
            self.next_serial = clock() + 1
        for index in range(u64(SPACES)):
            if self.items[index].number == 0:
                self.next_serial += 1
                return self.next_serial * SPACES + index
        raise TooManySpaces("as many programs run as there is room for")

    def open(self, number: u64, image: u64) -> Space:
        """The space of that number begins. Raises TooManySpaces."""
        if number == 0 or self.find(number) != NO_SPACE:
            raise TooManySpaces("that number is taken")
        space = self.items[self.place_for(number)]
        space.number, space.image = number, image
        space.process.handle = NO_HANDLE
        space.is_inherited, space.is_marked, space.faults = False, False, 0
        space.is_held, space.is_retained, space.is_unwanted = False, False, False
        self.count += 1
        return space

    def place_for(self, number: u64) -> u64:
        """A free place, that of the number if possible. Raises TooManySpaces."""
        if self.items[number % SPACES].number == 0:
            return number % SPACES
        for index in range(u64(SPACES)):
            if self.items[index].number == 0:
                return index
        raise TooManySpaces("as many programs run as there is room for")

    def close(self, index: u64) -> None:
        """The space ends."""
        self.items[index].number = 0
        self.count -= 1


def show_all(process: Process, memory: Memory, address: u64) -> None:
    """Map a whole memory object with the rights of its handle; what may be written may not be executed."""
    if process.handle == NO_HANDLE:
        raise NoSuchSpace("the space has no process yet")
    info = Info()
    read_info(memory.handle, info)
    other = Right.WRITE if info.rights & Right.WRITE != 0 else Right.EXECUTE
    try:
        process.map(memory, 0, address, info.words[0], info.rights & (Right.READ | other))
    except InUse:
        return  # an earlier server has mapped it
    except NoMemory:
        raise MemoryFull("the process's quota has no room for another mapping") from None
    except KernelError as error:
        raise NoSuchSpace(f"it cannot be mapped there: {error}") from None
