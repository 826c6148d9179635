"""Pages that a program has left on other nodes: which they are, and the gates to fetch them through.

One that has moved on has pages on several: for each of these *sources* we keep a set of pages.
"""

from atoll.abi.address_space import PAGE_SIZE, USER_END
from atoll.abi.objects import NO_HANDLE
from atoll.abi.types import Array, u64
from atoll.servers.memory.interface import PageSource, TooManySpaces, bit_of
from atoll.userland.runtime.objects import close

AWAY_SETS = 12  # at one time
NOT_AWAY = AWAY_SETS
WORDS = USER_END // PAGE_SIZE // 64


class Away:
    """One space's pages at one source: a bit for each page of an address space."""

    space: u64  # its number; 0: free
    node: u64  # where they are
    source: PageSource
    count: u64
    bits: Array[u64, WORDS]

    def begin(self, space: u64, node: u64, source: PageSource) -> None:
        """No page is away yet."""
        self.space, self.node, self.count = space, node, 0
        self.source = source
        for index in range(u64(WORDS)):
            self.bits[index] = 0

    def has(self, page: u64) -> bool:
        """Whether a page is away."""
        return page < WORDS * 64 and self.bits[page // 64] >> page % 64 & 1 != 0

    def add(self, page: u64) -> None:
        """It is."""
        if not self.has(page):
            self.bits[page // 64] = self.bits[page // 64] | u64(1) << page % 64
            self.count += 1

    def remove(self, page: u64) -> None:
        """It has come, or was written. With the last one the source is not needed any more."""
        self.bits[page // 64] = self.bits[page // 64] & ~(u64(1) << page % 64)
        self.count -= 1
        if self.count == 0:
            self.end()

    def end(self) -> None:
        """The source may forget them."""
        close(self.source.handle)
        self.source.handle = NO_HANDLE
        self.space = 0


class AwayPages:
    """All of them."""

    items: Array[Away, AWAY_SETS]

    def index_of(self, space: u64, page: u64) -> u64:
        """The set that a page is in; NOT_AWAY if it is here, or nowhere."""
        for index in range(u64(AWAY_SETS)):
            if self.items[index].space == space and self.items[index].has(page):
                return index
        return NOT_AWAY

    def has(self, space: u64, page: u64) -> bool:
        """Whether a page of a space is elsewhere."""
        return self.index_of(space, page) != NOT_AWAY

    def remove(self, space: u64, page: u64) -> None:
        """It is not any more."""
        index = self.index_of(space, page)
        if index != NOT_AWAY:
            self.items[index].remove(page)

    def open(self, space: u64, node: u64, source: PageSource) -> u64:
        """Another set of a space, still empty. Raises TooManySpaces."""
        for index in range(u64(AWAY_SETS)):
            if self.items[index].space == 0:
                self.items[index].begin(space, node, source)
                return index
        raise TooManySpaces("programs have pages on as many other nodes as there is room for")

    def close(self, space: u64) -> None:
        """The space is gone, or has moved on."""
        for item in self.items:
            if item.space == space:
                item.end()

    def of(self, space: u64) -> tuple[u64, u64]:
        """How many pages of a space are elsewhere, and on which nodes: a bit for each."""
        count, nodes = u64(0), u64(0)
        for item in self.items:
            if item.space == space:
                count += item.count
                nodes = nodes | bit_of(item.node)
        return count, nodes

    def is_empty(self) -> bool:
        """Whether all pages are here."""
        for item in self.items:
            if item.space != 0:
                return False
        return True
