"""The replica itself: the last change of each name. Nothing here calls anybody, so that it can be tested by itself."""

from atoll.abi.objects import NO_HANDLE
from atoll.abi.types import Array, Bytes, u64
from atoll.servers.directory.interface import Change, Record
from atoll.servers.naming.interface import is_below, parent_size
from atoll.userland.runtime.memory import compare_bytes

MOST_ENTRIES = 256
NOWHERE = 0xFFFF_FFFF


class Entry:
    """A name: there, or known to be removed."""

    record: Record
    gate: u64  # ours; NO_HANDLE of a name that was removed

    @property
    def is_used(self) -> bool:
        """Whether it says anything."""
        return self.record.length > 0

    @property
    def is_there(self) -> bool:
        """Whether it is a name that can be looked up."""
        return self.record.length > 0 and self.record.change != Change.REMOVE


class Entries:
    """All of them, in no order: an entry never moves."""

    items: Array[Entry, MOST_ENTRIES]
    end: u64  # behind the last that is used

    # gates that are not needed any more: whoever uses this closes them
    waste: Array[u64, MOST_ENTRIES]
    waste_count: u64

    def of(self, name: Bytes) -> Entry | None:
        """What is known of that name, be it that it is removed."""
        for place in range(self.end):
            if self.items[place].is_used and self.items[place].record.text() == name:
                return self.items[place]
        return None

    def find(self, name: Bytes) -> Entry | None:
        """The name, if it is there."""
        entry = self.of(name)
        return entry if entry is not None and entry.is_there else None

    def longest(self, path: Bytes) -> Entry | None:
        """The longest name that the path begins with, part by part."""
        size = u64(len(path))
        while size > 0:
            entry = self.find(path[0:size])
            if entry is not None:
                return entry
            size = parent_size(path[0:size])
        return None

    def after(self, name: Bytes, directory: Bytes) -> Entry | None:
        """The next name in their order that is below a directory."""
        best: u64 = NOWHERE
        for place in range(self.end):
            entry = self.items[place]
            text = entry.record.text()
            is_wanted = entry.is_there and is_below(text, directory) and compare_bytes(text, name) > 0
            if is_wanted and (best == NOWHERE or compare_bytes(text, self.items[best].record.text()) < 0):
                best = place
        return None if best == NOWHERE else self.items[best]

    def used_from(self, place: u64) -> u64:
        """The first entry from a place on; NOWHERE: there is none."""
        while place < self.end:
            if self.items[place].is_used:
                return place
            place += 1
        return NOWHERE

    def count(self, is_there: bool) -> u64:
        """How many names are there, or are known to be removed."""
        total: u64 = 0
        for place in range(self.end):
            entry = self.items[place]
            total += u64(entry.is_used and entry.is_there == is_there)
        return total

    # ---- changes ----

    def has_room(self, name: Bytes) -> bool:
        """Whether another change of that name can be kept."""
        return self.of(name) is not None or self.place_for_another() != NOWHERE

    def merge(self, record: Record, gate: u64) -> bool:
        """Keep a change unless a later one of that name is known. The gate is ours in any case. (The same change again
        brings another gate: the one we have may have died with the network server.)
        """
        entry = self.of(record.text())
        if entry is not None and is_later(entry.record, record):
            self.drop(gate)
            return False
        if entry is None:
            place = self.place_for_another()
            if place == NOWHERE:
                self.drop(gate)
                return False
            self.end = max(self.end, place + 1)
            entry = self.items[place]
        self.drop(entry.gate)
        entry.record = record
        entry.gate = gate
        return True

    def forget(self, entry: Entry) -> None:
        """As if it had never been."""
        self.drop(entry.gate)
        entry.gate = NO_HANDLE
        entry.record.length = 0

    def place_for_another(self) -> u64:
        """A free place, or that of the name that was removed first; NOWHERE: all names are there."""
        oldest: u64 = NOWHERE
        for place in range(u64(MOST_ENTRIES)):
            entry = self.items[place]
            if not entry.is_used:
                return place
            is_older = oldest == NOWHERE or entry.record.version < self.items[oldest].record.version
            if not entry.is_there and is_older:
                oldest = place
        return oldest

    def drop(self, gate: u64) -> None:
        """A gate is not needed any more."""
        if gate != NO_HANDLE:
            self.waste[self.waste_count] = gate
            self.waste_count += 1


def is_later(one: Record, other: Record) -> bool:
    """Whether `one` counts, of two changes of a name."""
    return one.version > other.version or (one.version == other.version and one.orderer > other.orderer)


def is_same_request(one: Record, other: Record) -> bool:
    """Whether both come from the same request."""
    return one.ticket == other.ticket and one.owner == other.owner and one.incarnation == other.incarnation
