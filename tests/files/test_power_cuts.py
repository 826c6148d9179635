"""Power cuts: at every write of a workload the power goes, sectors torn and reordered back to the last flush.

Then our mount replays the journal and `e2fsck -fn` finds nothing; on another copy `e2fsck -fy` replays it, and comes to
the same tree; what was synced before the cut is there.
"""

from __future__ import annotations

import random
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.files import judges
from tests.files.disks import RecordingDisk
from tests.files.plain import Loader
from tests.files.systems import System

Tree = dict[str, Any]


class Workload:
    """Random operations on a recording disk; it knows what must be there after a cut at any place of the log."""

    def __init__(self, image: bytes, seed: int, loader: Loader | None = None) -> None:
        self.chosen = random.Random(seed)
        self.system = System(image, RecordingDisk, loader=loader)
        assert isinstance(self.system.disk, RecordingDisk)
        self.disk = self.system.disk
        self.synced: list[tuple[int, Tree]] = []  # at which place of the log everything was safe, and what that was
        self.touched: list[tuple[int, str]] = []  # which path was changed when
        self.paths: list[str] = []
        self.serial = 0

    def sync(self) -> None:
        self.system.sync()
        self.synced.append((len(self.disk.log), self.system.tree()))

    def run(self, steps: int, sync_each: float) -> None:
        self.disk.restart()
        self.synced = [(0, self.system.tree())]
        self.touched = []
        for _ in range(steps):
            with suppress(self.system.errors.DiskFull):
                self.chosen.choice(
                    (self.create, self.create, self.write, self.cut, self.remove, self.move, self.nest)
                )()
            if self.chosen.random() < sync_each:
                self.sync()

    def touch(self, *paths: str) -> None:
        self.touched += [(len(self.disk.log), path) for path in paths]

    def new_path(self) -> str:
        self.serial += 1
        return f"{self.chosen.choice(('', '/dir', '/dir'))}/file{self.serial}"

    def some_path(self) -> str:
        return self.chosen.choice(self.paths) if self.paths else self.create()

    def contents(self) -> bytes:
        return self.chosen.randbytes(self.chosen.choice((10, 900, 3000, 20000)))

    def create(self) -> str:
        path = self.new_path()
        self.touch(path)
        self.system.write(self.system.create(path), self.chosen.choice((0, 0, 50000)), self.contents())
        self.paths.append(path)
        return path

    def write(self) -> None:
        path = self.some_path()
        self.touch(path)
        self.system.write(path, self.chosen.choice((0, 500, 10000)), self.contents())

    def cut(self) -> None:
        path = self.some_path()
        self.touch(path)
        self.system.truncate(path, self.chosen.choice((0, 700, 30000)))

    def remove(self) -> None:
        path = self.some_path()
        self.touch(path)
        self.paths.remove(path)
        self.system.remove(path)

    def move(self) -> None:
        """Rename, half of the time over another file."""
        old = self.some_path()
        new = self.some_path() if self.chosen.random() < 0.5 else self.new_path()
        self.touch(old, new)
        if new != old:
            self.system.rename(old, new)
            self.paths.remove(old)
        self.paths = [*(path for path in self.paths if path != new), new]

    def nest(self) -> None:
        """A directory comes, becomes large enough to have more than one block, and goes."""
        self.serial += 1
        path = f"/nest{self.serial}"
        names = [f"{path}/{letter * 200}" for letter in "abcdefgh"]
        self.touch(path, *names)
        self.system.mkdir(path)
        for name in names:
            self.system.create(name)
        if self.chosen.random() < 0.7:
            for name in names:
                self.system.remove(name)
            self.system.rmdir(path)

    # ---- what a cut must leave ----

    def expected(self, count: int) -> Tree:
        """What must be there if only so many entries of the log were written: synced, and left alone since."""
        place, tree = max((item for item in self.synced if item[0] <= count), key=lambda item: item[0])
        touched = {path for when, path in self.touched if place <= when <= count}
        return {path: contents for path, contents in tree.items() if path not in touched}

    def check(self, count: int, seed: int, path: Path) -> None:
        """Cut the power after so many entries, and judge."""
        image = self.disk.cut_after(count, random.Random(seed))
        system = System(image)
        tree = system.tree()
        expected = self.expected(count)
        lost = [name for name, contents in expected.items() if name not in tree or tree[name] != contents]
        assert not lost, f"cut {count}, seed {seed}: lost {lost}"
        assert not judges.complaints(path, system.unmount()), f"cut {count}, seed {seed}"
        judges.repair(path, image)
        assert not judges.complaints(path), f"cut {count}, seed {seed}: after e2fsck's own replay"
        assert System(path.read_bytes()).tree() == tree, f"cut {count}, seed {seed}: e2fsck came to another tree"


def prepared(
    folder: Path, seed: int, block_size: int, size: int, room: int, *damage: tuple[str, str, str]
) -> Workload:
    """A workload whose log has only so much room left: its end, a checkpoint, its beginning are in what is recorded."""
    workload = Workload(judges.make(folder / "made.img", size, block_size, "-N", "64"), seed, Loader(*damage))
    workload.system.mkdir("/dir")
    for _ in range(4):
        workload.create()
    number = 0
    while workload.system.volume.journal.room > room:
        workload.system.write(workload.paths[0], number, b"x")
        workload.system.sync()
        number += 1
    return workload


def test_every_cut_of_a_small_workload(scratch: Path) -> None:
    workload = prepared(scratch, 1, 1024, 2048, 230)
    before = workload.system.volume.journal.head
    workload.run(75, 0.25)
    assert workload.system.volume.journal.head < before, "the log did not come to its end: lengthen the workload"
    for count in range(len(workload.disk.log) + 1):
        workload.check(count, count, scratch / "cut.img")


def test_every_cut_of_a_recovery(scratch: Path) -> None:
    """The power goes again while the mount replays the journal and finishes orphans."""
    workload = prepared(scratch, 2, 1024, 2048, 400)
    workload.run(40, 0.3)
    inode = workload.system.create("/open")
    workload.system.open[inode] = 1
    workload.system.write(inode, 0, b"gone" * 20_000)
    workload.system.remove("/open")
    workload.system.sync()
    image = bytes(workload.disk.image)
    whole = System(image, RecordingDisk)
    disk, tree = whole.disk, whole.tree()
    assert isinstance(disk, RecordingDisk) and any("replayed" in line for line in whole.printed)
    assert any("1 files without a name" in line for line in whole.printed)
    assert len(disk.log) > 8, "the recovery wrote too little to be cut"
    for count in range(len(disk.log) + 1):
        for seed in range(3):
            again = System(disk.cut_after(count, random.Random(seed)))
            assert again.tree() == tree, f"cut {count}, seed {seed}"
            assert not judges.complaints(scratch / "cut.img", again.unmount()), f"cut {count}, seed {seed}"


@pytest.mark.long
@pytest.mark.parametrize("seed", range(40))
def test_every_cut_of_many_workloads(scratch: Path, seed: int) -> None:
    block_size, size = ((1024, 2048), (1024, 4096), (2048, 5120), (4096, 8192))[seed % 4]
    workload = prepared(scratch, seed, block_size, size, 230 if seed % 3 else 1000)
    workload.run(100, 0.2)
    for count in range(len(workload.disk.log) + 1):
        workload.check(count, seed * 100_000 + count, scratch / "cut.img")


DAMAGE = {
    "contents after the commit": ("transactions", "volume.cache.write_all(DIRTY)", "pass"),
    "no flush before the commit block": ("log", "    volume.cache.flush()\n    start_block", "    start_block"),
    "no flush before the log begins anew": (
        "transactions", "(COMMITTED)\n        volume.cache.flush()\n        if", "(COMMITTED)\n        if"
    ),
    "no revoke records": ("allocation", "if is_metadata and", "if False and"),
    "blocks used again too early": ("volume", "if self.first[index] <= block < self.after[index]:", "if False:"),
}


@pytest.mark.parametrize(
    "what", [pytest.param(what, marks=[pytest.mark.long] if "anew" in what else []) for what in DAMAGE]
)
def test_damage_is_found(scratch: Path, what: str) -> None:
    module, old, new = DAMAGE[what]
    for seed in range(10):
        workload = prepared(scratch, seed, 1024, 2048, 230, (f"atoll.servers.files.{module}", old, new))
        workload.run(75, 0.25)
        try:
            for count in range(len(workload.disk.log) + 1):
                workload.check(count, count, scratch / "cut.img")
        except Exception as found:  # lost data, a complaint of e2fsck, a damaged file system that cannot be mounted
            print(f"seed {seed}, cut {count}: {type(found).__name__}: {found}"[:300])
            return
    pytest.fail("nothing was found")
