"""Images that mke2fs made and debugfs filled are read right; what we write debugfs reads back; e2fsck is content."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from tests.files import judges
from tests.files.systems import SECOND, System

Tree = dict[str, Any]
INDEX_FLAG = 0x1000
KINDS = [  # block size, KiB, options
    (1024, 4096, ["-I", "128"]),
    (1024, 20000, ["-I", "256"]),
    (2048, 8192, ["-I", "128"]),
    (4096, 16384, ["-I", "256"]),
    (1024, 4096, ["-O", "^resize_inode,^dir_index,^ext_attr"]),
    (1024, 20000, ["-O", "^sparse_super,^large_file,^resize_inode"]),
    (1024, 2048, ["-O", "^has_journal"]),
    (1024, 4096, ["-O", "^filetype"]),
]


def random_tree(seed: int, most: int = 60_000) -> Tree:
    """Paths with what they are: bytes, `("link", target)`, None for a directory; parents first."""
    chosen = random.Random(seed)
    tree: Tree = {"/lost+found": None}
    folders = [""]
    for number in range(40):
        path = f"{chosen.choice(folders)}/{chosen.choice(('n', 'long' * 20, 'ä'))}{number}"
        kind = chosen.random()
        if kind < 0.25:
            tree[path] = None
            folders.append(path)
        elif kind < 0.4:
            tree[path] = ("link", chosen.choice(("n0", "/", "x" * 59, "y" * 60, "z" * 300)))
        else:
            tree[path] = chosen.randbytes(chosen.choice((0, 1, 100, 1024, 5000, 12 * 1024, 20000, most)))
    return tree


def fill_by_debugfs(path: Path, tree: Tree, folder: Path) -> None:
    commands = []
    for number, (name, what) in enumerate(tree.items()):
        parent, _, last = name.rpartition("/")
        commands.append(f"cd {parent or '/'}")
        if what is None and name != "/lost+found":
            commands.append(f"mkdir {last}")
        elif isinstance(what, bytes):
            (folder / f"contents{number}").write_bytes(what)
            commands.append(f"write {folder}/contents{number} {last}")
        elif what is not None:
            commands.append(f"symlink {last} {what[1]}")
    judges.debugfs(path, *commands, write=True)


def fill_by_us(system: System, tree: Tree) -> None:
    for name, what in tree.items():
        if isinstance(what, bytes):
            inode = system.create(name, exclusive=True)
            for place in range(0, len(what), 7000):
                system.write(inode, place, what[place : place + 7000])
        elif what is not None:
            system.symlink(what[1], name)
        elif name != "/lost+found":
            system.mkdir(name)


def read_by_debugfs(path: Path, folder: Path) -> Tree:
    folder.mkdir()
    judges.debugfs(path, f"rdump / {folder}")
    tree: Tree = {}
    for file in folder.rglob("*"):
        name = f"/{file.relative_to(folder)}"
        if file.is_symlink():
            tree[name] = ("link", str(file.readlink()))
        else:
            tree[name] = None if file.is_dir() else file.read_bytes()
    return tree


@pytest.mark.parametrize(("block_size", "size", "options"), KINDS)
def test_what_debugfs_wrote_is_read(scratch: Path, block_size: int, size: int, options: list[str]) -> None:
    judges.make(scratch / "disk", size, block_size, *options)
    tree = random_tree(block_size + size)
    fill_by_debugfs(scratch / "disk", tree, scratch)
    system = System((scratch / "disk").read_bytes())
    assert system.tree() == tree
    assert not judges.complaints(scratch / "disk", system.unmount())


@pytest.mark.parametrize(("block_size", "size", "options"), KINDS)
def test_debugfs_reads_what_we_wrote(scratch: Path, block_size: int, size: int, options: list[str]) -> None:
    system = System(judges.make(scratch / "disk", size, block_size, *options))
    tree = random_tree(block_size * size, most=400_000 if size > 4096 else 60_000)
    fill_by_us(system, tree)
    assert not judges.complaints(scratch / "disk", system.unmount())
    assert read_by_debugfs(scratch / "disk", scratch / "read") == tree


@pytest.mark.long
@pytest.mark.parametrize("seed", range(50))
def test_random_trees_both_ways(scratch: Path, seed: int) -> None:
    block_size, size, options = KINDS[seed % len(KINDS)]
    judges.make(scratch / "disk", size, block_size, *options)
    fill_by_debugfs(scratch / "disk", {f"/d{path}" if path != "/lost+found" else "/d": what
                                       for path, what in random_tree(seed).items()}, scratch)
    system = System((scratch / "disk").read_bytes())
    tree = system.tree()
    fill_by_us(system, {path: what for path, what in random_tree(seed + 1000).items() if path not in tree})
    tree = system.tree()
    assert not judges.complaints(scratch / "disk", system.unmount())
    assert read_by_debugfs(scratch / "disk", scratch / "read") == tree


def test_a_hash_tree_is_read_and_dropped(scratch: Path) -> None:
    path = scratch / "disk"
    judges.make(path, 4096, 1024, "-N", "512")
    names = [f"name-that-takes-room-{number}" for number in range(200)]
    (scratch / "empty").touch()
    judges.debugfs(path, "mkdir big", "cd big", *(f"write {scratch}/empty {name}" for name in names), write=True)
    assert judges.run("e2fsck", "-fyD", path).returncode in (0, 1)
    assert flags_of(path, "/big") & INDEX_FLAG, "e2fsck made no hash tree: the test tests nothing"
    system = System(path.read_bytes())
    assert sorted(system.names("/big")) == sorted(names)
    for name in names[::3]:
        system.remove(f"/big/{name}")
    for number in range(100):
        system.create(f"/big/new{number}", exclusive=True)
    assert not judges.complaints(path, system.unmount())
    assert not flags_of(path, "/big") & INDEX_FLAG
    expected = [*(name for place, name in enumerate(names) if place % 3), *(f"new{number}" for number in range(100))]
    assert sorted(System(path.read_bytes()).names("/big")) == sorted(expected)


def flags_of(path: Path, name: str) -> int:
    shown = judges.debugfs(path, f"stat {name}")
    return int(shown.split("Flags:")[1].split()[0], 16)


SECONDS = [0, 1_700_000_000, 2**31 - 1, 2**31, 2**32 - 1, 2**32, 2**34 - 2**31 - 1]


@pytest.mark.parametrize("seconds", SECONDS)
def test_times_are_kept_to_the_nanosecond_where_inodes_have_room(scratch: Path, seconds: int) -> None:
    """As the judge reads them, before 2038 and after."""
    path = scratch / "disk"
    modified = seconds * SECOND + 123_456_789
    for size in (256, 128):
        judges.make(path, 4096, 1024, "-I", str(size))
        system = System(path.read_bytes())
        system.create("/a")
        system.inodes.set_times(system.volume, system.look_up("/a"), 5, modified, system.tick())
        info = system.stat("/a")
        kept = modified if size == 256 else min(seconds, 2**32 - 1) * SECOND
        assert (info.accessed, info.modified, info.changed) == (
            (5, kept, system.now) if size == 256 else (0, kept, system.now // SECOND * SECOND)
        )
        assert not judges.complaints(path, system.unmount())
        shown = judges.debugfs(path, "stat a")
        extra = 123_456_789 << 2 | (seconds + 2**31 >> 32)
        low = f"mtime: 0x{kept // SECOND & 0xFFFF_FFFF:08x}"
        assert (f"{low}:{extra:08x} " if size == 256 else f"{low} ") in shown, shown


def test_extended_attributes_are_kept_and_freed(scratch: Path) -> None:
    path = scratch / "disk"
    judges.make(path, 4096, 1024, "-I", "128")
    (scratch / "value").write_bytes(b"v" * 300)
    (scratch / "one").write_bytes(b"one")
    judges.debugfs(
        path, f"write {scratch}/one a", f"write {scratch}/one b", f"ea_set -f {scratch}/value a user.x",
        f"ea_set -f {scratch}/value b user.y", write=True,
    )  # fmt: skip
    system = System(path.read_bytes())
    system.write("/a", 0, b"changed" * 1000)
    system.truncate("/a", 5)
    system.remove("/b")
    assert not judges.complaints(path, system.unmount())
    assert "v" * 300 in judges.debugfs(path, "ea_get a user.x")


def test_special_files_and_short_links_have_no_blocks_to_free(scratch: Path) -> None:
    path = scratch / "disk"
    judges.make(path, 4096)
    judges.debugfs(path, "mknod pipe p", "mknod disk b 8 1", "mknod tty c 4 64", "symlink s target", write=True)
    system = System(path.read_bytes())
    free = system.mounting.space(system.volume).free_inodes
    with pytest.raises(system.errors.NotPermitted):
        system.write("/pipe", 0, b"x")
    system.rename("/tty", "/t")
    for name in ("pipe", "disk", "t", "s"):
        system.remove(f"/{name}")
    assert system.mounting.space(system.volume).free_inodes == free + 4
    assert not judges.complaints(path, system.unmount())


# ---- features ----


@pytest.mark.parametrize(
    "feature", ["extent", "64bit", "flex_bg", "meta_bg", "inline_data", "mmp", "casefold", "large_dir"]
)
def test_an_incompatible_feature_is_refused_by_name(scratch: Path, feature: str) -> None:
    options = "extent,64bit" if feature == "64bit" else f"^resize_inode,{feature}"
    image = judges.make(scratch / "disk", 8192, 1024, "-O", options)
    with pytest.raises(Exception, match=f"feature ({feature}|extent) is not supported") as raised:
        System(image)
    assert raised.type.__name__ == "CannotMount"


@pytest.mark.parametrize("feature", ["huge_file", "uninit_bg", "metadata_csum", "extra_isize", "dir_nlink"])
def test_a_feature_that_forbids_writing_makes_it_read_only(scratch: Path, feature: str) -> None:
    path = scratch / "disk"
    judges.make(path, 8192, 1024, "-O", feature)
    (scratch / "one").write_bytes(b"one")
    judges.debugfs(path, f"write {scratch}/one a", write=True)
    image = path.read_bytes()
    system = System(image)
    assert any(feature in line and "reading only" in line for line in system.printed)
    assert system.read("/a") == b"one"
    for change in (lambda: system.write("/a", 0, b"x"), lambda: system.create("/b"), lambda: system.remove("/a")):
        with pytest.raises(system.errors.ReadOnly):
            change()
    system.sync()
    assert system.unmount() == image


@pytest.mark.parametrize(("place", "value", "what"), [
    (56, b"\0\0", "no ext3"), (24, b"\6", "4 KiB"), (88, b"\7\0", "inodes of 7"), (4, b"\0\0\0\x7f", "larger than"),
    (32, b"\0\0\0\0", "groups"), (40, b"\1\0\0\0", "do not agree"), (20, b"\2", "first block"), (224, b"\0", "another"),
])  # fmt: skip
def test_a_superblock_that_makes_no_sense_is_refused(scratch: Path, place: int, value: bytes, what: str) -> None:
    image = bytearray(judges.make(scratch / "disk", 4096))
    image[1024 + place : 1024 + place + len(value)] = value
    with pytest.raises(Exception, match=what) as raised:
        System(bytes(image))
    assert raised.type.__name__ == "CannotMount"


# ---- a journal that somebody else wrote ----


def test_a_log_written_by_debugfs_is_replayed_as_e2fsck_does_it(scratch: Path) -> None:
    """Three blocks are logged, one of them revoked later, one logged again after that, one beginning with the magic."""
    path = scratch / "disk"
    image = judges.make(path, 4096)
    blocks = (3001, 3002, 3003, 3004)
    magic = bytes.fromhex("c03b3998") + b"looks like the journal's" * 42
    for name, contents in (("old", b"old!" * 256), ("new", b"new!" * 256), ("magic", magic + bytes(1024 - len(magic)))):
        (scratch / name).write_bytes(contents)
    judges.debugfs(
        path, "jo", f"jw -b 3001 {scratch}/old", f"jw -b 3002 {scratch}/old", f"jw -b 3003 {scratch}/old",
        "jw -r 3001,3003", f"jw -b 3003 {scratch}/new", f"jw -b 3004 {scratch}/magic", "jc", write=True,
    )  # fmt: skip
    logged = path.read_bytes()
    assert logged[3002 * 1024 : 3005 * 1024] == image[3002 * 1024 : 3005 * 1024]
    system = System(logged)
    assert any("replayed: 6 transactions" in line for line in system.printed)
    ours = system.unmount()
    judges.repair(path, logged)
    theirs = path.read_bytes()
    expected = [bytes(1024), b"old!" * 256, b"new!" * 256, (scratch / "magic").read_bytes()]
    assert [ours[block * 1024 : (block + 1) * 1024] for block in blocks] == expected
    assert [theirs[block * 1024 : (block + 1) * 1024] for block in blocks] == expected
    assert not judges.complaints(path, ours)


def test_more_revoke_records_than_fit(scratch: Path) -> None:
    """The table of revoke records is small: then the log is replayed in parts."""
    path = scratch / "disk"
    judges.make(path, 20000)
    (scratch / "old").write_bytes(b"old!" * 256)
    judges.debugfs(
        path, "jo", f"jw -b 12001 {scratch}/old", f"jw -b 15000 {scratch}/old", f"jw -b 15001 {scratch}/old",
        "jw -r 12001-15000", "jc", write=True,
    )  # fmt: skip
    ours = System(path.read_bytes()).unmount()
    assert [ours[block * 1024 : block * 1024 + 4] for block in (12001, 15000, 15001)] == [b"\0" * 4, b"\0" * 4, b"old!"]
