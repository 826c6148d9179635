"""The file service: paths (`Files`) and open files (`File`), with their errors and flags."""

from dataclasses import dataclass
from enum import IntEnum, IntFlag

from atoll.abi.types import Bytes, Slice, Text, i64, u8, u64
from atoll.userland.runtime.interface import Interface, ServiceError, idempotent


class NoSuchFile(ServiceError):
    """No such file or directory."""


class FileExists(ServiceError):
    """There is a file of that name."""


class NotADirectory(ServiceError):
    """A file stands where a directory must be."""


class IsADirectory(ServiceError):
    """A directory stands where a file must be."""


class DirectoryNotEmpty(ServiceError):
    """The directory has entries."""


class DiskFull(ServiceError):
    """No free block, or no free inode."""


class ReadOnly(ServiceError):
    """The file system is mounted for reading, or was made so by an error."""


class TooManyLinks(ServiceError):
    """The file has as many names as it can have."""


class NameTooLong(ServiceError):
    """A name of more than 255 bytes, or a symbolic link's target of more than a block."""


class BadName(ServiceError):
    """No name for this: empty, with a zero or a slash in it, `.`, `..`, or a directory's place inside itself."""


class StaleFile(ServiceError):
    """The open file is of an earlier incarnation of the server."""


class InputOutputError(ServiceError):
    """The disk failed, or what is on it makes no sense."""


class TooManyOpenFiles(ServiceError):
    """The table of open files is full."""


class NotPermitted(ServiceError):
    """The file was not opened for that, or cannot do that."""


class FileTooLarge(ServiceError):
    """Past the largest size of a file."""


class TooManySymbolicLinks(ServiceError):
    """More than 8 on one path."""


class CannotMount(ServiceError):
    """Not a file system that the server knows."""


class OpenFlag(IntFlag):
    """How a file is opened."""

    READ = 1
    WRITE = 2
    CREATE = 4
    EXCLUSIVE = 8  # with CREATE: FileExists if there is one
    TRUNCATE = 16
    APPEND = 32  # each write goes to the end


READ_WRITE = OpenFlag.READ | OpenFlag.WRITE


class Whence(IntEnum):
    """What an offset of `seek` counts from."""

    START = 0
    HERE = 1
    END = 2


@dataclass
class FileInfo:
    """What is known of a file besides its contents. Times in nanoseconds since 1970.

    (Whole seconds, where the volume's inodes are small.)
    """

    inode: u64
    mode: u64  # kind and permissions, as in ext2
    links: u64
    owner: u64
    group: u64
    size: u64  # bytes
    sectors: u64  # of 512 bytes: the room that it takes
    accessed: u64
    modified: u64
    changed: u64


@dataclass
class SpaceInfo:
    """How full a file system is."""

    block_size: u64  # bytes
    blocks: u64
    free_blocks: u64
    inodes: u64
    free_inodes: u64


# ---- a record of `list`: these fields, then the name, then zeros up to a multiple of 8 ----
LISTED_INODE = 0  # u64
LISTED_NEXT = 8  # u64: the position behind this entry
LISTED_TYPE = 16  # u8: the kind as in the directory (layout.py); 0 if it says nothing
LISTED_NAME_LENGTH = 17  # u8
LISTED_NAME = 18


class File(
    Interface,
    messages=0x0500,
    errors=(StaleFile, NotPermitted, DiskFull, FileTooLarge, ReadOnly, InputOutputError, BadName, NoSuchFile),
):
    """An open file, through its own gate, which speaks Stream (servers/stream/interface.py) too."""

    @idempotent
    def read_at(self, offset: u64, into: Slice[u8]) -> u64:
        """Bytes from an offset on: how many; 0 at the end. The shared offset of the stream stays as it is."""

    @idempotent
    def write_at(self, offset: u64, data: Bytes) -> u64:
        """Write bytes at an offset: how many, fewer than given only if the disk became full. Raises DiskFull."""

    def seek(self, offset: i64, whence: Whence) -> u64:
        """Move the stream's offset; the new one."""

    @idempotent
    def truncate(self, size: u64) -> None:
        """Give it another size: what is beyond is lost, what is added is zeros."""

    @idempotent
    def info(self) -> FileInfo:
        """What is known of it."""

    @idempotent
    def sync(self) -> None:
        """All that was done since it was opened is on the disk for good when this returns.

        Raises StaleFile if the file service has died since: then some of that may be lost.
        """


class Files(
    Interface,
    messages=0x0400,
    errors=(
        NoSuchFile, FileExists, NotADirectory, IsADirectory, DirectoryNotEmpty, DiskFull, ReadOnly, TooManyLinks,
        NameTooLong, BadName, InputOutputError, TooManyOpenFiles, NotPermitted, FileTooLarge, TooManySymbolicLinks,
        CannotMount,
    ),
):  # fmt: skip
    """What can be done with paths. They begin at the root of the file system, with or without a slash."""

    def open(self, path: Text, flags: OpenFlag) -> File:
        """An open file. A directory can be opened for reading, to be asked for `info` only."""

    @idempotent
    def describe(self, path: Text, follow: bool) -> FileInfo:
        """What is known of a file; `follow` a symbolic link at the path's end."""

    def make_directory(self, path: Text) -> None:
        """A new, empty directory."""

    def make_link(self, target: Text, path: Text) -> None:
        """A new symbolic link to `target`, which need not be there."""

    def link(self, old: Text, path: Text) -> None:
        """Another name for a file."""

    def remove(self, path: Text) -> None:
        """Remove a name; the file goes with its last name, and when nobody has it open any more."""

    def remove_directory(self, path: Text) -> None:
        """Remove an empty directory."""

    def rename(self, old: Text, new: Text) -> None:
        """Give a file or directory another name, in place of what has that name."""

    @idempotent
    def read_link(self, path: Text, into: Slice[u8]) -> u64:
        """The target of a symbolic link; its bytes."""

    @idempotent
    def list(self, path: Text, position: u64, into: Slice[u8]) -> u64:
        """Records of a directory's entries from a position on (0: the first); the bytes written, 0 at the end."""

    @idempotent
    def set_mode(self, path: Text, permissions: u64) -> None:
        """The lower 12 bits of the mode."""

    @idempotent
    def set_times(self, path: Text, accessed: u64, modified: u64) -> None:
        """Times in nanoseconds since 1970."""

    @idempotent
    def sync(self) -> None:
        """All that was done so far is on the disk for good when this returns. Nobody is told here if the file service
        has died since it was done: who must know keeps a file or directory open, and asks that for `sync`.
        """

    @idempotent
    def space(self) -> SpaceInfo:
        """How full the file system is."""
