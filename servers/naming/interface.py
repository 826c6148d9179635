"""Naming: from names to gates, the one table that everybody asks first.

Names are paths such as `/services/files`; parts are separated by `/`. A name can stand for a whole subtree: `/` belongs
to the file service, which `resolve` finds for every path that no longer name is known for.
"""

from atoll.abi.types import Array, Slice, Text, u8, u64
from atoll.userland.runtime.interface import Handle, Interface, ServiceError, idempotent
from atoll.userland.runtime.messages import Gate

MAX_NAME = 128  # bytes of a name
RECORD_SIZE = 144  # bytes of a NameRecord, in the answer of `list`


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


class NameRecord:
    """One name, as `list` tells it: `list` fills the caller's buffer with these."""

    version: u64  # counts how often the name was registered or replaced
    length: u64  # bytes of the name
    name: Array[u8, MAX_NAME]


class Naming(Interface, messages=0x0200, errors=(NoSuchName, NameTaken, BadName, NamingFull, NotAllowed)):
    """What the naming service does."""

    @idempotent
    def lookup(self, name: Text) -> Gate:
        """The gate of exactly this name. Raises NoSuchName."""

    @idempotent
    def wait_for(self, name: Text) -> Gate:
        """As `lookup`, but waits until somebody registers the name."""

    @idempotent
    def resolve(self, path: Text) -> tuple[u64, Handle]:
        """The longest registered name that the path begins with: how many bytes of the path it covers, and its gate."""

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
