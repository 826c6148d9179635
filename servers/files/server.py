"""The file service's answers: from messages to operations on the volume, and what is done when nobody asks."""

from atoll.abi.calls import NO_TIMEOUT
from atoll.abi.types import Bytes, Slice, Text, i64, signed, u8, u64, unsigned
from atoll.servers.files import contents, directories, inodes, mount, operations, truncation
from atoll.servers.files.device import Device
from atoll.servers.files.handles import OpenFile, OpenFiles
from atoll.servers.files.interface import (
    CannotMount,
    File,
    FileInfo,
    Files,
    InputOutputError,
    IsADirectory,
    NotADirectory,
    NotPermitted,
    OpenFlag,
    SpaceInfo,
    Whence,
)
from atoll.servers.files.time_of_day import TimeOfDay
from atoll.servers.files.volume import Volume
from atoll.servers.stream.interface import Stream, StreamError
from atoll.userland.runtime.interface import ServiceError, call
from atoll.userland.runtime.kernel_calls import clock
from atoll.userland.runtime.service import loop
from atoll.userland.runtime.state import StateReader, StateRefused, StateWriter

STATE_VERSION = 1
SECOND = 1_000_000_000  # nanoseconds
COMMIT_AFTER = 5 * SECOND  # what was written is made durable after so long, if nobody asks for it
FILE_PERMISSIONS = 0o644
DIRECTORY_PERMISSIONS = 0o755
PERMISSIONS = 0o7777


class FileServer(Files, File, Stream):
    """One volume and its open files."""

    volume: Volume
    device: Device
    pool: Slice[u8]  # memory of the cache
    files: OpenFiles
    time: TimeOfDay
    is_home: bool  # nothing of the volume is in memory only: it is not mounted
    changed_at: u64  # nanoseconds since power-on; 0: nothing is waiting to be made durable

    # ---- time ----

    def now(self) -> u64:
        """Nanoseconds since 1970."""
        return self.time.now()

    def changing(self) -> u64:
        """The same, of an operation that changes something."""
        if self.changed_at == 0:
            self.changed_at = clock() + 1
        return self.now()

    def timeout(self) -> u64:
        if self.changed_at == 0:
            return NO_TIMEOUT
        due = self.changed_at + COMMIT_AFTER
        return due - min(clock(), due)

    def timed_out(self) -> None:
        try:
            self.sync_volume()
        except InputOutputError as error:
            print(f"files: the disk has failed: {error}")

    def sync_volume(self) -> None:
        """Make all durable."""
        self.changed_at = 0
        mount.sync(self.volume)

    # ---- paths ----

    def open(self, path: Text, flags: OpenFlag) -> File:
        self.files.require_room()
        if flags & OpenFlag.CREATE != 0:
            exclusive = flags & OpenFlag.EXCLUSIVE != 0
            inode = operations.create_file(self.volume, path.encode(), FILE_PERMISSIONS, exclusive, self.changing())
        else:
            inode = operations.look_up(self.volume, path.encode())
        if inodes.is_directory(self.volume, inode):
            if flags & (OpenFlag.WRITE | OpenFlag.TRUNCATE) != 0:
                raise IsADirectory(path)
            flags = OpenFlag(0)  # its contents are for `list`
        elif flags & OpenFlag.TRUNCATE != 0:
            truncation.truncate(self.volume, inode, 0, self.changing())
        opened = self.files.add(inode, flags)
        return File(loop.port.mint(opened.badge, True).handle)

    def describe(self, path: Text, follow: bool) -> FileInfo:
        return inodes.describe(self.volume, operations.look_up(self.volume, path.encode(), follow))

    def make_directory(self, path: Text) -> None:
        operations.make_directory(self.volume, path.encode(), DIRECTORY_PERMISSIONS, self.changing())

    def make_link(self, target: Text, path: Text) -> None:
        operations.make_link(self.volume, target.encode(), path.encode(), self.changing())

    def link(self, old: Text, path: Text) -> None:
        operations.link(self.volume, old.encode(), path.encode(), self.changing())

    def remove(self, path: Text) -> None:
        self.let_go(operations.remove(self.volume, path.encode(), self.changing()))

    def remove_directory(self, path: Text) -> None:
        self.let_go(operations.remove_directory(self.volume, path.encode(), self.changing()))

    def rename(self, old: Text, new: Text) -> None:
        self.let_go(operations.rename(self.volume, old.encode(), new.encode(), self.changing()))

    def read_link(self, path: Text, into: Slice[u8]) -> u64:
        return operations.read_link(self.volume, path.encode(), into)

    def list(self, path: Text, position: u64, into: Slice[u8]) -> u64:
        inode = operations.look_up(self.volume, path.encode())
        if not inodes.is_directory(self.volume, inode):
            raise NotADirectory(path)
        return directories.list_entries(self.volume, inode, position, into)

    def set_mode(self, path: Text, permissions: u64) -> None:
        inode = operations.look_up(self.volume, path.encode())
        inodes.set_mode(self.volume, inode, permissions & PERMISSIONS, self.changing())

    def set_times(self, path: Text, accessed: u64, modified: u64) -> None:
        inode = operations.look_up(self.volume, path.encode())
        inodes.set_times(self.volume, inode, accessed, modified, self.changing())

    def space(self) -> SpaceInfo:
        return mount.space(self.volume)

    def let_go(self, inode: u64) -> None:
        """It has lost its last name: delete it, unless somebody has it open. 0: nothing has."""
        if inode != 0 and not self.files.is_open(inode):
            inodes.delete(self.volume, inode, self.changing())

    # ---- open files ----

    def opened(self, flag: OpenFlag) -> OpenFile:
        """The file that the call is about, which must be open for that. Raises StaleFile, NotPermitted."""
        found = self.files.of(call.badge)
        if found.flags & flag == 0:
            raise NotPermitted("the file was not opened for that")
        return found

    def read_at(self, offset: u64, into: Slice[u8]) -> u64:
        return contents.read(self.volume, self.opened(OpenFlag.READ).inode, offset, into)

    def write_at(self, offset: u64, data: Bytes) -> u64:
        return contents.write(self.volume, self.opened(OpenFlag.WRITE).inode, offset, data, self.changing())

    def seek(self, offset: i64, whence: Whence) -> u64:
        found = self.files.of(call.badge)
        start: u64 = 0
        if whence == Whence.HERE:
            start = found.offset
        elif whence == Whence.END:
            start = contents.size_of_file(self.volume, found.inode)
        if signed(start) + offset < 0:
            raise NotPermitted("before the beginning of the file")
        found.offset = unsigned(signed(start) + offset)
        return found.offset

    def truncate(self, size: u64) -> None:
        truncation.truncate(self.volume, self.opened(OpenFlag.WRITE).inode, size, self.changing())

    def info(self) -> FileInfo:
        return inodes.describe(self.volume, self.files.of(call.badge).inode)

    def sync(self) -> None:
        if call.badge != 0:                     # an open file's: nothing of it may have died with another
            self.files.of(call.badge)
        self.sync_volume()

    # ---- streams ----

    def read(self, into: Slice[u8]) -> u64:
        try:
            found = self.opened(OpenFlag.READ)
            size = contents.read(self.volume, found.inode, found.offset, into)
            found.offset += size
            return size
        except ServiceError as error:
            raise StreamError(f"{error}") from None

    def write(self, data: Bytes) -> u64:
        try:
            found = self.opened(OpenFlag.WRITE)
            if found.flags & OpenFlag.APPEND != 0:
                found.offset = contents.size_of_file(self.volume, found.inode)
            size = contents.write(self.volume, found.inode, found.offset, data, self.changing())
            found.offset += size
            return size
        except ServiceError as error:
            raise StreamError(f"{error}") from None

    # ---- what every server has ----

    def last_handle(self, badge: u64) -> None:
        item = self.files.items[badge % u64(len(self.files.items))]
        if item.badge != badge:
            return
        item.badge = 0
        try:
            if inodes.has_no_name(self.volume, item.inode):
                self.let_go(item.inode)
        except ServiceError as error:
            print(f"files: a file could not be deleted: {error}")

    def mount_volume(self, handed_over: bool = False) -> None:
        """Raises CannotMount, InputOutputError. `handed_over`: our open files may have lost their names."""
        mount.mount(self.volume, self.device, self.pool, self.now(), handed_over)
        self.is_home = False

    def export_state(self, writer: StateWriter) -> None:
        writer.number(STATE_VERSION)
        self.files.export(writer)
        try:
            self.finish_volume()
        except InputOutputError as error:
            raise StateRefused(f"{error}") from None

    def finish_volume(self) -> None:
        """Bring everything home: only the table of open files is in memory then."""
        self.changed_at = 0
        mount.unmount(self.volume, self.now())
        self.is_home = True

    def import_state(self, reader: StateReader) -> None:
        if reader.number() != STATE_VERSION:
            raise StateRefused("open files of another version")
        self.files.adopt(reader)
        try:
            self.mount_volume(True)
        except (CannotMount, InputOutputError) as error:
            raise StateRefused(f"{error}") from None

    def resumed(self) -> None:
        if not self.is_home:
            return
        try:
            self.mount_volume(True)
        except (CannotMount, InputOutputError) as error:
            print(f"files: {error}")

    def finish(self) -> None:
        try:
            self.finish_volume()
        except InputOutputError as error:
            print(f"files: {error}")
