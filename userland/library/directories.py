"""Directories read entry by entry, and as a sorted list of names.

    directory = Directory()
    directory.open("/bin")
    while directory.next():
        print(directory.name)
"""

from atoll.abi.raw import address_of, at
from atoll.abi.types import Array, Text, u8, u64
from atoll.servers.files.interface import EntryRecord, Files
from atoll.userland.library.files import perform
from atoll.userland.library.paths import PATH_SIZE
from atoll.userland.library.sorting import sort
from atoll.userland.library.text import StringBuilder
from atoll.userland.library.vector import Vector

ENTRIES = 4  # that are asked for at once
RECORD_SIZE = 280  # bytes of an EntryRecord
MAX_NAMES = 1024
NAMES_SIZE = 32768  # bytes


class Answer:
    """What the file service wrote last."""

    bytes: Array[u8, ENTRIES * RECORD_SIZE]


answer: Answer = Answer()


def list_plainly(files: Files, path: Text, _: Text, first: u64) -> u64:
    """Entries from number `first` on, into `answer`."""
    return files.list(path, first, answer.bytes[:])


class Directory:
    """A directory that is being read. `.` and `..` are left out."""

    path: StringBuilder[PATH_SIZE]
    place: u64  # number of the next entry
    entry: EntryRecord

    def open(self, path: Text) -> None:
        """Begin to read. Raises Full."""
        self.path.set(path)
        self.place = 0

    def next(self) -> bool:
        """Go on to the next entry; False if there is none. Raises FileProblem."""
        while perform(list_plainly, self.path.text, "", self.place) >= RECORD_SIZE:
            self.entry = at(EntryRecord, address_of(answer.bytes))
            self.place += 1
            if self.name != "." and self.name != "..":
                return True
        return False

    @property
    def name(self) -> Text:
        """The entry's name. Good until `next`."""
        return str(self.entry.name[0 : self.entry.length], "utf-8")


class Name:
    """A name in the pool."""

    start: u64
    end: u64


class Names:
    """The names of a directory, sorted byte by byte."""

    items: Vector[Name, MAX_NAMES]
    pool: StringBuilder[NAMES_SIZE]
    directory: Directory

    def read(self, path: Text) -> bool:
        """Read a directory; False if it has more names than fit. Raises FileProblem."""
        self.items.clear()
        self.pool.clear()
        self.directory.open(path)
        while self.directory.next():
            name = self.directory.name
            if self.items.full or self.pool.used + u64(len(name)) > NAMES_SIZE:
                return False
            self.add(name)
        return True

    def add(self, name: Text) -> None:
        """One more, at the end."""
        fresh = Name()
        fresh.start = self.pool.used
        self.pool.add(name)
        fresh.end = self.pool.used
        self.items.append(fresh)

    def text_of(self, name: Name) -> Text:
        """A name."""
        return self.pool.text[name.start : name.end]


names: Names = Names()


def name_precedes(a: Name, b: Name) -> bool:
    """Byte by byte."""
    return names.text_of(a) < names.text_of(b)


def read_names(path: Text) -> bool:
    """Fill `names`, sorted; False if there are more than fit. Raises FileProblem."""
    fits = names.read(path)
    sort(names.items.items, name_precedes)
    return fits
