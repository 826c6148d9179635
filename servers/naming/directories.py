"""Directories that gates are limited to: what is below one is all that such a gate sees, as if it were the root."""

from atoll.abi.types import Array, Bytes, u8, u64
from atoll.servers.naming.interface import MAX_NAME, NamingFull
from atoll.userland.runtime.state import StateReader, StateWriter

MOST_DIRECTORIES = 64


class Directory:
    """What gates of one badge see."""

    length: u64  # 0: not in use
    path: Array[u8, MAX_NAME]
    may_register: bool

    def text(self) -> Bytes:
        """The path."""
        return self.path[0 : self.length]


class Directories:
    """By badge. Badge 0 is the system's own: it sees and may do everything."""

    items: Array[Directory, MOST_DIRECTORIES]

    def start(self) -> None:
        """The root is there."""
        self.set(0, b"/", True)

    def of(self, badge: u64) -> Directory:
        """What gates of that badge see."""
        return self.items[badge if badge < MOST_DIRECTORIES else 0]

    def add(self, path: Bytes, may_register: bool) -> u64:
        """A badge for a directory. Raises NamingFull."""
        for badge in range(1, MOST_DIRECTORIES):
            if self.items[badge].length == 0:
                self.set(u64(badge), path, may_register)
                return u64(badge)
        raise NamingFull(f"{MOST_DIRECTORIES} directories are open already")

    def remove(self, badge: u64) -> None:
        """Nobody has a gate of that badge any more."""
        if 0 < badge < MOST_DIRECTORIES:
            self.items[badge].length = 0

    def set(self, badge: u64, path: Bytes, may_register: bool) -> None:
        """Fill a place."""
        item = self.items[badge]
        item.length = u64(len(path))
        for i in range(len(path)):
            item.path[i] = path[i]
        item.may_register = may_register

    def export(self, state: StateWriter) -> None:
        """Write all."""
        for badge in range(MOST_DIRECTORIES):
            state.data(self.items[badge].text())
            state.number(1 if self.items[badge].may_register else 0)

    def adopt(self, state: StateReader) -> None:
        """Read all."""
        for badge in range(MOST_DIRECTORIES):
            item = self.items[badge]
            item.length = state.data(item.path[:])
            item.may_register = state.number() == 1
