"""A mounted file system in CPython, over a disk in memory, with its operations as methods of bytes."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from tests.files import judges
from tests.files.disks import Disk
from tests.files.plain import Loader

FILES = "atoll.servers.files."
POOL = 256 * 1024
SECOND = 1_000_000_000  # nanoseconds


@cache
def shared_loader() -> Loader:
    """The modules of all tests that do not need their own: what state they have is for one operation only."""
    return Loader()


class System:
    """One incarnation of the file service's core. Time passes by a second and a nanosecond with each operation."""

    def __init__(
        self, image: bytes, disk: type[Disk] = Disk, pool: int = 0, loader: Loader | None = None,
        handed_over: bool = False,
    ) -> None:
        self.loader = loader or shared_loader()
        self.loader.printed.clear()
        self.errors = self.loader.load(FILES + "interface")
        self.operations = self.loader.load(FILES + "operations")
        self.contents = self.loader.load(FILES + "contents")
        self.truncation = self.loader.load(FILES + "truncation")
        self.inodes = self.loader.load(FILES + "inodes")
        self.directories = self.loader.load(FILES + "directories")
        self.mounting = self.loader.load(FILES + "mount")
        self.disk = disk(image, self.loader.load("atoll.servers.block.interface").DeviceError)
        device = self.loader.load(FILES + "device").Device(
            0, len(image) // 512, self.disk.read, self.disk.write, self.disk.flush
        )
        self.volume = self.loader.load(FILES + "volume").Volume()
        self.now = 1_000_000_000 * SECOND
        self.open: dict[int, int] = {}  # inode -> how often it is open
        block_size = 1024 << image[1024 + 24]
        memory = memoryview(bytearray(pool or max(POOL, 128 * block_size)))
        self.mounting.mount(self.volume, device, memory, self.tick(), handed_over)

    def tick(self) -> int:
        self.now += SECOND + 1
        return self.now

    @property
    def printed(self) -> list[str]:
        return self.loader.printed

    # ---- operations on paths ----

    def look_up(self, path: str, follow: bool = True) -> int:
        found: int = self.operations.look_up(self.volume, path.encode(), follow)
        return found

    def stat(self, path: str, follow: bool = False) -> Any:
        return self.inodes.describe(self.volume, self.look_up(path, follow))

    def create(self, path: str, exclusive: bool = False) -> int:
        made: int = self.operations.create_file(self.volume, path.encode(), 0o644, exclusive, self.tick())
        return made

    def mkdir(self, path: str) -> None:
        self.operations.make_directory(self.volume, path.encode(), 0o755, self.tick())

    def symlink(self, target: str, path: str) -> None:
        self.operations.make_link(self.volume, target.encode(), path.encode(), self.tick())

    def read_link(self, path: str) -> str:
        into = memoryview(bytearray(4096))
        return bytes(into[: self.operations.read_link(self.volume, path.encode(), into)]).decode()

    def link(self, old: str, new: str) -> None:
        self.operations.link(self.volume, old.encode(), new.encode(), self.tick())

    def remove(self, path: str) -> None:
        self.let_go(self.operations.remove(self.volume, path.encode(), self.tick()))

    def rmdir(self, path: str) -> None:
        self.let_go(self.operations.remove_directory(self.volume, path.encode(), self.tick()))

    def rename(self, old: str, new: str) -> None:
        self.let_go(self.operations.rename(self.volume, old.encode(), new.encode(), self.tick()))

    def let_go(self, inode: int) -> None:
        """What has no name any more is deleted, unless it is open."""
        if inode and not self.open.get(inode):
            self.inodes.delete(self.volume, inode, self.tick())

    def names(self, path: str) -> dict[str, int]:
        """Names and inodes, without `.` and `..`."""
        return {name: inode for name, inode, _ in self.entries(path) if name not in (".", "..")}

    def entries(self, path: str) -> list[tuple[str, int, int]]:
        into, position = memoryview(bytearray(512)), 0
        found: list[tuple[str, int, int]] = []
        directory = self.look_up(path)
        while True:
            used = self.directories.list_entries(self.volume, directory, position, into)
            if used == 0:
                return found
            place = 0
            while place < used:
                inode = int.from_bytes(into[place : place + 8], "little")
                position = int.from_bytes(into[place + 8 : place + 16], "little")
                kind, size = into[place + 16], into[place + 17]
                found.append((bytes(into[place + 18 : place + 18 + size]).decode(), inode, kind))
                place += (18 + size + 7) // 8 * 8

    # ---- contents ----

    def read(self, where: str | int, offset: int = 0, size: int | None = None) -> bytes:
        inode = self.look_up(where) if isinstance(where, str) else where
        size = self.contents.size_of_file(self.volume, inode) if size is None else size
        into = memoryview(bytearray(size))
        return bytes(into[: self.contents.read(self.volume, inode, offset, into)])

    def write(self, where: str | int, offset: int, data: bytes) -> int:
        inode = self.look_up(where) if isinstance(where, str) else where
        done: int = self.contents.write(self.volume, inode, offset, memoryview(data), self.tick())
        return done

    def truncate(self, where: str | int, size: int) -> None:
        inode = self.look_up(where) if isinstance(where, str) else where
        self.truncation.truncate(self.volume, inode, size, self.tick())

    # ---- all of it ----

    def sync(self) -> None:
        self.mounting.sync(self.volume)

    def unmount(self) -> bytes:
        self.mounting.unmount(self.volume, self.tick())
        return bytes(self.disk.image)

    def tree(self, path: str = "") -> dict[str, Any]:
        """All paths with what they are: the bytes of a file, `("link", target)`, None for a directory."""
        found: dict[str, Any] = {}
        for name in self.names(path or "/"):
            here = f"{path}/{name}"
            kind = self.stat(here).mode & 0xF000
            if kind == 0x4000:
                found |= {here: None} | self.tree(here)
            else:
                found[here] = ("link", self.read_link(here)) if kind == 0xA000 else self.read(here)
        return found


def space(system: System) -> tuple[int, int]:
    """Free blocks and inodes."""
    found = system.mounting.space(system.volume)
    return found.free_blocks, found.free_inodes


def clean(scratch: Path, system: System) -> None:
    """Unmount, and let e2fsck find nothing."""
    assert not judges.complaints(scratch / "judged", system.unmount())
