"""Directories read entry by entry, with the names that are no files, and as a sorted list.

    directory = Directory()
    directory.open("/bin")
    while directory.next():
        print(directory.name)
"""

from atoll.abi.raw import address_of, load8, load64
from atoll.abi.types import Array, Text, u8, u64
from atoll.servers.files.interface import LISTED_NAME, LISTED_NAME_LENGTH, LISTED_NEXT, Files
from atoll.userland.library.files import FileProblem, perform
from atoll.userland.library.names import Components, is_directory_of_names
from atoll.userland.library.paths import PATH_SIZE, join
from atoll.userland.library.sorting import sort
from atoll.userland.library.text import StringBuilder
from atoll.userland.library.vector import Vector

ANSWER_SIZE = 1024  # bytes of entries that are asked for at once
NAME_SIZE = 256
MAX_NAMES = 1024
NAMES_SIZE = 32768  # bytes


def list_plainly(files: Files, path: Text, _: Text, position: u64) -> u64:
    """Entries from a position on, into `work.answer`."""
    return files.list(path, position, work.answer[:])


class Directory:
    """A directory that is being read. `.` and `..` are left out."""

    path: StringBuilder[PATH_SIZE]
    position: u64  # behind the entry
    answer: Array[u8, ANSWER_SIZE]
    used: u64  # bytes in the answer
    place: u64  # of the next entry in it
    found: StringBuilder[NAME_SIZE]

    def open(self, path: Text) -> None:
        """Begin to read. Raises Full."""
        self.path.set(path)
        self.position, self.used, self.place = 0, 0, 0

    def next(self) -> bool:
        """Go on to the next entry; False if there is none. Raises FileProblem."""
        while self.place < self.used or self.ask():
            self.take()
            if self.name != "." and self.name != "..":
                return True
        return False

    def ask(self) -> bool:
        """More entries; whether there are any."""
        self.used = perform(list_plainly, self.path.text, "", self.position)
        self.answer[0 : self.used] = work.answer[0 : self.used]
        self.place = 0
        return self.used > 0

    def take(self) -> None:
        """The next entry of the answer."""
        record = address_of(self.answer) + self.place
        length = u64(load8(record + LISTED_NAME_LENGTH))
        self.found.clear()
        self.found.add_bytes(self.answer[self.place + LISTED_NAME : self.place + LISTED_NAME + length])
        self.position = load64(record + LISTED_NEXT)
        self.place += (LISTED_NAME + length + 7) // 8 * 8

    @property
    def name(self) -> Text:
        """The entry's name. Good until `next`."""
        return self.found.text


class Work:
    """Where the file service writes its answer, and what it is asked for."""

    answer: Array[u8, ANSWER_SIZE]
    name: StringBuilder[NAME_SIZE]
    path: StringBuilder[PATH_SIZE]


work: Work = Work()


class Contents:
    """All that is below a path as people see it: what is in a directory, then what is there by name only, mounts for
    example. (Who goes on into what is found should read a Directory: mounts lead in circles.)
    """

    directory: Directory
    components: Components
    is_in_names: bool

    def open(self, path: Text) -> None:
        """Begin to read. Raises Full."""
        self.directory.open(path)
        self.is_in_names = False

    def next(self) -> bool:
        """Go on; False if there is nothing more. Raises FileProblem."""
        if not self.is_in_names:
            try:
                if self.directory.next():
                    return True
            except FileProblem:
                if not is_directory_of_names(self.directory.path.text):
                    return self.directory.next()  # for its error
            self.is_in_names = True
            self.components.open(self.directory.path.text)
        while self.components.next():
            if not is_in_directory(self.directory.path.text, self.components.name):
                return True
        return False

    @property
    def name(self) -> Text:
        """What was found. Good until `next`."""
        return self.components.name if self.is_in_names else self.directory.name


def is_in_directory_plainly(files: Files, path: Text, _: Text, __: u64) -> u64:
    """Whether `work.name` is there."""
    join(path, work.name.text, work.path)
    files.describe(work.path.text, False)
    return 1


def is_in_directory(path: Text, name: Text) -> bool:
    """Whether the file service that has the directory knows the name in it."""
    try:
        work.name.set(name)
        return perform(is_in_directory_plainly, path) == 1
    except Exception:
        return False


class Name:
    """A name in the pool."""

    start: u64
    end: u64


class Names:
    """The names of a directory, sorted byte by byte."""

    items: Vector[Name, MAX_NAMES]
    pool: StringBuilder[NAMES_SIZE]
    directory: Contents

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
    """Fill `names`, sorted, mere names among them; False if there are more than fit. Raises FileProblem."""
    fits = names.read(path)
    sort(names.items.items, name_precedes)
    return fits
