"""The counter service: counts for its clients, and hands its counters on when it is replaced while it runs."""

from atoll.abi.types import Array, Text, u8, u64
from atoll.servers.counter.interface import Counter, CountersFull
from atoll.userland.runtime.service import serve
from atoll.userland.runtime.state import StateReader, StateRefused, StateWriter

VERSION = 1  # of the state that is handed on: another one, if what follows it in `export_state` changes
MAX_COUNTERS = 32
NAME_SIZE = 64  # bytes


class Entry:
    """One counter."""

    name: Array[u8, NAME_SIZE]
    size: u64  # bytes of the name; 0: this place is free
    value: u64

    def is_named(self, name: Text) -> bool:
        """Whether the counter has that name."""
        return self.size > 0 and self.name[0 : self.size] == name.encode()


class CounterServer(Counter):
    """The server: its fields are its state, its methods what the interface declares."""

    entries: Array[Entry, MAX_COUNTERS]

    def add(self, name: Text, amount: u64) -> u64:
        entry = self.find(name)
        if entry is None:
            entry = self.free_entry()
            if entry is None or not 0 < len(name) <= NAME_SIZE:
                raise CountersFull(f"at most {MAX_COUNTERS} counters, with names of 1 to {NAME_SIZE} bytes")
            entry.size = u64(len(name))
            entry.name[0 : entry.size] = name.encode()
            entry.value = 0
        entry.value += amount
        return entry.value

    def value(self, name: Text) -> u64:
        entry = self.find(name)
        return 0 if entry is None else entry.value

    def find(self, name: Text) -> Entry | None:
        """The counter of a name."""
        for entry in self.entries:
            if entry.is_named(name):
                return entry
        return None

    def free_entry(self) -> Entry | None:
        """A place for another counter."""
        for entry in self.entries:
            if entry.size == 0:
                return entry
        return None

    # ---- hot swap: the old server writes what the new one reads, in the same order ----

    def export_state(self, writer: StateWriter) -> None:
        writer.number(VERSION)
        for entry in self.entries:
            writer.data(entry.name[0 : entry.size])
            writer.number(entry.value)

    def import_state(self, reader: StateReader) -> None:
        version = reader.number()
        if version != VERSION:
            raise StateRefused(f"state of version {version}, but this server knows only {VERSION}")
        for entry in self.entries:
            entry.size = reader.data(entry.name[:])
            entry.value = reader.number()


server: CounterServer = CounterServer()


def main() -> None:
    """Serve for ever."""
    serve(server)
