"""Naming: from names to gates, the one table that everybody asks first.

Names are paths such as `/services/files`; parts are separated by `/`. A name can stand for a whole subtree: `/` belongs
to the file service, which `resolve` finds for every path that no longer name is known for. A *mount* is a name whose
gate speaks Naming itself: who asks goes on there (`follow`, `find`), so that no naming service ever waits for another.
"""

from atoll.abi.objects import Right
from atoll.abi.types import Array, Bytes, Slice, Text, u8, u64
from atoll.userland.runtime.interface import Handle, Interface, ServiceError, idempotent
from atoll.userland.runtime.messages import Gate
from atoll.userland.runtime.objects import close, duplicate

MAX_NAME = 128  # bytes of a name
RECORD_SIZE = 152  # bytes of a NameRecord, in the answer of `list`
SLASH = 0x2F
MOST_MOUNTS = 16  # that a path may lead through: it could go in a circle


class NoSuchName(ServiceError):
    """Nobody has registered that name."""


class NameTaken(ServiceError):
    """The name is another's, who is still there."""


class BadName(ServiceError):
    """A name begins with `/`, has no empty parts, and at most MAX_NAME bytes."""


class NamingFull(ServiceError):
    """There are as many names as the table holds."""


class NotAllowed(ServiceError):
    """This gate may look names up, or only register below its own directory."""


class Elsewhere(ServiceError):
    """The name is below a mount: `covered` bytes of it lead to the naming service that knows the rest."""

    covered: u64


class NameRecord:
    """One name, as `list` tells it: `list` fills the caller's buffer with these."""

    version: u64  # counts how often the name was registered or replaced
    is_mount: u64
    length: u64  # bytes of the name
    name: Array[u8, MAX_NAME]


class Naming(Interface, messages=0x0200, errors=(NoSuchName, NameTaken, BadName, NamingFull, NotAllowed, Elsewhere)):
    """What a naming service does. What is asked of a name below a mount raises Elsewhere, `resolve` apart."""

    @idempotent
    def lookup(self, name: Text) -> Gate:
        """The gate of exactly this name. Raises NoSuchName."""

    @idempotent
    def wait_for(self, name: Text) -> Gate:
        """As `lookup`, but waits until somebody registers the name."""

    @idempotent
    def resolve(self, path: Text) -> tuple[u64, bool, Handle]:
        """The longest registered name that the path begins with: how many bytes of the path it covers (none for `/`),
        whether it is a mount, and its gate. Raises NoSuchName."""

    def register(self, name: Text, gate: Gate) -> u64:
        """Give a name to a gate; the name's version. Whoever holds a name may replace its gate through `replace`."""

    def replace(self, name: Text, gate: Gate) -> u64:
        """As `register`, also over a name that is taken; the new version."""

    @idempotent
    def remove(self, name: Text) -> None:
        """Forget a name. Raises NoSuchName."""

    @idempotent
    def list(self, directory: Text, first: u64, into: Slice[u8]) -> u64:
        """NameRecords of the names below a directory, in their order, from number `first` on; the bytes written."""

    def open(self, directory: Text, may_register: bool) -> Gate:
        """A gate to this service that sees only what is below a directory, as its root."""

    def mount(self, name: Text, gate: Gate) -> u64:
        """As `replace`, for a gate that speaks Naming itself and knows all names below."""


# ---- names wherever they are ----


def follow(naming: Naming, path: Text) -> tuple[u64, Handle]:
    """As `resolve`, through all mounts: how many bytes of the path lead to which gate, mostly a file service's."""
    covered, is_mount, gate = naming.resolve(path)
    for _ in range(MOST_MOUNTS + 1):
        if not is_mount:
            return covered, gate
        more, is_mount, further = resolve_at(gate, rest_of(path, covered))
        covered, gate = covered + more, further
    close(gate)
    raise NoSuchName("it leads through too many mounts")


def resolve_at(gate: Handle, path: Text) -> tuple[u64, bool, Handle]:
    """`resolve` at a naming service whose gate is given up then."""
    try:
        return Naming(gate).resolve(path)
    finally:
        close(gate)


def rest_of(path: Text, covered: u64) -> Text:
    """What is left of a path whose beginning leads to a service: there it is all of it."""
    return path[covered : len(path)] if covered < len(path) else "/"


def service_of(naming: Naming, name: Text) -> tuple[u64, Handle]:
    """Which naming service knows a name: how many bytes lead there, and its gate, which is the caller's to close.
    A mount itself is known where it is mounted.
    """
    covered: u64 = 0
    here = duplicate(naming.handle, Right.SEND | Right.MOVE | Right.DUPLICATE)
    for _ in range(MOST_MOUNTS):
        try:
            more, is_mount, further = Naming(here).resolve(rest_of(name, covered))
        except NoSuchName:
            return covered, here
        except Exception:
            close(here)
            raise
        if not is_mount or covered + more >= len(name):
            close(further)
            return covered, here
        close(here)
        covered, here = covered + more, further
    close(here)
    raise NoSuchName("it leads through too many mounts")


def find(naming: Naming, name: Text) -> Gate:
    """As `lookup`, also of names below mounts."""
    try:
        return naming.lookup(name)
    except Elsewhere:
        covered, there = service_of(naming, name)
    try:
        return Naming(there).lookup(rest_of(name, covered))
    finally:
        close(there)


# ---- what names are ----


def check(name: Bytes) -> None:
    """Raises BadName."""
    if len(name) == 0 or name[0] != SLASH:
        raise BadName("a name begins with /")
    if len(name) > MAX_NAME:
        raise BadName(f"a name has at most {MAX_NAME} bytes")
    for i in range(1, len(name)):
        if name[i] == SLASH and (name[i - 1] == SLASH or i == len(name) - 1):
            raise BadName("a name has no empty parts")


def parent_size(path: Bytes) -> u64:
    """How long the path is without its last part; 0 if that was the only one."""
    size = u64(len(path)) - 1
    while size > 0 and path[size] != SLASH:
        size -= 1
    return size


def is_below(name: Bytes, directory: Bytes) -> bool:
    """Whether the name is below that directory (`/` holds all, itself too)."""
    size = len(directory)
    if size <= 1:
        return True
    return len(name) > size and name[0:size] == directory and name[size] == SLASH
