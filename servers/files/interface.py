"""The file service: paths (`Files`) and open files (`File`), with their errors and flags."""

from enum import IntFlag

from atoll.abi.types import Array, Bytes, Slice, Text, u8, u64
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


class FileInfo:
    """x"""

    inode: u64
    mode: u64  # kind and permissions
    links: u64
    owner: u64
    group: u64
    size: u64  # bytes
    sectors: u64  # of 512 bytes: the room that it takes
    accessed: u64
    modified: u64
    changed: u64


class VolumeInfo:
    """x"""

    block_size: u64
    blocks: u64
    free_blocks: u64
    inodes: u64
    free_inodes: u64


class EntryRecord:
    """x"""

    inode: u64
    kind: u64
    length: u64
    name: Array[u8, 256]




class File(Interface, messages=0x0500, errors=(NoSuchFile,)):
    """x"""

    @idempotent
    def read_at(self, offset: u64, into: Slice[u8]) -> u64:
        """x"""

    @idempotent
    def write_at(self, offset: u64, data: Bytes) -> u64:
        """x"""


class Files(Interface, messages=0x0400, errors=(NoSuchFile, FileExists, NotADirectory, IsADirectory, DirectoryNotEmpty, DiskFull)):
    """x"""

    def open(self, path: Text, flags: u64) -> File:
        """x"""

    @idempotent
    def describe(self, path: Text, follow: bool) -> FileInfo:
        """x"""

    def make_directory(self, path: Text) -> None:
        """x"""

    def make_link(self, target: Text, path: Text) -> None:
        """x"""

    def link(self, old: Text, path: Text) -> None:
        """x"""

    def remove(self, path: Text) -> None:
        """x"""

    def remove_directory(self, path: Text) -> None:
        """x"""

    def rename(self, old: Text, new: Text) -> None:
        """x"""

    @idempotent
    def read_link(self, path: Text, into: Slice[u8]) -> u64:
        """x"""

    @idempotent
    def list(self, path: Text, first: u64, into: Slice[u8]) -> u64:
        """x"""

    @idempotent
    def set_times(self, path: Text, accessed: u64, modified: u64) -> None:
        """x"""

    @idempotent
    def sync(self) -> None:
        """x"""

    @idempotent
    def volume(self) -> VolumeInfo:
        """x"""
