"""A server's state on its way to the server that takes its place (layout: abi/control.py).

What is written in a certain order is read in the same order. Handles that can be duplicated are; a port and a reply
are held once, so they move, at the commit: the reader is told where to put their values then.
"""

from atoll.abi.address_space import PAGE_SIZE, STATE_WINDOW
from atoll.abi.control import (
    MAX_STATE,
    MOST_COPIED,
    MOST_MOVED,
    STATE_BYTES,
    STATE_COPIED,
    STATE_COPIED_HANDLES,
    STATE_DATA,
    STATE_MOVED,
    STATE_MOVED_HANDLES,
)
from atoll.abi.objects import NO_HANDLE, Info, Right
from atoll.abi.raw import address_of, copy_memory, load64, store64, view
from atoll.abi.types import Array, Bytes, Slice, Text, u8, u64
from atoll.userland.runtime.kernel_errors import KernelError
from atoll.userland.runtime.objects import Memory, Process, close, create_memory, duplicate, read_info


class StateRefused(Exception):
    """The state cannot be handed over, or not be taken: the text says why. The old server goes on."""


class StateWriter:
    """The old server's side."""

    memory: Memory
    pages: u64
    used: u64  # bytes of the server's own

    def begin(self, process: Process, size: u64) -> None:
        """Room for that many bytes of the server's own, mapped into `process`, which is the server's."""
        self.pages = (STATE_DATA + min(size, MAX_STATE) + PAGE_SIZE - 1) // PAGE_SIZE
        self.memory = create_memory(self.pages)
        self.used = 0
        process.map(self.memory, 0, STATE_WINDOW, self.pages, Right.READ | Right.WRITE)

    def finish(self, process: Process) -> u64:
        """All is written: how many bytes."""
        store64(STATE_WINDOW + STATE_BYTES, self.used)
        process.unmap(STATE_WINDOW, self.pages)
        return STATE_DATA + self.used

    def discard(self, process: Process) -> None:
        """It is not wanted: duplicates and memory are given back."""
        for i in range(load64(STATE_WINDOW + STATE_COPIED)):
            close(load64(STATE_WINDOW + STATE_COPIED_HANDLES + 8 * i))
        process.unmap(STATE_WINDOW, self.pages)
        self.memory.destroy()

    def number(self, value: u64) -> None:
        """64 bits."""
        store64(self.room(8), value)

    def data(self, data: Bytes) -> None:
        """Length and bytes; a multiple of 8 is used."""
        self.number(u64(len(data)))
        place = self.room((u64(len(data)) + 7) // 8 * 8)
        copy_memory(place, address_of(data), u64(len(data)))

    def text(self, text: Text) -> None:
        """As bytes."""
        self.data(text.encode())

    def copied(self, handle: u64) -> None:
        """A duplicate of a handle (not of a port or reply); NO_HANDLE is allowed."""
        count = load64(STATE_WINDOW + STATE_COPIED)
        if handle == NO_HANDLE:
            self.number(MOST_COPIED)
            return
        if count == MOST_COPIED:
            raise StateRefused("more handles than a state has room for")
        store64(STATE_WINDOW + STATE_COPIED_HANDLES + 8 * count, full_duplicate(handle))
        store64(STATE_WINDOW + STATE_COPIED, count + 1)
        self.number(count)

    def moved(self, handle: u64) -> None:
        """A port or a reply, which moves at the commit; NO_HANDLE is allowed."""
        count = load64(STATE_WINDOW + STATE_MOVED)
        if handle == NO_HANDLE:
            self.number(MOST_MOVED)
            return
        if count == MOST_MOVED:
            raise StateRefused("more ports and waiting callers than can move at once")
        store64(STATE_WINDOW + STATE_MOVED_HANDLES + 8 * count, handle)
        store64(STATE_WINDOW + STATE_MOVED, count + 1)
        self.number(count)

    def room(self, size: u64) -> u64:
        """The address of the next bytes."""
        if STATE_DATA + self.used + size > self.pages * PAGE_SIZE:
            raise StateRefused("the state is larger than the server said")
        place = STATE_WINDOW + STATE_DATA + self.used
        self.used += size
        return place


def full_duplicate(handle: u64) -> u64:
    """Another handle with the same rights."""
    info = Info()
    read_info(handle, info)
    try:
        return duplicate(handle, info.rights)
    except KernelError as error:
        raise StateRefused(f"a handle of kind {info.kind} cannot be duplicated: {error}") from None


class StateReader:
    """The new server's side."""

    memory: Memory
    pages: u64
    used: u64
    claims: Array[u64, MOST_MOVED]  # addresses where the values of moved handles go

    def begin(self, process: Process, memory: Memory, size: u64) -> None:
        """Map the state."""
        self.memory = memory
        self.pages = (size + PAGE_SIZE - 1) // PAGE_SIZE
        self.used = 0
        for i in range(MOST_MOVED):
            self.claims[i] = 0
        process.map(memory, 0, STATE_WINDOW, self.pages, Right.READ)

    def finish(self, process: Process) -> None:
        """All is read."""
        process.unmap(STATE_WINDOW, self.pages)
        self.memory.close()

    def number(self) -> u64:
        """64 bits."""
        place = self.place(8)
        return load64(place)

    def data(self, into: Slice[u8]) -> u64:
        """Bytes into a buffer; how many."""
        size = self.number()
        if size > len(into):
            raise StateRefused(f"{size} bytes of state do not fit into {len(into)}")
        copy_memory(address_of(into), self.place((size + 7) // 8 * 8), size)
        return size

    def structure(self, address: u64, size: u64) -> None:
        """Bytes to an address, exactly as many as were written."""
        if self.data(view(address, size)) != size:
            raise StateRefused("a structure of another size")

    def copied(self) -> u64:
        """A handle of which the old server has the original."""
        index = self.number()
        return NO_HANDLE if index == MOST_COPIED else load64(STATE_WINDOW + STATE_COPIED_HANDLES + 8 * index)

    def moved(self, address: u64) -> None:
        """The handle that will be stored at that address when all have moved; NO_HANDLE until then."""
        index = self.number()
        store64(address, NO_HANDLE)
        if index < MOST_MOVED:
            self.claims[index] = address

    def place(self, size: u64) -> u64:
        """The address of the next bytes."""
        if STATE_DATA + self.used + size > self.pages * PAGE_SIZE:
            raise StateRefused("the state is shorter than this version expects")
        place = STATE_WINDOW + STATE_DATA + self.used
        self.used += size
        return place
