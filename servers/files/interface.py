"""The file service: paths (`Files`) and open files (`File`), with their errors and flags."""

from enum import IntFlag


class NoSuchFile(Exception):
    """No such file or directory."""


class FileExists(Exception):
    """There is a file of that name."""


class NotADirectory(Exception):
    """A file stands where a directory must be."""


class IsADirectory(Exception):
    """A directory stands where a file must be."""


class DirectoryNotEmpty(Exception):
    """The directory has entries."""


class DiskFull(Exception):
    """No free block, or no free inode."""


class ReadOnly(Exception):
    """The file system is mounted for reading, or was made so by an error."""


class TooManyLinks(Exception):
    """The file has as many names as it can have."""


class NameTooLong(Exception):
    """A name of more than 255 bytes, or a symbolic link's target of more than a block."""


class BadName(Exception):
    """No name for this: empty, with a zero or a slash in it, `.`, `..`, or a directory's place inside itself."""


class StaleFile(Exception):
    """The open file is of an earlier incarnation of the server."""


class InputOutputError(Exception):
    """The disk failed, or what is on it makes no sense."""


class TooManyOpenFiles(Exception):
    """The table of open files is full."""


class NotPermitted(Exception):
    """The file was not opened for that, or cannot do that."""


class FileTooLarge(Exception):
    """Past the largest size of a file."""


class TooManySymbolicLinks(Exception):
    """More than 8 on one path."""


class CannotMount(Exception):
    """Not a file system that the server knows."""


class OpenFlag(IntFlag):
    """How a file is opened."""

    READ = 1
    WRITE = 2
    CREATE = 4
    EXCLUSIVE = 8  # with CREATE: FileExists if there is one
    TRUNCATE = 16
    APPEND = 32  # each write goes to the end
