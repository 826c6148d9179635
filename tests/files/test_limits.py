"""Limits and trouble: full disks, largest files, files without a name, a disk that fails, images that are damaged."""

from __future__ import annotations

import random
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from tests.files import judges
from tests.files.systems import System


@pytest.fixture
def small(scratch: Path) -> System:
    """2 MiB with 64 inodes, about 950 KiB of it free."""
    return System(judges.make(scratch / "made", 2048, 1024, "-N", "64"))


def space(system: System) -> tuple[int, int]:
    found = system.mounting.space(system.volume)
    return found.free_blocks, found.free_inodes


def clean(scratch: Path, system: System) -> None:
    assert not judges.complaints(scratch / "judged", system.unmount())


# ---- full ----


def test_a_full_disk_is_an_error_and_nothing_is_lost(scratch: Path, small: System) -> None:
    before = space(small)
    small.write(small.create("/kept"), 0, b"kept" * 1000)
    small.create("/filler")
    written = 0
    with pytest.raises(small.errors.DiskFull):
        while True:
            written += small.write("/filler", written, b"f" * 3000)
    assert space(small)[0] == 0 and small.stat("/filler").size == written
    for change in (
        lambda: small.mkdir("/d"), lambda: small.symlink("t" * 70, "/s"), lambda: small.write("/kept", 9000, b"x"),
    ):  # fmt: skip
        with pytest.raises(small.errors.DiskFull):
            change()
    small.symlink("short", "/s")  # takes no block
    small.sync()
    small.write("/kept", 0, b"K")  # in place
    assert small.read("/kept") == b"K" + b"ept" + b"kept" * 999
    small.remove("/filler")
    small.write(small.create("/after"), 0, b"a" * 500_000)  # room that was freed a moment ago
    assert small.read("/after") == b"a" * 500_000
    for name in ("kept", "s", "after"):
        small.remove(f"/{name}")
    assert space(small) == before
    clean(scratch, small)


def test_a_full_directory_block_on_a_full_disk(scratch: Path, small: System) -> None:
    """No room for another entry: what was begun is undone."""
    small.create("/filler")
    for number in range(3):
        small.create(f"/{number}" + "n" * 250)
    written = 0
    with pytest.raises(small.errors.DiskFull):
        while True:
            written += small.write("/filler", written, b"f" * 1024)
    before, names = space(small), small.names("/")
    for change in (
        lambda: small.create("/x" + "n" * 250), lambda: small.mkdir("/x" + "n" * 250),
        lambda: small.link("/filler", "/x" + "n" * 250), lambda: small.symlink("t" * 10, "/x" + "n" * 250),
        lambda: small.rename("/filler", "/x" + "n" * 250),
    ):  # fmt: skip
        with pytest.raises(small.errors.DiskFull):
            change()
    assert (space(small), small.names("/")) == (before, names)
    clean(scratch, small)


def test_no_free_inode(scratch: Path, small: System) -> None:
    before = space(small)
    made = 0
    with pytest.raises(small.errors.DiskFull):
        while True:
            small.create(f"/f{made}", exclusive=True)
            made += 1
    assert space(small)[1] == 0 and made == before[1]
    with pytest.raises(small.errors.DiskFull):
        small.mkdir("/d")
    with pytest.raises(small.errors.DiskFull):
        small.symlink("t", "/s")
    for number in range(made):
        small.remove(f"/f{number}")
    assert space(small)[1] == before[1]
    clean(scratch, small)


# ---- large ----


@pytest.mark.parametrize("block_size", [1024, 2048, 4096])
def test_triple_indirect_blocks(scratch: Path, block_size: int) -> None:
    """Sparse files with a bit of data behind each level's first and last block."""
    system = System(judges.make(scratch / "made", {1024: 4096, 2048: 8192, 4096: 16384}[block_size], block_size))
    per = block_size // 4
    before = space(system)
    ends = [12, 12 + per, 12 + per + per * per]
    places = [(end + step) * block_size - 3 for end in ends for step in (0, 1)]
    places.append(min(12 + per + per**2 + per**3, 400_000_000) * block_size - 6)
    inode = system.create("/large")
    for number, place in enumerate(places):
        assert system.write(inode, place, b"data%d" % number) == 5
    size = places[-1] + 5
    assert system.stat("/large").size == size
    system = System(system.unmount())
    for number, place in enumerate(places):
        assert system.read("/large", place - 2, 9)[:7] == b"\0\0data%d" % number
    assert system.read("/large", 5 * block_size, 4) == b"\0" * 4
    assert not judges.complaints(scratch / "judged", system.unmount())
    assert f"Size: {size}" in judges.debugfs(scratch / "judged", "stat large").replace("   ", " ")
    system = System((scratch / "judged").read_bytes())
    for place in reversed(places):
        system.truncate("/large", place + 2)
        assert system.read("/large", place, 10) == b"da"
        assert not judges.complaints(scratch / "judged", bytes(System(system.unmount()).unmount()))
        system = System((scratch / "judged").read_bytes())
    system.truncate("/large", 0)
    system.remove("/large")
    assert space(system) == before
    clean(scratch, system)


def test_past_the_largest_size(small: System) -> None:
    inode = small.create("/f")
    largest = (12 + 256 + 256**2 + 256**3) * 1024
    for change in (
        lambda: small.write(inode, largest - 1, b"xx"), lambda: small.write(inode, 2**63, b"x"),
        lambda: small.truncate(inode, largest + 1),
    ):  # fmt: skip
        with pytest.raises(small.errors.FileTooLarge):
            change()
    assert small.write(inode, largest - 1, b"x") == 1
    small.truncate(inode, largest)
    assert small.read(inode, largest - 2, 10) == b"\0x"


def test_a_large_file_is_deleted_in_steps_that_fit_the_journal(scratch: Path) -> None:
    system = System(judges.make(scratch / "made", 20_000))
    before = space(system)
    inode = system.create("/f")
    block = b"b" * 1024
    other = system.create("/other")
    for number in range(2000):  # the blocks of two files in turn, so that extents do not merge
        system.write(inode, number * 1024, block)
        system.write(other, number * 1024, block)
    system.write(inode, 60_000_000, block * 1000)
    system.sync()
    system.remove("/f")
    assert system.read(other) == block * 2000
    system.remove("/other")
    assert space(system) == before
    clean(scratch, system)


# ---- names and links ----


def test_too_many_links(scratch: Path) -> None:
    path = scratch / "made"
    judges.make(path, 4096)
    (scratch / "one").write_bytes(b"1")
    commands = (f"write {scratch}/one f", "mkdir d", "sif f links_count 31999", "sif d links_count 32000")
    judges.debugfs(path, *commands, write=True)
    system = System(path.read_bytes())
    system.link("/f", "/g")
    with pytest.raises(system.errors.TooManyLinks):
        system.link("/f", "/h")
    with pytest.raises(system.errors.TooManyLinks):
        system.mkdir("/d/x")
    system.mkdir("/e")
    with pytest.raises(system.errors.TooManyLinks):
        system.rename("/e", "/d/e")
    assert sorted(system.names("/")) == ["d", "e", "f", "g", "lost+found"]


def test_eight_symbolic_links_and_nine(small: System) -> None:
    small.mkdir("/d")
    small.symlink("/d", "/l1")
    for number in range(2, 10):
        small.symlink(f"l{number - 1}", f"/l{number}")
    small.create("/l8/file")
    assert small.read("/d/file") == b""
    with pytest.raises(small.errors.TooManySymbolicLinks):
        small.create("/l9/file")
    small.symlink("loop", "/loop")
    with pytest.raises(small.errors.TooManySymbolicLinks):
        small.read("/loop")
    assert small.read_link("/loop") == "loop"


@pytest.mark.parametrize(("path", "error"), [
    ("", "NoSuchFile"), ("/a\0b", "BadName"), ("/" + "x" * 256, "NameTooLong"), ("/x/" * 2000, "NameTooLong"),
    ("/.", "FileExists"), ("/..", "FileExists"), ("/", "FileExists"), ("/none/x", "NoSuchFile"),
    ("/f/x", "NotADirectory"),
])  # fmt: skip
def test_paths_that_are_no_good(small: System, path: str, error: str) -> None:
    small.create("/f")
    with pytest.raises(Exception) as raised:
        small.mkdir(path)
    assert raised.type.__name__ == error


def test_a_symbolic_links_target_has_its_limits(scratch: Path, small: System) -> None:
    small.symlink("t" * 1023, "/longest")
    assert small.read_link("/longest") == "t" * 1023
    with pytest.raises(small.errors.NameTooLong):
        small.symlink("t" * 1024, "/longer")
    with pytest.raises(small.errors.BadName):
        small.symlink("", "/empty")
    clean(scratch, small)


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
