"""The memory of a process on its way: all at once, in rounds while it runs, or only what it used last."""

from atoll.abi.address_space import PAGE_SIZE
from atoll.abi.objects import Transfer
from atoll.abi.raw import address_of, copy_memory, load64, size_of, store64, view
from atoll.abi.types import Array, Slice, u8, u64
from atoll.servers.memory.interface import (
    ACCESSED,
    AWAY_SHIFT,
    CARRIED_SIZE,
    LEAST_SURVEY,
    MOST_WRITTEN,
    PAGE_NUMBER,
    RUN_SHIFT,
    Carrying,
    PagesAway,
)
from atoll.servers.mover.capture import CapturedThread
from atoll.servers.mover.interface import Immovable, MigrationFailed, Mover
from atoll.userland.runtime.kernel_errors import KernelError
from atoll.userland.runtime.messages import Gate, Port
from atoll.userland.runtime.shared import SharedNumber

WORD = 8
LIST_SIZE = 65536  # bytes of a list of pages: 32 MiB of memory
# Pre-copying ends when a round has left no more than so many pages to be sent, or more than half of what the round
# before had left (the process writes as fast as we send), or after so many rounds. What is left is sent frozen.
FEW_PAGES = 8
MOST_ROUNDS = 8
WORKING_SET = 8  # pages that go at once by reference, of those used since the negotiation
IS_SENT = 1 << 36  # mark of a page in the list
MOST_RUNS = 1024  # in a message
MOST_PLACES = 16  # where pages are: here, and other nodes
SOURCE_BADGE = 1 << 32  # bit of the badges of gates through which pages are fetched; below is their space


class Pages:
    """What of one process's memory has been sent, and is to be."""

    space: u64
    carrying: Carrying
    peer: Mover
    id: u64
    node: u64  # our own
    sources: Port  # where pages are fetched that stay: the mover's own, which outlives it
    list: Array[u8, LIST_SIZE]
    count: u64  # pages in the list
    numbers: Array[u8, MOST_WRITTEN * WORD]
    contents: Array[u8, MOST_WRITTEN * PAGE_SIZE]
    carried: Array[u8, MOST_WRITTEN * CARRIED_SIZE]
    runs: Array[u8, MOST_RUNS * WORD]
    run_count: u64
    kept: u64  # pages that stay here

    # what it has cost
    sent: u64
    bytes: u64
    messages: u64

    def begin(self, space: u64, carrying: Carrying) -> None:
        """Another process."""
        self.space, self.carrying = space, carrying
        self.count, self.sent, self.bytes, self.messages, self.kept = 0, 0, 0, 0, 0

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
        self.send_numbers(count)

    def send_numbers(self, count: u64) -> None:
        """The pages in `numbers`."""
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

    def look_at(self, address: u64, into: Slice[u8]) -> None:
        """Some bytes of its memory, wherever that is. Raises ServiceError."""
        done: u64 = 0
        while done < len(into):
            place = (address + done) % PAGE_SIZE
            part = min(len(into) - done, PAGE_SIZE - place)
            store64(address_of(self.numbers), (address + done) // PAGE_SIZE)
            self.read(1)
            into[done : done + part] = self.contents[place : place + part]
            done += part

    def find_buffer(self, captured: CapturedThread) -> None:
        """Where the reply to a thread's call goes. Raises ServiceError: that is on a node that is gone."""
        captured.buffer, captured.buffer_size = 0, 0
        if captured.transfer != 0:
            transfer = Transfer()
            self.look_at(captured.transfer, view(address_of(transfer), size_of(Transfer)))
            captured.buffer, captured.buffer_size = transfer.buffer_address, transfer.buffer_size

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

    # ---- by reference ----

    def leave_behind(self) -> u64:
        """What it used last goes, the destination is told of the rest; how many pages that is."""
        self.survey()
        used = self.send_used()
        places: u64 = 0
        for number in range(self.count):
            places = places | u64(1) << (self.page_at(number) >> AWAY_SHIFT)
        for place in range(u64(MOST_PLACES)):
            if places >> place & 1 != 0:
                self.announce(place)
        return self.count - used

    def send_used(self) -> u64:
        """Send the pages of the working set that are here, as the survey has it; how many."""
        used: u64 = 0
        for number in range(self.count):
            page = self.page_at(number)
            if page & ACCESSED != 0 and page >> AWAY_SHIFT == 0 and used < WORKING_SET:
                store64(address_of(self.numbers) + used * WORD, page & PAGE_NUMBER)
                store64(address_of(self.list) + number * WORD, page | IS_SENT)
                used += 1
        if used > 0:
            self.send_numbers(used)
        return used

    def announce(self, place: u64) -> None:
        """Which pages of the list stay here (0), or where they were left before, until they are touched."""
        node, handle = self.source_at(place)
        source = Gate(handle)
        try:
            number = self.peer.set_source(self.id, node, source)
        except KernelError:
            source.close()
            raise
        self.messages += 1
        self.run_count = 0
        for index in range(self.count):
            page = self.page_at(index)
            if page >> AWAY_SHIFT == place and page & IS_SENT == 0:
                self.add_to_runs(page & PAGE_NUMBER, number)
                self.kept += u64(place == 0)
        self.flush_runs(number)

    def source_at(self, place: u64) -> tuple[u64, u64]:
        """A node, and a gate through which the destination fetches from there."""
        if place == 0:
            return self.node, self.sources.mint(SOURCE_BADGE | self.space, True).handle
        return self.carrying.source(self.space, place - 1)

    def add_to_runs(self, page: u64, number: u64) -> None:
        """One more page of that source; they come in order."""
        if self.run_count > 0:
            last = address_of(self.runs) + (self.run_count - 1) * WORD
            run = load64(last)
            if (run & PAGE_NUMBER) + (run >> RUN_SHIFT) + 1 == page:
                store64(last, run + (1 << RUN_SHIFT))
                return
        if self.run_count == MOST_RUNS:
            self.flush_runs(number)
        store64(address_of(self.runs) + self.run_count * WORD, page)
        self.run_count += 1

    def flush_runs(self, number: u64) -> None:
        """Tell the destination."""
        if self.run_count == 0:
            return
        self.peer.expect(self.id, number, self.runs[0 : self.run_count * WORD])
        self.messages += 1
        self.bytes += self.run_count * WORD
        self.run_count = 0
