"""The file system against a plain model in memory: the same operations, the same answers, the same errors."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.files import judges
from tests.files.conftest import MEMORY
from tests.files.systems import System

NAMES = ("a", "b", "c", "é" * 60, "long" * 63)
SIZES = (0, 1, 10, 1023, 1024, 1025, 5000, 12 * 1024, 13 * 1024 + 1, 300_000)


class Refused(Exception):
    """The model's errors: the name of the error is its text."""


class File:
    """A regular file of the model."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.links = 1


class Link:
    """A symbolic link."""

    def __init__(self, target: str) -> None:
        self.target = target
        self.links = 1


class Folder(dict[str, Any]):
    """A directory: names and what they stand for."""

    def __init__(self, parent: Folder | None) -> None:
        super().__init__()
        self.parent = self if parent is None else parent


class Model:
    """What a file system does, in the simplest way."""

    def __init__(self) -> None:
        self.root = Folder(None)
        self.root["lost+found"] = Folder(self.root)

    def walk(self, path: str, follow: bool) -> tuple[Folder, str, Any]:
        """The directory, the last name in it (empty for `.`, `..` and the root), and what has that name."""
        rest = [part for part in path.split("/") if part]
        parent, name, links = self.root, "", 0
        found: Any = self.root
        folder_wanted = path.endswith("/")
        while rest:
            part = rest.pop(0)
            if len(part.encode()) > 255:
                raise Refused("NameTooLong")
            if found is None:
                raise Refused("NoSuchFile")
            if not isinstance(found, Folder):
                raise Refused("NotADirectory")
            parent, name = found, part
            found = {".": parent, "..": parent.parent}.get(part, parent.get(part))
            if part in (".", ".."):
                name = ""
            if isinstance(found, Link) and (rest or follow or folder_wanted):
                links += 1
                if links > 8:
                    raise Refused("TooManySymbolicLinks")
                rest = [part for part in found.target.split("/") if part] + rest
                found = self.root if found.target.startswith("/") else parent
                name = ""
        if folder_wanted and found is not None and not isinstance(found, Folder):
            raise Refused("NotADirectory")
        return parent, name, found

    def find(self, path: str, follow: bool = True) -> Any:
        found = self.walk(path, follow)[2]
        if found is None:
            raise Refused("NoSuchFile")
        return found

    def free_name(self, path: str) -> tuple[Folder, str]:
        parent, name, found = self.walk(path, False)
        if found is not None:
            raise Refused("FileExists")
        return parent, name

    def create(self, path: str, exclusive: bool) -> Any:
        parent, name, found = self.walk(path, not exclusive)
        if found is not None:
            if exclusive:
                raise Refused("FileExists")
            return found
        parent[name] = File()
        return parent[name]

    def mkdir(self, path: str) -> None:
        parent, name = self.free_name(path)
        parent[name] = Folder(parent)

    def symlink(self, target: str, path: str) -> None:
        parent, name = self.free_name(path)
        parent[name] = Link(target)

    def link(self, old: str, new: str) -> None:
        found = self.find(old, False)
        if isinstance(found, Folder):
            raise Refused("NotPermitted")
        parent, name = self.free_name(new)
        parent[name] = found
        found.links += 1

    def remove(self, path: str) -> None:
        parent, name, found = self.walk(path, False)
        if found is None:
            raise Refused("NoSuchFile")
        if isinstance(found, Folder):
            raise Refused("IsADirectory")
        found.links -= 1
        del parent[name]

    def rmdir(self, path: str) -> None:
        parent, name, found = self.walk(path, False)
        if found is None:
            raise Refused("NoSuchFile")
        if not isinstance(found, Folder):
            raise Refused("NotADirectory")
        if not name:
            raise Refused("BadName")
        if found:
            raise Refused("DirectoryNotEmpty")
        del parent[name]

    def rename(self, old: str, new: str) -> None:
        source, name, moved = self.walk(old, False)
        if moved is None:
            raise Refused("NoSuchFile")
        if not name:
            raise Refused("BadName")
        target, new_name, replaced = self.walk(new, False)
        if not new_name:
            raise Refused("BadName")
        if replaced is moved:
            return
        if isinstance(replaced, Folder) and not isinstance(moved, Folder):
            raise Refused("IsADirectory")
        if isinstance(replaced, Folder) and replaced:
            raise Refused("DirectoryNotEmpty")
        if replaced is not None and not isinstance(replaced, Folder) and isinstance(moved, Folder):
            raise Refused("NotADirectory")
        above = target
        while isinstance(moved, Folder) and above is not self.root:
            if above is moved:
                raise Refused("BadName")
            above = above.parent
        if replaced is not None and not isinstance(replaced, Folder):
            replaced.links -= 1
        target[new_name] = moved
        del source[name]
        if isinstance(moved, Folder):
            moved.parent = target

    @staticmethod
    def file(found: Any) -> File:
        if isinstance(found, Folder):
            raise Refused("IsADirectory")
        assert isinstance(found, File)
        return found

    def write(self, found: Any, offset: int, data: bytes) -> None:
        contents = self.file(found).data
        if data and len(contents) < offset:
            contents.extend(bytes(offset - len(contents)))
        contents[offset : offset + len(data)] = data

    def truncate(self, found: Any, size: int) -> None:
        contents = self.file(found).data
        contents[size:] = bytes(max(size - len(contents), 0))

    def tree(self, folder: Folder | None = None, path: str = "") -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, what in (self.root if folder is None else folder).items():
            here = f"{path}/{name}"
            if isinstance(what, Folder):
                found |= {here: None} | self.tree(what, here)
            else:
                found[here] = bytes(what.data) if isinstance(what, File) else ("link", what.target)
        return found


@cache
def fresh(block_size: int, size: int) -> bytes:
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
        return judges.make(Path(folder) / "made", size, block_size, "-N", "128")


PATHS = st.lists(st.sampled_from((*NAMES, *NAMES, ".", "..", "x" * 256)), min_size=1, max_size=3).map("/".join)
SLASHED = st.tuples(PATHS, st.sampled_from(("", "", "", "", "/"))).map("".join)


class Comparison(RuleBasedStateMachine):
    """Every operation is done on both; answers, errors and in the end the trees must agree."""

    @initialize(kind=st.sampled_from(((1024, 4096), (1024, 16384), (2048, 8192), (4096, 16384))))
    def start(self, kind: tuple[int, int]) -> None:
        self.system = System(fresh(*kind))
        self.model = Model()
        self.open: list[tuple[int, File]] = []  # inode and file

    def both(self, ours: Any, models: Any) -> Any:
        """Do it twice; the two answers, None if both were refused alike."""
        expected, answer = None, None
        try:
            expected = models()
        except Refused as error:
            with pytest.raises(Exception) as raised:
                ours()
            assert raised.type.__name__ == str(error), raised.value
            return None
        answer = ours()
        return answer, expected

    @rule(path=SLASHED, exclusive=st.booleans())
    def create(self, path: str, exclusive: bool) -> None:
        if path.endswith("/"):
            return
        self.both(lambda: self.system.create(path, exclusive), lambda: self.model.create(path, exclusive))

    @rule(path=SLASHED)
    def mkdir(self, path: str) -> None:
        self.both(lambda: self.system.mkdir(path), lambda: self.model.mkdir(path))

    @rule(path=PATHS, to=st.one_of(PATHS, st.sampled_from(("/a", "/b/../a", "n" * 59, "n" * 60, "n" * 200))))
    def symlink(self, path: str, to: str) -> None:
        self.both(lambda: self.system.symlink(to, path), lambda: self.model.symlink(to, path))

    @rule(old=PATHS, new=PATHS)
    def link(self, old: str, new: str) -> None:
        self.both(lambda: self.system.link(old, new), lambda: self.model.link(old, new))

    @rule(path=SLASHED)
    def remove(self, path: str) -> None:
        self.both(lambda: self.system.remove(path), lambda: self.model.remove(path))

    @rule(path=SLASHED)
    def rmdir(self, path: str) -> None:
        self.both(lambda: self.system.rmdir(path), lambda: self.model.rmdir(path))

    @rule(old=PATHS, new=PATHS)
    def rename(self, old: str, new: str) -> None:
        self.both(lambda: self.system.rename(old, new), lambda: self.model.rename(old, new))

    @rule(path=SLASHED, follow=st.booleans())
    def stat(self, path: str, follow: bool) -> None:
        found = self.both(lambda: self.system.stat(path, follow), lambda: self.model.find(path, follow))
        if found is not None and isinstance(found[1], Folder):
            assert found[0].mode & 0xF000 == 0x4000
            assert found[0].links == 2 + sum(isinstance(inside, Folder) for inside in found[1].values())
        elif found is not None:
            size = len(found[1].data if isinstance(found[1], File) else found[1].target.encode())
            assert (found[0].size, found[0].links) == (size, found[1].links)

    @rule(path=PATHS, offset=st.sampled_from(SIZES), size=st.sampled_from(SIZES), byte=st.integers(1, 255))
    def write(self, path: str, offset: int, size: int, byte: int) -> None:
        data = bytes([byte]) * size
        self.both(
            lambda: self.system.write(path, offset, data),
            lambda: self.model.write(self.model.find(path), offset, data),
        )

    @rule(path=PATHS, size=st.sampled_from(SIZES))
    def truncate(self, path: str, size: int) -> None:
        self.both(lambda: self.system.truncate(path, size), lambda: self.model.truncate(self.model.find(path), size))

    @rule(path=PATHS, offset=st.sampled_from(SIZES), size=st.sampled_from(SIZES))
    def read(self, path: str, offset: int, size: int) -> None:
        found = self.both(lambda: self.system.look_up(path), lambda: self.model.find(path))
        if found is not None and isinstance(found[1], File):
            assert self.system.read(found[0], offset, size) == found[1].data[offset : offset + size]

    # ---- open files ----

    @rule(path=PATHS)
    def open_one(self, path: str) -> None:
        found = self.both(lambda: self.system.look_up(path), lambda: self.model.find(path))
        if found is not None and isinstance(found[1], File) and len(self.open) < 4:
            self.open.append(found)
            self.system.open[found[0]] = self.system.open.get(found[0], 0) + 1

    @precondition(lambda self: len(self.open) < 4)
    @rule(data=st.binary(max_size=3000))
    def open_without_a_name(self, data: bytes) -> None:
        inode, file = self.system.create("/temporary"), self.model.create("/temporary", False)
        self.open.append((inode, file))
        self.system.open[inode] = 1
        self.system.write(inode, 0, data)
        self.model.write(file, 0, data)
        self.system.remove("/temporary")
        self.model.remove("/temporary")

    @precondition(lambda self: self.open)
    @rule(which=st.integers(0, 3), offset=st.sampled_from(SIZES), data=st.binary(max_size=2000))
    def write_open(self, which: int, offset: int, data: bytes) -> None:
        inode, file = self.open[which % len(self.open)]
        self.system.write(inode, offset, data)
        self.model.write(file, offset, data)
        assert self.system.read(inode) == file.data

    @precondition(lambda self: self.open)
    @rule(which=st.integers(0, 3), size=st.sampled_from(SIZES))
    def truncate_open(self, which: int, size: int) -> None:
        inode, file = self.open[which % len(self.open)]
        self.system.truncate(inode, size)
        self.model.truncate(file, size)

    @precondition(lambda self: self.open)
    @rule(which=st.integers(0, 3))
    def close_one(self, which: int) -> None:
        inode, file = self.open.pop(which % len(self.open))
        assert self.system.read(inode) == file.data
        self.system.open[inode] -= 1
        if file.links == 0:
            self.system.let_go(inode)

    # ---- all of it ----

    @rule()
    def sync(self) -> None:
        self.system.sync()

    @precondition(lambda self: not self.open)
    @rule()
    def mount_again(self) -> None:
        self.system = System(self.system.unmount())

    @rule()
    def compare(self) -> None:
        assert self.system.tree() == self.model.tree()

    @invariant()
    def counts_stay_in_bounds(self) -> None:
        volume = self.system.volume
        assert volume.cache.logged_count <= volume.journal.limit
        assert not volume.journal.changing

    def teardown(self) -> None:
        if not hasattr(self, "system"):
            return
        assert self.system.tree() == self.model.tree()
        while self.open:
            self.close_one(0)
        with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
            assert not judges.complaints(Path(folder) / "disk", self.system.unmount())


TestComparison = Comparison.TestCase
TestComparison.settings = settings(
    max_examples=40, stateful_step_count=60, deadline=None, suppress_health_check=[HealthCheck.too_slow],
    phases=(Phase.explicit, Phase.reuse, Phase.generate),  # one that fails is not made smaller: that would take minutes
)


class LongComparison(Comparison):
    """The same for minutes."""


TestLongComparison = pytest.mark.long(LongComparison.TestCase)
TestLongComparison.settings = settings(
    max_examples=1500, stateful_step_count=120, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
