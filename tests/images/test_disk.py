"""Disks made by images/disk.py: sound to e2fsck, and read back by debugfs and the file service as they were meant."""

from __future__ import annotations

import hashlib
import os
import random
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from atoll.images.disk import Directory, DiskError, Entry, File, Link, make_disk
from atoll.images.ext3_geometry import Geometry, has_superblock, with_indirect
from tests.files import judges
from tests.files.systems import System

BLOCK = 4096
MEBIBYTE = 1 << 20
Tree = dict[str, tuple[str, int, str]]  # path -> kind, permissions, contents


def known(data: bytes) -> str:
    """Contents as a failure can show them."""
    return f"{len(data)} bytes, {hashlib.sha256(data).hexdigest()[:16]}" if len(data) > 64 else repr(data)


def wanted_tree(files: Mapping[str, Entry]) -> Tree:
    """What is to be found on the disk."""
    tree: Tree = {"/lost+found": ("directory", 0o700, "")}
    for path, entry in files.items():
        parents = path.split("/")[1:-1]
        for depth in range(len(parents)):
            tree.setdefault("/" + "/".join(parents[: depth + 1]), ("directory", 0o755, ""))
        match entry:
            case File(data, mode):
                tree[path] = ("file", mode, known(data))
            case Directory(mode):
                tree[path] = ("directory", mode, "")
            case Link(target):
                tree[path] = ("link", 0o777, known(target.encode()))
            case data:
                tree[path] = ("file", 0o644, known(data))
    return tree


def tree_of_debugfs(image: Path, folder: Path) -> Tree:
    """What debugfs copies out of an image."""
    folder.mkdir()
    judges.debugfs(image, f"rdump / {folder}")
    tree: Tree = {}
    for found in sorted(folder.rglob("*")):
        path, mode = f"/{found.relative_to(folder)}", found.lstat().st_mode & 0o7777
        if found.is_symlink():
            tree[path] = ("link", 0o777, known(os.readlink(found).encode()))
        elif found.is_dir():
            tree[path] = ("directory", mode, "")
        else:
            tree[path] = ("file", mode, known(found.read_bytes()))
    return tree


def tree_of_service(image: bytes) -> Tree:
    """What the file service reads from an image."""
    system = System(image)
    tree: Tree = {}
    for path, what in system.tree().items():
        mode = system.stat(path).mode & 0o7777
        if isinstance(what, tuple):
            tree[path] = ("link", mode, known(what[1].encode()))
        else:
            tree[path] = ("directory", mode, "") if what is None else ("file", mode, known(what))
    return tree


def check(folder: Path, files: Mapping[str, Entry], image: bytes) -> Path:
    """All three judges."""
    path = folder / "disk"
    assert not judges.complaints(path, image)
    wanted = wanted_tree(files)
    assert tree_of_debugfs(path, folder / "tree") == wanted
    assert tree_of_service(image) == wanted
    return path


def data_of(size: int) -> bytes:
    """Bytes that say where they belong."""
    return random.Random(size).randbytes(size)


# ---- whatever is on it ----

NAMES = st.text(st.characters(codec="utf-8", exclude_characters="/\0"), min_size=1, max_size=40).filter(
    lambda name: name not in (".", "..", "lost+found") and "\r" not in name
)
SIZES = st.one_of(
    st.integers(0, 3 * BLOCK),
    st.sampled_from([BLOCK - 1, BLOCK, 12 * BLOCK, 12 * BLOCK + 1, 14 * BLOCK]),
)
LEAVES = st.one_of(
    st.builds(data_of, SIZES),
    st.builds(File, st.builds(data_of, SIZES), st.integers(0o400, 0o777)),
    st.builds(Directory, st.integers(0o700, 0o777)),
    st.builds(Link, st.text("abc/.é", min_size=1, max_size=90)),
)
SUBTREES = st.recursive(LEAVES, lambda below: st.dictionaries(NAMES, below, max_size=6), max_leaves=20)
TREES = st.dictionaries(NAMES, SUBTREES, max_size=4)


def flatten(tree: dict[str, object], above: str = "") -> dict[str, Entry]:
    """From nested dictionaries to paths."""
    files: dict[str, Entry] = {}
    for name, entry in tree.items():
        path = f"{above}/{name}"
        if isinstance(entry, dict):
            files |= flatten(entry, path) or {path: Directory()}
        else:
            assert isinstance(entry, bytes | File | Directory | Link)
            files[path] = entry
    return files


@settings(max_examples=12, phases=[Phase.explicit, Phase.generate], suppress_health_check=[HealthCheck.too_slow])
@given(TREES, st.sampled_from([256, 1024, 32768]))
def test_any_tree(tmp_path_factory: pytest.TempPathFactory, tree: dict[str, object], blocks_per_group: int) -> None:
    files = flatten(tree)
    check(tmp_path_factory.mktemp("disk"), files, make_disk(files, 24 * MEBIBYTE, blocks_per_group=blocks_per_group))


def test_the_empty_disk(tmp_path: Path) -> None:
    check(tmp_path, {}, make_disk({}, 8 * MEBIBYTE))


def test_many_files_in_one_directory(tmp_path: Path) -> None:
    files: dict[str, Entry] = {f"/many/{'n' * (number % 240)}{number}": b"%d" % number for number in range(400)}
    check(tmp_path, files, make_disk(files))


# ---- edges of block maps ----


@pytest.mark.parametrize("blocks", [0, 1, 12, 13, 12 + 1024, 12 + 1024 + 1, 12 + 1024 + 1024, 12 + 1024 + 1025])
@pytest.mark.parametrize("more", [0, 1])
def test_sizes_at_the_edges(tmp_path: Path, blocks: int, more: int) -> None:
    files: dict[str, Entry] = {"/f": data_of(blocks * BLOCK + more), "/g": b"behind it"}
    check(tmp_path, files, make_disk(files, 16 * MEBIBYTE))


def test_blocks_of_a_file_are_counted_for_all_levels() -> None:
    single, double = 1024, 1024**2
    assert with_indirect(12) == 12
    assert with_indirect(12 + single) == 12 + single + 1
    assert with_indirect(12 + single + double) == 12 + single + 1 + double + 1025
    assert with_indirect(12 + single + double + 1) == 12 + single + 1 + double + 1025 + 1 + 3
    with pytest.raises(DiskError, match="block numbers reach"):
        with_indirect(12 + single + double + 1024**3 + 1)


# ---- groups and copies of the superblock ----


def test_every_copy_of_the_superblock_can_be_used(tmp_path: Path) -> None:
    files: dict[str, Entry] = {f"/{number}": data_of(150_000) for number in range(60)}
    path = check(tmp_path, files, make_disk(files, 24 * MEBIBYTE, blocks_per_group=256))
    copies = [group * 256 for group in range(24) if has_superblock(group)]
    assert copies == [0, 256, 768, 1280, 1792, 2304]
    for block in copies[1:]:
        image = bytearray(path.read_bytes())
        image[1024 : 3 * BLOCK] = bytes(3 * BLOCK - 1024)
        broken = tmp_path / "broken"
        broken.write_bytes(image)
        done = judges.run("e2fsck", "-fy", "-b", str(block), "-B", str(BLOCK), broken)
        assert done.returncode in (0, 1), done.stdout + done.stderr
        assert not judges.complaints(broken)
        assert tree_of_debugfs(broken, tmp_path / f"from{block}") == wanted_tree(files)


@pytest.mark.parametrize("rest", range(0, 130, 13))
def test_a_last_group_of_any_size(tmp_path: Path, rest: int) -> None:
    image = make_disk({"/f": b"x"}, (2560 + rest) * BLOCK, blocks_per_group=256)
    assert not judges.complaints(tmp_path / "disk", image)
    assert len(image) == (2560 + rest) * BLOCK


def test_a_disk_of_several_large_groups(tmp_path: Path) -> None:
    files: dict[str, Entry] = {"/f": data_of(9 * MEBIBYTE)}
    path = check(tmp_path, files, make_disk(files, 300 * MEBIBYTE))
    said = judges.run("dumpe2fs", path).stdout
    assert "Backup superblock at 32768" in said and "Group 2:" in said


def test_sparse_copies_are_where_they_must_be() -> None:
    assert [group for group in range(130) if has_superblock(group)] == [0, 1, 3, 5, 7, 9, 25, 27, 49, 81, 125]


# ---- as mke2fs does it ----


def test_features_are_those_of_mke2fs(tmp_path: Path) -> None:
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    ours.write_bytes(make_disk({}))
    judges.make(theirs, 32 * 1024, BLOCK, "-I", "256", "-O", "^resize_inode,^dir_index")
    for line in ("Filesystem features:", "Block size:", "Inode size:", "First inode:", "Total journal blocks:",
                 "Journal inode:", "Required extra isize:", "Desired extra isize:", "Filesystem state:"):  # fmt: skip
        said = [next(said for said in judges.run("dumpe2fs", path).stdout.splitlines() if said.startswith(line))
                for path in (ours, theirs)]  # fmt: skip
        assert said[0] == said[1]


def test_the_same_files_give_the_same_bytes() -> None:
    files: dict[str, Entry] = {"/b/x": b"1", "/a": File(b"2", 0o755), "/b/a": Link("x")}
    image = make_disk(files)
    assert known(make_disk(dict(reversed(files.items())))) == known(image)
    assert known(image) not in (known(make_disk(files, time=5)), known(make_disk(files, label="other")))


def test_a_disk_grows_with_its_files() -> None:
    assert len(make_disk({})) == 32 * MEBIBYTE
    assert len(make_disk({"/f": bytes(40 * MEBIBYTE)})) >= 80 * MEBIBYTE


# ---- what cannot be ----


def test_a_disk_can_be_filled_to_the_last_block(tmp_path: Path) -> None:
    size, fits, too_much = 8 * MEBIBYTE, 0, 2048
    while too_much - fits > 1:
        middle = (fits + too_much) // 2
        try:
            image = make_disk({"/f": bytes(middle * BLOCK)}, size)
            fits = middle
        except DiskError as error:
            assert "the files do not fit: with the journal they take" in str(error)
            assert "a disk of 8.0 MiB has room for" in str(error)
            too_much = middle
    image = make_disk({"/f": data_of(fits * BLOCK)}, size)
    assert not judges.complaints(tmp_path / "disk", image)
    said = judges.run("dumpe2fs", tmp_path / "disk").stdout.splitlines()
    free = next(line for line in said if line.startswith("Free blocks:"))
    assert free.split()[-1] in ("0", "1")  # one is left where a further block would need another for its number


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"etc": b""}, "'etc' is no path on a disk"),
        ({"": b""}, "is no path"),
        ({"/": b""}, "is no path"),
        ({"/a//b": b""}, "is no path"),
        ({"/a/": b""}, "is no path"),
        ({"/a/../b": b""}, "'..' cannot be a name"),
        ({"/a\0b": b""}, "cannot be a name"),
        ({"/" + "é" * 128: b""}, "more than 255 bytes"),
        ({"/a": b"", "/a/b": b""}, "/a/b: a is no directory"),
        ({"/a": Link("b"), "/a/b/c": b""}, "/a/b/c: a is no directory"),
        ({"/a-b": b"", "/a/b": b"", "/a": b""}, "/a/b: a is no directory"),
        ({"/lost+found": b""}, "of its own"),
        ({"/lost+found": Directory()}, "of its own"),
        ({"/a": Link("")}, "target has 1 to 4095 bytes"),
        ({"/a": Link("x" * 4096)}, "target has 1 to 4095 bytes"),
    ],
)
def test_what_cannot_be_on_a_disk(files: dict[str, Entry], message: str) -> None:
    with pytest.raises(DiskError, match=message):
        make_disk(files)


@pytest.mark.parametrize(
    ("size", "blocks_per_group", "message"),
    [
        (0, 32768, "whole sectors"), (1000, 32768, "whole sectors"), (512, 32768, "do not fit"),
        (4 * MEBIBYTE, 32768, "do not fit"), (32 * MEBIBYTE, 100, "a multiple of 8"),
        (32 * MEBIBYTE, 40000, "a multiple of 8"), (1 << 44, 32768, "32 bits"),
    ],
)  # fmt: skip
def test_disks_that_cannot_be(size: int, blocks_per_group: int, message: str) -> None:
    with pytest.raises(DiskError, match=message):
        make_disk({}, size, blocks_per_group=blocks_per_group)


def test_labels_are_short() -> None:
    with pytest.raises(DiskError, match="16 bytes"):
        make_disk({}, label="a" * 17)


def test_a_directory_has_no_more_directories_than_links() -> None:
    with pytest.raises(DiskError, match="31998"):
        make_disk({f"/{number}": Directory() for number in range(31998)})


def test_room_is_what_groups_leave() -> None:
    shape = Geometry(blocks=512, blocks_per_group=256, inodes_per_group=32)
    assert shape.room() == len(list(shape.data_blocks())) == 512 - 2 * (2 + 2 + 2)
