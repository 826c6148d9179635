"""The names themselves: a sorted table of fixed capacity, so that what is below a directory stands side by side."""

from atoll.abi.objects import NO_HANDLE
from atoll.abi.types import Array, Bytes, Slice, u8, u64
from atoll.servers.naming.interface import MAX_NAME, BadName, NamingFull, parent_size
from atoll.userland.runtime.memory import compare_bytes

MOST_NAMES = 256


class Entry:
    """One name."""

    length: u64
    name: Array[u8, MAX_NAME]
    gate: u64  # ours
    version: u64
    owner: u64  # badge of who registered it
    is_mount: bool  # its gate speaks Naming, and knows what is below

    def text(self) -> Bytes:
        """The name."""
        return self.name[0 : self.length]


class Names:
    """All names, in their order."""

    entries: Array[Entry, MOST_NAMES]
    order: Array[u64, MOST_NAMES]  # places of entries, sorted by name
    count: u64
    versions: u64  # the last version given to any name

    def find(self, name: Bytes) -> Entry | None:
        """The entry of exactly that name."""
        place = self.place_of(name)
        if place < self.count and self.at(place).text() == name:
            return self.at(place)
        return None

    def longest(self, path: Bytes) -> Entry | None:
        """The entry of the longest name that the path begins with, part by part."""
        size = u64(len(path))
        while size > 0:
            found = self.find(path[0:size])
            if found is not None:
                return found
            size = parent_size(path[0:size])
        return self.find(path[0:1]) if len(path) > 0 else None

    def add(self, name: Bytes) -> Entry:
        """A new entry for a name that there is not yet. Raises NamingFull."""
        if self.count == MOST_NAMES:
            raise NamingFull(f"there are {MOST_NAMES} names already")
        place = self.place_of(name)
        free = self.order[self.count]
        if free >= MOST_NAMES or self.entries[free].length != 0:
            free = self.first_free()
        for i in range(self.count, place, -1):
            self.order[i] = self.order[i - 1]
        self.order[place] = free
        self.count += 1
        entry = self.entries[free]
        entry.length = u64(len(name))
        entry.name[0 : entry.length] = name
        entry.gate = NO_HANDLE
        entry.version = 0
        entry.is_mount = False
        return entry

    def remove(self, entry: Entry) -> None:
        """Forget it; its gate is the caller's."""
        place = self.place_of(entry.text())
        for i in range(place, self.count - 1):
            self.order[i] = self.order[i + 1]
        self.count -= 1
        entry.length = 0

    def place_of(self, name: Bytes) -> u64:
        """How many names are smaller: by halves."""
        low: u64 = 0
        high = self.count
        while low < high:
            middle = (low + high) // 2
            if compare_bytes(self.at(middle).text(), name) < 0:
                low = middle + 1
            else:
                high = middle
        return low

    def at(self, place: u64) -> Entry:
        """The entry number `place` in the order of names."""
        return self.entries[self.order[place]]

    def first_free(self) -> u64:
        """An entry that no name uses; there is one."""
        free: u64 = 0
        while self.entries[free].length != 0:
            free += 1
        return free


def join(directory: Bytes, name: Bytes, into: Slice[u8]) -> u64:
    """The name as it is below a directory; its size. Raises BadName."""
    start: u64 = 0 if len(directory) <= 1 else u64(len(directory))
    if start + u64(len(name)) > len(into):
        raise BadName(f"a name has at most {MAX_NAME} bytes")
    into[0:start] = directory[0:start]
    end = start if len(name) == 1 and start > 0 else start + u64(len(name))
    into[start:end] = name[0 : end - start]
    return end
