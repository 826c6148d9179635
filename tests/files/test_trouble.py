"""Trouble: files without a name, a disk that fails, images that are damaged."""

from __future__ import annotations

import random
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from tests.files import judges
from tests.files.systems import System, clean, space

# ---- files without a name ----


def open_and_removed(system: System) -> int:
    inode = system.create("/f")
    system.write(inode, 0, b"still there" * 1000)
    system.open[inode] = 1
    system.remove("/f")
    return inode


def test_a_removed_file_lives_while_it_is_open(scratch: Path, small: System) -> None:
    before = space(small)
    inode, other = open_and_removed(small), small.create("/other")
    small.open[other] = 1
    small.remove("/other")
    small.write(inode, 5, b"THERE")
    assert small.read(inode)[:12] == b"stillTHEREes"[:10] + small.read(inode)[10:12]
    for number in (inode, other):  # the second on the list first, then the first
        small.open[number] = 0
        small.let_go(number)
    assert space(small) == before
    clean(scratch, small)


def test_a_file_without_a_name_is_cut_off(scratch: Path, small: System) -> None:
    """It is on the list of orphans already, and others stay on it."""
    first = open_and_removed(small)
    second = open_and_removed(small)
    small.truncate(second, 10)
    small.sync()
    again = System(bytes(small.disk.image))
    assert any("2 files without a name" in line for line in again.printed)
    clean(scratch, again)
    for number in (first, second):
        small.open[number] = 0
        small.let_go(number)
    clean(scratch, small)


def test_it_is_deleted_after_a_power_cut(scratch: Path, small: System) -> None:
    before = space(small)
    open_and_removed(small)
    small.sync()
    again = System(bytes(small.disk.image))
    assert any("1 files without a name" in line for line in again.printed)
    assert space(again) == before
    clean(scratch, again)


def test_it_is_kept_when_the_volume_is_handed_over(scratch: Path, small: System) -> None:
    inode = open_and_removed(small)
    image = small.unmount()
    successor = System(image, handed_over=True)
    assert successor.read(inode) == b"still there" * 1000
    successor.let_go(inode)
    clean(scratch, successor)


# ---- a disk that fails ----


def test_a_sector_that_cannot_be_read(scratch: Path) -> None:
    system = System(judges.make(scratch / "made", 4096))
    contents = random.Random(1).randbytes(20_000)
    inode = system.create("/f")
    system.write(inode, 0, contents)
    image = system.unmount()
    system = System(image)
    system.disk.bad_sectors = {image.index(contents[5 * 1024 : 6 * 1024]) // 512}
    with pytest.raises(system.errors.InputOutputError):
        system.read("/f")
    assert system.read("/f", 0, 5 * 1024) == contents[: 5 * 1024]
    system.write("/f", 0, b"x")
    system.mkdir("/d")
    system.disk.bad_sectors = set()
    assert system.read("/f") == b"x" + contents[1:]
    assert not system.printed
    clean(scratch, system)


def test_a_disk_that_cannot_be_written(scratch: Path, small: System) -> None:
    """The caller learns it, it is said once, and the last commit is what a later mount finds."""
    small.write(small.create("/safe"), 0, b"safe" * 500)
    small.sync()
    small.write(small.create("/lost"), 0, b"lost" * 500)
    small.disk.bad_writes = True
    for _ in range(2):
        with pytest.raises(small.errors.InputOutputError):
            small.sync()
    assert len([line for line in small.printed if "can only be read" in line]) == 1
    small.disk.bad_writes = False
    for change in (
        lambda: small.create("/x"), lambda: small.write("/safe", 0, b"x"), lambda: small.truncate("/safe", 0),
    ):  # fmt: skip
        with pytest.raises(small.errors.ReadOnly):
            change()
    with pytest.raises(small.errors.InputOutputError):
        small.sync()
    assert small.read("/safe") == b"safe" * 500
    small.unmount()
    again = System(bytes(small.disk.image))
    assert again.names("/").keys() == {"lost+found", "safe"}
    assert again.read("/safe") == b"safe" * 500
    clean(scratch, again)


def test_what_was_there_can_be_read_when_nothing_can_be_written(scratch: Path) -> None:
    """More than the cache holds, while it is full of what will never get to the disk."""
    system = System(judges.make(scratch / "made", 8192))
    contents = random.Random(2).randbytes(600_000)
    system.write(system.create("/f"), 0, contents)
    system.sync()
    for number in range(6):
        system.create(f"/e{number}")
    system.write("/e0", 0, b"lost" * 30_000)
    system.disk.bad_writes = True
    with pytest.raises(system.errors.InputOutputError):
        system.sync()
    system.disk.bad_writes = False
    writes = system.disk.writes
    for _ in range(2):
        assert system.read("/f") == contents
    assert system.names("/").keys() == {"lost+found", "f", *(f"e{number}" for number in range(6))}
    system.unmount()
    assert system.disk.writes == writes, "it wrote after it had said that it would not"
    clean(scratch, System(bytes(system.disk.image)))


def test_an_operation_that_fails_half_way_is_never_committed(scratch: Path) -> None:
    """No bitmap of blocks can be read in the middle of a change: the file system can only be read from then on."""
    image = judges.make(scratch / "made", 20_000)
    bitmaps = [int.from_bytes(image[place : place + 4], "little") for place in (2048, 2080, 2112)]
    system = System(image)
    system.disk.bad_sectors = {bitmap * 2 for bitmap in bitmaps}
    with pytest.raises(system.errors.InputOutputError):
        system.mkdir("/d")
    system.disk.bad_sectors = set()
    with pytest.raises(system.errors.ReadOnly):
        system.create("/f")
    assert len([line for line in system.printed if "failed half-way" in line]) == 1
    system.unmount()
    again = System(bytes(system.disk.image))
    assert list(again.names("/")) == ["lost+found"]
    clean(scratch, again)


# ---- damaged images ----


@cache
def filled() -> tuple[bytes, list[int]]:
    """An image with something of everything, and where its metadata is."""
    with TemporaryDirectory() as folder:
        system = System(judges.make(Path(folder) / "made", 2048, 1024, "-N", "64"))
    system.mkdir("/d")
    for number in range(8):
        system.write(system.create(f"/d/f{number}"), 0, bytes([number]) * 20_000)
        system.symlink("x" * (40 + 40 * (number % 2)), f"/d/s{number}")
    image = system.unmount()
    places = [place for place in range(1024, 40 * 1024) if image[place] != 0]
    return image, places


def poke(system: System) -> None:
    """Do all kinds of things."""
    for change in (
        system.tree, lambda: system.mkdir("/new"), lambda: system.write("/d/f1", 300_000, b"x" * 3000),
        lambda: system.remove("/d/f0"), lambda: system.truncate("/d/f2", 5), lambda: system.rename("/d/f3", "/d/f4"),
        lambda: system.rmdir("/d"), lambda: system.create("/d/made"), system.sync, system.unmount,
    ):  # fmt: skip
        try:
            change()
        except Exception as error:
            assert type(error).__name__ in ALLOWED, f"{type(error).__name__}: {error}"


ALLOWED = {
    "InputOutputError", "NoSuchFile", "NotADirectory", "IsADirectory", "DirectoryNotEmpty", "FileExists", "DiskFull",
    "ReadOnly", "NotPermitted", "NameTooLong", "BadName", "TooManyLinks", "TooManySymbolicLinks", "UnicodeDecodeError",
    "FileTooLarge",
}  # fmt: skip


def damaged(seed: int) -> None:
    print("seed", seed)
    image, places = filled()
    chosen = random.Random(seed)
    broken = bytearray(image)
    for _ in range(chosen.choice((1, 3, 20))):
        broken[chosen.choice(places)] = chosen.choice((0, 1, 255, chosen.randrange(256)))
    try:
        system = System(bytes(broken))
    except Exception as error:
        assert type(error).__name__ in ("CannotMount", "InputOutputError"), f"{type(error).__name__}: {error}"
        return
    poke(system)


def test_a_damaged_image_gives_errors_only() -> None:
    for seed in range(60):
        damaged(seed)


@pytest.mark.long
@pytest.mark.parametrize("first", range(1000, 6000, 500))
def test_many_damaged_images_give_errors_only(first: int) -> None:
    for seed in range(first, first + 500):
        damaged(seed)


def test_statistics_of_the_cache_do_not_drift(small: System) -> None:
    """The counts that the cache keeps are those of its buffers, after a lot of work."""
    chosen: Any = random.Random(7)
    for number in range(60):
        small.write(small.create(f"/f{number % 7}"), chosen.randrange(50_000), chosen.randbytes(3000))
        if number % 9 == 0:
            small.remove(f"/f{number % 7}")
        cache = small.volume.cache
        states = [cache.buffers[place].state for place in range(cache.count)]
        assert (states.count(2), states.count(3)) == (cache.dirty_count, cache.logged_count)
