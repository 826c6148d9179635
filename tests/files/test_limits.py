"""Limits: full disks, the largest files, the longest names, the most links."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.files import judges
from tests.files.systems import System, clean, space

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
