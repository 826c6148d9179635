"""Writes a start page (layout: abi/startup.py) for a program that is to be started; startup.py reads it there."""

from atoll.abi.address_space import PAGE_SIZE
from atoll.abi.startup import START_ARGUMENTS, START_ENVIRONMENT, START_HANDLES, START_PAGES, START_RECORDS
from atoll.abi.types import Array, Bytes, Slice, Text, low8, u8, u64

START_BYTES = START_PAGES * PAGE_SIZE


class StartPageFull(Exception):
    """Arguments, environment and handles do not fit."""


class StartPage:
    """A start page that is being written: first all arguments, then the environment, then the handles."""

    data: Array[u8, START_BYTES]
    used: u64

    def clear(self) -> None:
        """Begin again."""
        for i in range(self.used):
            self.data[i] = 0
        self.used = START_RECORDS
        put_number(self.data[:], START_ARGUMENTS, 0)
        put_number(self.data[:], START_ENVIRONMENT, 0)
        put_number(self.data[:], START_HANDLES, 0)

    def contents(self) -> Bytes:
        """What has been written."""
        return self.data[0 : self.used]

    def add_argument(self, text: Bytes) -> None:
        """Another argument. Raises StartPageFull, as all that add do."""
        self.add_text(text)
        self.count(START_ARGUMENTS)

    def add_environment(self, entry: Bytes) -> None:
        """Another `NAME=value`."""
        self.add_text(entry)
        self.count(START_ENVIRONMENT)

    def add_handle(self, name: Text, handle: u64) -> None:
        """Another handle, which is one of the program's own table."""
        self.add_text(name.encode())
        self.add_number(handle)
        self.count(START_HANDLES)

    def add_text(self, text: Bytes) -> None:
        """Length and bytes, padded to a whole number."""
        size = u64(len(text))
        self.add_number(size)
        padded = (size + 7) // 8 * 8
        if self.used + padded > START_BYTES:
            raise StartPageFull("arguments, environment and handles do not fit into the start page")
        for i in range(size):
            self.data[self.used + i] = text[i]
        self.used += padded

    def add_number(self, number: u64) -> None:
        """64 bits."""
        if self.used + 8 > START_BYTES:
            raise StartPageFull("arguments, environment and handles do not fit into the start page")
        put_number(self.data[:], self.used, number)
        self.used += 8

    def count(self, place: u64) -> None:
        """One record more of a kind."""
        put_number(self.data[:], place, u64(self.data[place]) + (u64(self.data[place + 1]) << 8) + 1)


def put_number(page: Slice[u8], place: u64, number: u64) -> None:
    """64 bits, little-endian."""
    for i in range(8):
        page[place + i] = low8(number >> (8 * i))
