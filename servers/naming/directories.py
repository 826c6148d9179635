"""Directories that gates are limited to: what is below one is all that such a gate sees, as if it were the root."""

from atoll.abi.types import Array, Bytes, u8, u64
from atoll.servers.naming.interface import MAX_NAME, NamingFull, NotAllowed
from atoll.userland.runtime.state import StateReader, StateWriter

MOST_DIRECTORIES = 64
GENERATION_SHIFT = 16
PLACE = 0xFFFF


class Directory:
    """What gates of one badge see."""

    length: u64  # 0: not in use
    path: Array[u8, MAX_NAME]
    may_register: bool

    def text(self) -> Bytes:
        """The path."""
        return self.path[0 : self.length]


class Directories:
    """By badge: this server's generation and a place. Badge 0 is the system's own: it sees and may do everything."""

    items: Array[Directory, MOST_DIRECTORIES]
    generation: u64

    def start(self, generation: u64) -> None:
        """The root is there. Directories of servers that have died are not known any more."""
        self.generation = generation
        self.set(0, b"/", True)

    def of(self, badge: u64) -> Directory:
        """What gates of that badge see. Raises NotAllowed."""
        if badge == 0:
            return self.items[0]
        place = badge & PLACE
        if badge >> GENERATION_SHIFT != self.generation or place >= MOST_DIRECTORIES or self.items[place].length == 0:
            raise NotAllowed("the naming service has died since this gate was made")
        return self.items[place]

    def add(self, path: Bytes, may_register: bool) -> u64:
        """A badge for a directory. Raises NamingFull."""
        for place in range(1, MOST_DIRECTORIES):
            if self.items[place].length == 0:
                self.set(u64(place), path, may_register)
                return self.generation << GENERATION_SHIFT | u64(place)
        raise NamingFull(f"{MOST_DIRECTORIES} directories are open already")

    def remove(self, badge: u64) -> None:
        """Nobody has a gate of that badge any more."""
        place = badge & PLACE
        if badge >> GENERATION_SHIFT == self.generation and 0 < place < MOST_DIRECTORIES:
            self.items[place].length = 0

    def set(self, place: u64, path: Bytes, may_register: bool) -> None:
        """Fill a place."""
        item = self.items[place]
        item.length = u64(len(path))
        item.path[0 : item.length] = path
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
