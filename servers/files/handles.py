"""Open files: what the badge of a gate stands for. A file without a name lives as long as somebody has it open."""

from atoll.abi.types import Array, u64
from atoll.servers.files.interface import StaleFile, TooManyOpenFiles
from atoll.userland.runtime.state import StateReader, StateWriter

MOST_OPEN = 256
PLACE_BITS = 16
INCARNATION_SHIFT = 48


class OpenFile:
    """One of them."""

    badge: u64  # 0: the place is not in use
    inode: u64
    offset: u64  # of the stream
    flags: u64  # OpenFlag


class OpenFiles:
    """All of them. A badge is the server's incarnation, a count and a place: it never comes again."""

    items: Array[OpenFile, MOST_OPEN]
    incarnation: u64
    count: u64  # files opened so far

    def add(self, inode: u64, flags: u64) -> OpenFile:
        """A new one. Raises TooManyOpenFiles."""
        for place in range(MOST_OPEN):
            item = self.items[place]
            if item.badge == 0:
                self.count += 1
                item.badge = (self.incarnation + 1) << INCARNATION_SHIFT | self.count << PLACE_BITS | u64(place)
                item.inode, item.offset, item.flags = inode, 0, flags
                return item
        raise TooManyOpenFiles(f"{MOST_OPEN} files are open already")

    def require_room(self) -> None:
        """Raises TooManyOpenFiles."""
        for item in self.items:
            if item.badge == 0:
                return
        raise TooManyOpenFiles(f"{MOST_OPEN} files are open already")

    def of(self, badge: u64) -> OpenFile:
        """The open file of a gate. Raises StaleFile."""
        item = self.items[badge % MOST_OPEN]
        if item.badge != badge or badge == 0:
            raise StaleFile("the file service has died since this file was opened")
        return item

    def is_open(self, inode: u64) -> bool:
        """Whether somebody has that file open."""
        for item in self.items:
            if item.badge != 0 and item.inode == inode:
                return True
        return False

    def export(self, writer: StateWriter) -> None:
        """Write the table."""
        writer.number(self.incarnation)
        writer.number(self.count)
        for item in self.items:
            writer.number(item.badge)
            if item.badge != 0:
                writer.number(item.inode)
                writer.number(item.offset)
                writer.number(item.flags)

    def adopt(self, reader: StateReader) -> None:
        """Read the table."""
        self.incarnation = reader.number()
        self.count = reader.number()
        for item in self.items:
            item.badge = reader.number()
            if item.badge != 0:
                item.inode = reader.number()
                item.offset = reader.number()
                item.flags = reader.number()
