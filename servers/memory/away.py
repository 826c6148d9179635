"""Pages that a program has left on another node: which they are, and the gate to fetch them through."""

from atoll.abi.address_space import PAGE_SIZE, USER_END
from atoll.abi.objects import NO_HANDLE
from atoll.abi.types import Array, u64
from atoll.servers.memory.interface import PageSource, TooManySpaces
from atoll.userland.runtime.objects import close

AWAY_SPACES = 8  # at one time
NOT_AWAY = AWAY_SPACES
WORDS = USER_END // PAGE_SIZE // 64


class Away:
    """One space's: a bit for each page of an address space."""

    space: u64  # its number; 0: free
    source: PageSource
    count: u64
    bits: Array[u64, WORDS]

    def begin(self, space: u64, source: PageSource) -> None:
        """No page is away yet."""
        self.space, self.count = space, 0
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
        if not self.has(page):
            return
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
    """All spaces that have pages elsewhere."""

    items: Array[Away, AWAY_SPACES]

    def index_of(self, space: u64) -> u64:
        """The place of a space; NOT_AWAY if all of its pages are here."""
        for index in range(u64(AWAY_SPACES)):
            if self.items[index].space == space:
                return index
        return NOT_AWAY

    def has(self, space: u64, page: u64) -> bool:
        """Whether a page of a space is elsewhere."""
        index = self.index_of(space)
        return index != NOT_AWAY and self.items[index].has(page)

    def remove(self, space: u64, page: u64) -> None:
        """It is not any more."""
        index = self.index_of(space)
        if index != NOT_AWAY:
            self.items[index].remove(page)

    def open(self, space: u64, source: PageSource) -> None:
        """A space whose pages will come from there. Raises TooManySpaces."""
        index = self.index_of(space)
        if index != NOT_AWAY:
            self.items[index].end()
        index = self.index_of(0)
        if index == NOT_AWAY:
            raise TooManySpaces("as many programs have pages on other nodes as there is room for")
        self.items[index].begin(space, source)

    def close(self, space: u64) -> None:
        """The space is gone."""
        index = self.index_of(space)
        if space != 0 and index != NOT_AWAY:
            self.items[index].end()

    def is_empty(self) -> bool:
        """Whether all pages are here."""
        for away in self.items:
            if away.space != 0:
                return False
        return True
