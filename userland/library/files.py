"""Files by path: opened, described, made, removed. A path leads through naming to the file service that has it.

What goes wrong is a FileProblem that says what in a few words, or the service's own error where that says more:

    try:
        file = open_file("notes.txt", READING)
    except Exception as error:
        complain("notes.txt", f"{error}")
"""

from collections.abc import Callable
from typing import TypeAlias

from atoll.abi.objects import NO_HANDLE, Info
from atoll.abi.startup import NAMING
from atoll.abi.types import Text, u64
from atoll.servers.files.interface import (
    DirectoryNotEmpty,
    DiskFull,
    File,
    FileExists,
    FileInfo,
    Files,
    IsADirectory,
    NoSuchFile,
    NotADirectory,
    OpenFlag,
    SpaceInfo,
)
from atoll.servers.naming.interface import Naming, NoSuchName, follow, rest_of
from atoll.userland.library.names import is_directory_of_names, is_name, is_service_name
from atoll.userland.library.paths import PATH_SIZE, absolute
from atoll.userland.library.text import StringBuilder
from atoll.userland.runtime.kernel_errors import Dead
from atoll.userland.runtime.objects import close, read_info
from atoll.userland.runtime.startup import given

# ---- how files are opened ----
READING = OpenFlag.READ
WRITING = OpenFlag.WRITE | OpenFlag.CREATE | OpenFlag.TRUNCATE
APPENDING = OpenFlag.WRITE | OpenFlag.CREATE | OpenFlag.APPEND

# ---- the kind in a mode, as Unix has always had it ----
KIND = 0xF000
DIRECTORY = 0x4000
REGULAR = 0x8000
LINK = 0xA000
SERVICE = 0xC000  # what Unix has for sockets

# ---- words of a gate's Info ----
BADGE = 0
PORT_OF_GATE = 2


class FileProblem(Exception):
    """What cannot be done with a file, in a few words."""


class AnotherFileSystem(FileProblem):
    """Two paths lead to two file systems: what is wanted is done within one only."""


class Work:
    """What `perform` works with."""

    path: StringBuilder[PATH_SIZE]
    other: StringBuilder[PATH_SIZE]
    target: StringBuilder[PATH_SIZE]  # of a symbolic link
    info: FileInfo
    space: SpaceInfo


Operation: TypeAlias = Callable[[Files, Text, Text, u64], u64]
work: Work = Work()


def perform(operation: Operation, path: Text, other: Text = "", number: u64 = 0) -> u64:
    """Do something with the file service that has the path, here or on another node. Raises FileProblem."""
    gate: u64 = NO_HANDLE
    try:
        absolute(path, work.path)
        covered, gate = follow(Naming(given(NAMING)), work.path.text)
        if covered == len(work.path.text) and is_service_name(work.path.text):
            raise FileProblem("is a service, not a file")  # it might be waiting for us: it is not to be asked
        inner = inside_too(other, gate) if len(other) > 0 else ""
        return operation(Files(gate), rest_of(work.path.text, covered), inner, number)
    except (NoSuchFile, NoSuchName):
        raise FileProblem("no such file or directory") from None
    except FileExists:
        raise FileProblem("there is one already") from None
    except NotADirectory:
        raise FileProblem("not a directory") from None
    except IsADirectory:
        raise FileProblem("is a directory") from None
    except DiskFull:
        raise FileProblem("the disk is full") from None
    except DirectoryNotEmpty:
        raise FileProblem("the directory is not empty") from None
    except Dead:
        raise FileProblem("its node or its service is gone") from None
    finally:
        if gate != NO_HANDLE:
            close(gate)


def inside_too(other: Text, gate: u64) -> Text:
    """What the file service with that gate calls another path. Raises AnotherFileSystem."""
    absolute(other, work.other)
    covered, there = follow(Naming(given(NAMING)), work.other.text)
    try:
        if not lead_together(gate, there):
            raise AnotherFileSystem("not in the same file system")
        return rest_of(work.other.text, covered)
    finally:
        close(there)


def lead_together(gate: u64, other: u64) -> bool:
    """Whether two gates are to the same service. (A node has one port for each that it knows, its own or far away.)"""
    one = Info()
    two = Info()
    read_info(gate, one)
    read_info(other, two)
    return one.words[PORT_OF_GATE] == two.words[PORT_OF_GATE] and one.words[BADGE] == two.words[BADGE]


def is_same_file_plainly(files: Files, path: Text, other: Text, _: u64) -> u64:
    """1 if it is."""
    inode = files.describe(path, True).inode
    return u64(inode == files.describe(other, True).inode)


def is_same_file(path: Text, other: Text) -> bool:
    """Whether both paths lead to one file; False also if one leads nowhere."""
    try:
        return perform(is_same_file_plainly, path, other) == 1
    except Exception:
        return False


# ---- opening ----


def open_plainly(files: Files, path: Text, _: Text, flags: u64) -> u64:
    """Raises the service's errors, as all these do."""
    return files.open(path, OpenFlag(flags)).handle


def open_file(path: Text, flags: u64) -> File:
    """Open a file; its gate is a Stream's too. Close it when done."""
    return File(perform(open_plainly, path, "", flags))


# ---- describing ----


def describe_plainly(files: Files, path: Text, _: Text, follow: u64) -> u64:
    """Leaves the answer in `work`."""
    work.info = files.describe(path, follow != 0)
    return 0


def describe(path: Text, follows: bool = True) -> FileInfo:
    """What a file is. Good until the next call; a symbolic link at the end is followed or described itself.

    What is no file but has names below it, `/nodes` for instance, passes for a directory; a name is a SERVICE.
    """
    try:
        perform(describe_plainly, path, "", u64(follows))
        return work.info
    except FileProblem:
        is_directory_like = is_directory_of_names(path)
    absolute(path, work.path)
    if is_directory_like or (is_service_name(work.path.text) and is_name(path)):
        mode = u64(DIRECTORY | 0o755 if is_directory_like else SERVICE | 0o666)
        work.info = FileInfo(0, mode, 1, 0, 0, 0, 0, 0, 0, 0)  # in no file system
    else:
        perform(describe_plainly, path, "", u64(follows))  # for its error
    return work.info


def is_directory(path: Text) -> bool:
    """Whether the path leads to a directory; False also if it leads nowhere."""
    try:
        return describe(path).mode & KIND == DIRECTORY
    except Exception:
        return False


def read_link_plainly(files: Files, path: Text, _: Text, size: u64) -> u64:
    """Leaves the target in `work.other`."""
    work.other.used = files.read_link(path, work.other.data[0:size])
    return 0


def read_link(path: Text) -> Text:
    """The target of a symbolic link. Good until the next call."""
    perform(read_link_plainly, path, "", PATH_SIZE)
    return work.other.text


def space_plainly(files: Files, _: Text, __: Text, ___: u64) -> u64:
    """Leaves the answer in `work`."""
    work.space = files.space()
    return 0


def space_of(path: Text) -> SpaceInfo:
    """What the file system has that the path lies in. Good until the next call."""
    perform(space_plainly, path)
    return work.space


# ---- changing ----


def make_directory_plainly(files: Files, path: Text, _: Text, __: u64) -> u64:
    """A new directory."""
    files.make_directory(path)
    return 0


def make_directory(path: Text) -> None:
    """A new directory."""
    perform(make_directory_plainly, path)


def remove_plainly(files: Files, path: Text, _: Text, __: u64) -> u64:
    """A name less."""
    files.remove(path)
    return 0


def remove(path: Text) -> None:
    """Remove a file's name, and the file with its last one."""
    perform(remove_plainly, path)


def remove_directory_plainly(files: Files, path: Text, _: Text, __: u64) -> u64:
    """A directory less."""
    files.remove_directory(path)
    return 0


def remove_directory(path: Text) -> None:
    """Remove an empty directory."""
    perform(remove_directory_plainly, path)


def rename_plainly(files: Files, path: Text, other: Text, _: u64) -> u64:
    """Another name."""
    files.rename(path, other)
    return 0


def rename(old: Text, new: Text) -> None:
    """Give a file another name, in place of what has that name; both in the same file system."""
    perform(rename_plainly, old, new)


def link_plainly(files: Files, path: Text, other: Text, _: u64) -> u64:
    """A name more."""
    files.link(path, other)
    return 0


def link(old: Text, new: Text) -> None:
    """Give a file a second name."""
    perform(link_plainly, old, new)


def symbolic_link_plainly(files: Files, path: Text, _: Text, __: u64) -> u64:
    """A link to what `work.target` says."""
    files.make_link(work.target.text, path)
    return 0


def symbolic_link(text: Text, path: Text) -> None:
    """A file that stands for another path, which is kept as it is."""
    work.target.set(text)
    perform(symbolic_link_plainly, path)


def touch_plainly(files: Files, path: Text, _: Text, now: u64) -> u64:
    """Set both times."""
    files.set_times(path, now, now)
    return 0


def touch(path: Text, now: u64) -> None:
    """Set the times of access and modification, in nanoseconds since 1970."""
    perform(touch_plainly, path, "", now)


def sync_plainly(files: Files, _: Text, __: Text, ___: u64) -> u64:
    """Write everything out."""
    files.sync()
    return 0


def sync(path: Text = "/") -> None:
    """Return when everything that was written is on the disk."""
    perform(sync_plainly, path)
