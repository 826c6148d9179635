"""What a block device keeps its sectors in: a file of the host, or memory."""

from pathlib import Path
from typing import Protocol

from atoll.machine.errors import DiskError
from atoll.machine.state import Stretches, stretches

SECTOR = 512
BLOCK = 4096  # bytes that a disk in memory keeps at a time


class Disk(Protocol):
    """Bytes that can be read and written in place; a failure of the host raises OSError."""

    size: int
    read_only: bool

    def read(self, offset: int, size: int) -> bytes:
        """Bytes within the size."""

    def write(self, offset: int, data: bytes) -> None:
        """Bytes within the size."""

    def flush(self) -> None:
        """Everything written is safe when this returns."""

    def save(self) -> Stretches:
        """What is on it, but for zeros."""

    def restore(self, saved: Stretches) -> None:
        """Put that back."""


class MemoryDisk:
    """A disk that is gone with the board. What it was made of is shared and stays as it is: nodes that have the same
    disk cost the blocks that they change.
    """

    def __init__(self, data: bytes, read_only: bool = False) -> None:
        if not data or len(data) % SECTOR:
            raise DiskError(f"a disk of {len(data)} bytes is not possible: it has whole sectors of {SECTOR} bytes")
        self._given = data
        self._changed: dict[int, bytes] = {}  # blocks by their numbers
        self._kept: Stretches | None = None  # what was saved or put back last, and the changed blocks of that
        self._then: dict[int, bytes] = {}
        self.size = len(data)
        self.read_only = read_only

    def read(self, offset: int, size: int) -> bytes:
        """A copy."""
        first, end = offset // BLOCK, -(-(offset + size) // BLOCK)
        data = bytearray(self._given[first * BLOCK : end * BLOCK])
        for index in range(first, end):
            if (block := self._changed.get(index)) is not None:
                data[(index - first) * BLOCK : (index - first + 1) * BLOCK] = block
        begin = offset - first * BLOCK
        return bytes(data[begin : begin + size])

    def write(self, offset: int, data: bytes) -> None:
        """Keeps the blocks that are now others than those that were given."""
        first, end = offset // BLOCK, -(-(offset + len(data)) // BLOCK)
        now = bytearray(self.read(first * BLOCK, min(end * BLOCK, self.size) - first * BLOCK))
        begin = offset - first * BLOCK
        now[begin : begin + len(data)] = data
        for index in range(first, end):
            block = bytes(now[(index - first) * BLOCK : (index - first + 1) * BLOCK])
            if block == self._given[index * BLOCK : (index + 1) * BLOCK]:
                self._changed.pop(index, None)
            else:
                self._changed[index] = block

    def flush(self) -> None:
        """Nothing to do."""

    def save(self) -> Stretches:
        """What is not zero."""
        saved = stretches(self.read, self.size)
        self._kept, self._then = saved, self._changed.copy()
        return saved

    def restore(self, saved: Stretches) -> None:
        """As `put_back`; the state that was saved or restored last costs next to nothing."""
        if saved != self._kept:
            put_back(self, saved)
            self._kept, self._then = saved, self._changed.copy()
        else:
            self._changed = self._then.copy()


class FileDisk:
    """A disk in a file, which every write changes."""

    def __init__(self, path: Path, read_only: bool = False) -> None:
        try:
            self._file = path.open("rb" if read_only else "r+b", buffering=0)
        except FileNotFoundError:
            raise DiskError(f"there is no disk file {path}") from None
        except IsADirectoryError:
            raise DiskError(f"the disk file {path} is a directory") from None
        except OSError as error:
            raise DiskError(f"the disk file {path} cannot be opened: {error.strerror}") from None
        self.size = self._file.seek(0, 2)
        self.read_only = read_only
        if self.size == 0 or self.size % SECTOR:
            self._file.close()
            raise DiskError(f"the disk file {path} has {self.size} bytes: a disk has whole sectors of {SECTOR} bytes")

    def read(self, offset: int, size: int) -> bytes:
        """From the file; what it has lost meanwhile reads as zero."""
        self._file.seek(offset)
        return (self._file.read(size) or b"").ljust(size, b"\0")

    def write(self, offset: int, data: bytes) -> None:
        """Into the file."""
        self._file.seek(offset)
        self._file.write(data)

    def flush(self) -> None:
        """The file is unbuffered, so everything has gone to the host's kernel: that survives whatever happens to us."""
        self._file.flush()

    def save(self) -> Stretches:
        """What is not zero."""
        return stretches(self.read, self.size)

    def restore(self, saved: Stretches) -> None:
        """Written only if it is something else."""
        put_back(self, saved)


def put_back(disk: Disk, saved: Stretches) -> None:
    """Make it what it was when that was all of it that was not zero."""
    data = bytearray(disk.size)
    for start, part in saved:
        data[start : start + len(part)] = part
    if data != disk.read(0, disk.size):
        disk.write(0, bytes(data))


def open_disk(source: Path | bytes, read_only: bool = False) -> Disk:
    """A file's path, or the sectors themselves."""
    return MemoryDisk(source, read_only) if isinstance(source, bytes) else FileDisk(Path(source), read_only)
