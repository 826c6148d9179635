"""The memory of a process on its way: all at once, in rounds while it runs, or only what it used last."""

from atoll.abi.address_space import PAGE_SIZE
from atoll.abi.raw import address_of, copy_memory, load64, store64
from atoll.abi.types import Array, u8, u64
from atoll.servers.memory.interface import (
    ACCESSED,
    CARRIED_SIZE,
    LEAST_SURVEY,
    MOST_WRITTEN,
    PAGE_NUMBER,
    Carrying,
    PagesAway,
    PageSource,
)
from atoll.servers.mover.interface import Immovable, MigrationFailed, Mover
from atoll.userland.runtime.messages import Port
from atoll.userland.runtime.shared import SharedNumber

WORD = 8
LIST_SIZE = 65536  # bytes of a list of pages: 32 MiB of memory
# Pre-copying ends when a round has left no more than so many pages to be sent, or more than half of what the round
# before had left (the process writes as fast as we send), or after so many rounds. What is left is sent frozen.
FEW_PAGES = 8
MOST_ROUNDS = 8
WORKING_SET = 8  # pages that go at once by reference, of those used since the negotiation


class Pages:
    """What of one process's memory has been sent, and is to be."""

    space: u64
    carrying: Carrying
    peer: Mover
    id: u64
    sources: Port  # where pages are fetched that stay: the badge is their space
    list: Array[u8, LIST_SIZE]
    count: u64  # pages in the list
    numbers: Array[u8, MOST_WRITTEN * WORD]
    contents: Array[u8, MOST_WRITTEN * PAGE_SIZE]
    carried: Array[u8, MOST_WRITTEN * CARRIED_SIZE]

    # what it has cost
    sent: u64
    bytes: u64
    messages: u64

    def begin(self, space: u64, carrying: Carrying) -> None:
        """Another process."""
        self.space, self.carrying = space, carrying
        self.count, self.sent, self.bytes, self.messages = 0, 0, 0, 0

    def page_at(self, number: u64) -> u64:
        """A page of the list, with its marks."""
        return load64(address_of(self.list) + number * WORD)

    def survey(self, only_written: bool = False) -> u64:
        """List the pages that are not zero, or those written since the last survey; how many. Raises Immovable."""
        self.count = 0
        first: u64 = 0
        while True:
            room = self.list[self.count * WORD : LIST_SIZE]
            if len(room) < LEAST_SURVEY:
                raise Immovable("it has more memory than can be moved")
            if only_written:
                size, first = self.carrying.survey_written(self.space, first, room)
            else:
                size, first = self.carrying.survey(self.space, first, room)
            self.count += size // WORD
            if first == 0:
                return self.count

    # ---- sending ----

    def send_listed(self) -> None:
        """All pages of the list, a message full at a time."""
        done: u64 = 0
        while done < self.count:
            part = min(self.count - done, u64(MOST_WRITTEN))
            self.send_part(done, part)
            done += part

    def send_part(self, first: u64, count: u64) -> None:
        """Some pages of the list."""
        for number in range(count):
            store64(address_of(self.numbers) + number * WORD, self.page_at(first + number) & PAGE_NUMBER)
        self.read(count)
        for number in range(count):
            place = address_of(self.carried) + number * CARRIED_SIZE
            store64(place, load64(address_of(self.numbers) + number * WORD))
            copy_memory(place + WORD, address_of(self.contents) + number * PAGE_SIZE, PAGE_SIZE)
        self.peer.image(self.id, self.carried[0 : count * CARRIED_SIZE])
        self.messages += 1
        self.sent += count
        self.bytes += count * CARRIED_SIZE

    def read(self, count: u64) -> None:
        """The contents of the pages in `numbers`; those that it left on a third node are fetched first."""
        wanted = self.numbers[0 : count * WORD]
        try:
            self.carrying.read_pages(self.space, wanted, self.contents[:])
        except PagesAway:
            for number in range(count):
                self.carrying.bring(self.space, load64(address_of(self.numbers) + number * WORD))
            self.carrying.read_pages(self.space, wanted, self.contents[:])

    def send_all(self) -> None:
        """Copy: the process is frozen."""
        self.survey()
        self.send_listed()

    def send_rounds(self, is_cancelled: SharedNumber) -> u64:
        """Pre-copy: the process runs; how many rounds."""
        self.survey()
        last, rounds = self.count, u64(0)
        while True:
            self.send_listed()
            rounds += 1
            if is_cancelled.read() != 0:
                raise MigrationFailed("it was cancelled")
            self.survey(True)
            if self.count <= FEW_PAGES or self.count > last // 2 or rounds == MOST_ROUNDS:
                return rounds
            last = self.count

    def send_written(self) -> None:
        """What the last round has left, and what came since then: the process is frozen."""
        left = self.count
        self.send_listed()
        self.survey(True)
        if self.count > 0 or left > 0:
            self.send_listed()

    def leave_behind(self) -> u64:
        """By reference: what it used last goes, the destination is told of the rest; how many pages that is."""
        self.survey()
        used: u64 = 0
        for number in range(self.count):
            page = self.page_at(number)
            if page & ACCESSED != 0 and used < WORKING_SET:
                store64(address_of(self.list) + number * WORD, self.page_at(used))
                store64(address_of(self.list) + used * WORD, page)
                used += 1
        all_pages = self.count
        self.count = used
        self.send_listed()
        self.announce(used, all_pages)
        return all_pages - used

    def announce(self, first: u64, end: u64) -> None:
        """Which pages of the list stay here until they are touched."""
        if first == end:
            return
        self.peer.set_source(self.id, PageSource(self.sources.mint(self.space, True).handle))
        for number in range(first, end):
            store64(address_of(self.list) + number * WORD, self.page_at(number) & PAGE_NUMBER)
        self.peer.expect(self.id, self.list[first * WORD : end * WORD])
        self.messages += 2
        self.bytes += (end - first) * WORD
