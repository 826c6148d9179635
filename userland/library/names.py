"""Names below a directory, whichever naming service knows them: whole, or by their first component as `ls` wants it.

    listing = Listing()
    listing.open("/nodes/node2/services")
    while listing.next():
        print(listing.name)
"""

from atoll.abi.raw import address_of, at
from atoll.abi.startup import NAMING
from atoll.abi.types import Array, Text, u8, u64
from atoll.servers.naming.interface import (
    MAX_NAME,
    RECORD_SIZE,
    NameRecord,
    Naming,
    NoSuchName,
    rest_of,
    service_of,
)
from atoll.userland.library.paths import PATH_SIZE, absolute, add_name, normalise
from atoll.userland.library.text import StringBuilder, find_byte
from atoll.userland.runtime.objects import close
from atoll.userland.runtime.startup import given

AT_ONCE = 8
SLASH = 0x2F


class Listing:
    """The names below a directory, in their order, mounts but not what is mounted."""

    path: StringBuilder[PATH_SIZE]  # absolute, without `.` and `..`
    shown: u64  # names that came before those in the answer
    count: u64  # names in the answer
    place: u64  # of the name in the answer
    covered: u64  # bytes of the path that are not in the names
    answer: Array[u8, AT_ONCE * RECORD_SIZE]

    def open(self, path: Text) -> None:
        """Begin. Raises Full."""
        asked: StringBuilder[PATH_SIZE] = StringBuilder()
        absolute(path, asked)
        normalise(asked.text, self.path)
        self.shown, self.count, self.place = 0, 0, 0

    def next(self) -> bool:
        """Go on to the next name; False if there is none. Raises NoSuchName, and what calls raise."""
        self.place += 1
        if self.place < self.count:
            return True
        self.shown += self.count
        self.ask()
        self.place = 0
        return self.count > 0

    def ask(self) -> None:
        """The next names."""
        below: StringBuilder[PATH_SIZE] = StringBuilder()
        below.set(self.path.text)
        add_name(below, "*")  # who would know such a name knows all that there are
        self.covered, gate = service_of(Naming(given(NAMING)), below.text)
        try:
            size = Naming(gate).list(self.directory, self.shown, self.answer[:])
            self.count = size // RECORD_SIZE
        finally:
            close(gate)

    @property
    def directory(self) -> Text:
        """What the naming service that is asked calls the directory."""
        return rest_of(self.path.text, self.covered)

    @property
    def record(self) -> NameRecord:
        """The name with all that is told of it. Good until `next`."""
        return at(NameRecord, address_of(self.answer) + self.place * RECORD_SIZE)

    @property
    def name(self) -> Text:
        """The name as the naming service knows it that was asked. Good until `next`."""
        record = self.record
        return str(record.name[0 : record.length], "utf-8")

    @property
    def component(self) -> Text:
        """What follows the directory in the name, up to the next slash: nothing for the directory itself."""
        name = self.name
        size = len(self.directory)
        start = min(size + 1 if size > 1 else size, len(name))
        slash = find_byte(name, SLASH, u64(start))
        return name[start : slash if slash >= 0 else len(name)]


class Components:
    """What is directly below a directory of names, each once."""

    listing: Listing
    last: StringBuilder[MAX_NAME]

    def open(self, path: Text) -> None:
        """Begin. Raises Full."""
        self.listing.open(path)
        self.last.clear()

    def next(self) -> bool:
        """Go on; False if there is no other, or no way to know."""
        try:
            while self.listing.next():
                component = self.listing.component
                if len(component) > 0 and component != self.last.text:
                    self.last.set(component)
                    return True
        except Exception:
            return False
        return False

    @property
    def name(self) -> Text:
        """A component. Good until `next`."""
        return self.last.text


def is_service_name(path: Text) -> bool:
    """Whether an absolute path is where services that are no file systems have their names, on any node."""
    return path.startswith("/cluster/") or path.find("/services/") >= 0 or path.find("/dev/") >= 0


def is_name(path: Text) -> bool:
    """Whether that is a name, of a service for instance, which is no file."""
    wanted: StringBuilder[PATH_SIZE] = StringBuilder()
    absolute(path, wanted)
    try:
        covered, gate = service_of(Naming(given(NAMING)), wanted.text)
    except NoSuchName:
        return False
    try:
        Naming(gate).lookup(rest_of(wanted.text, covered)).close()
        return True
    except Exception:
        return False
    finally:
        close(gate)


def has_names_below(path: Text) -> bool:
    """Whether there are names below that."""
    listing = Listing()
    listing.open(path)
    try:
        return listing.next()
    except Exception:
        return False


def is_directory_of_names(path: Text) -> bool:
    """Whether names are below that, or could be: a mount may be empty."""
    asked: StringBuilder[PATH_SIZE] = StringBuilder()
    absolute(path, asked)
    return has_names_below(path) or (is_name(path) and not is_service_name(asked.text))
