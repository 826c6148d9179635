"""The image cache: keys tell everything apart, and no damaged entry is ever given out."""

import multiprocessing
import os
import time
from pathlib import Path

import pytest

from atoll.compiler import cache as cache_module
from atoll.compiler.cache import CHECKSUM_BYTES, HEADER, STALE_SECONDS, Cache, cache_directory, image_key

KEY = "ab" * 32
IMAGE = bytes(range(256)) * 3


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path)


def test_what_was_put_is_got(cache: Cache) -> None:
    assert cache.get(KEY) is None
    cache.put(KEY, IMAGE)
    assert cache.get(KEY) == IMAGE
    assert Cache(cache.directory.parent).get(KEY) == IMAGE


def test_an_empty_image_is_an_image(cache: Cache) -> None:
    cache.put(KEY, b"")
    assert cache.get(KEY) == b""


def test_put_replaces(cache: Cache) -> None:
    cache.put(KEY, IMAGE)
    cache.put(KEY, b"newer")
    assert cache.get(KEY) == b"newer"


def flip_positions() -> list[int]:
    """Every byte of header and checksum, and bytes at the start, inside and at the end of the image."""
    start = HEADER.size + CHECKSUM_BYTES
    return [*range(start), start, start + 1, start + len(IMAGE) // 2, start + len(IMAGE) - 1]


@pytest.mark.parametrize("bit", [0, 7])
def test_a_flipped_bit_anywhere_is_noticed(cache: Cache, bit: int) -> None:
    for position in flip_positions():
        cache.put(KEY, IMAGE)
        data = bytearray(cache.path(KEY).read_bytes())
        data[position] ^= 1 << bit
        cache.path(KEY).write_bytes(data)
        assert cache.get(KEY) is None, f"byte {position} was not noticed"
        assert not cache.path(KEY).exists(), "a damaged entry stays"


def test_every_truncation_is_noticed(cache: Cache) -> None:
    cache.put(KEY, IMAGE)
    whole = cache.path(KEY).read_bytes()
    for length in range(len(whole)):
        cache.path(KEY).write_bytes(whole[:length])
        assert cache.get(KEY) is None, f"the first {length} bytes of {len(whole)} were trusted"


def test_bytes_too_many_are_noticed(cache: Cache) -> None:
    cache.put(KEY, IMAGE)
    with cache.path(KEY).open("ab") as file:
        file.write(b"\0")
    assert cache.get(KEY) is None


def test_an_entry_under_a_wrong_name_is_noticed(cache: Cache) -> None:
    cache.put(KEY, IMAGE)
    other = "cd" * 32
    cache.path(KEY).rename(cache.path(other))
    assert cache.get(other) is None


def test_zeros_of_the_right_length_are_noticed(cache: Cache) -> None:
    """What a crash can leave on some file systems: the length is there, the data is not."""
    cache.put(KEY, IMAGE)
    cache.path(KEY).write_bytes(bytes(cache.path(KEY).stat().st_size))
    assert cache.get(KEY) is None


@pytest.mark.parametrize("key", ["", "ab", "AB" * 32, "../" + "a" * 61, "g" * 64])
def test_keys_are_hashes(cache: Cache, key: str) -> None:
    with pytest.raises(ValueError, match="64 hexadecimal digits"):
        cache.get(key)


def image_of(writer: int) -> bytes:
    return bytes([writer]) * (50_000 + writer)


def write_and_read(directory: Path, writer: int) -> int:
    """How many of this process's reads gave something that no writer wrote."""
    cache = Cache(directory)
    wrong = 0
    for _ in range(40):
        cache.put(KEY, image_of(writer))
        wrong += cache.get(KEY) not in (image_of(0), image_of(1), image_of(2))
    return wrong


def test_concurrent_writers_never_mix(tmp_path: Path) -> None:
    with multiprocessing.get_context("spawn").Pool(3) as pool:
        wrong = pool.starmap(write_and_read, [(tmp_path, writer) for writer in range(3)])
    assert wrong == [0, 0, 0]
    assert [path.name for path in Cache(tmp_path).directory.iterdir()] == [KEY], "temporary files were left"


def test_the_least_recently_used_go_first(tmp_path: Path) -> None:
    cache = Cache(tmp_path, limit_bytes=3 * (len(IMAGE) + HEADER.size + CHECKSUM_BYTES))
    keys = [f"{number:064x}" for number in range(4)]
    for age, key in enumerate(keys[:3]):
        cache.put(key, IMAGE)
        os.utime(cache.path(key), (1000 + age, 1000 + age))
    assert cache.get(keys[0]) == IMAGE          # used just now
    cache.put(keys[3], IMAGE)
    assert [key for key in keys if cache.get(key) is not None] == [keys[0], keys[2], keys[3]]


def test_an_image_over_the_limit_is_kept_alone(tmp_path: Path) -> None:
    cache = Cache(tmp_path, limit_bytes=10)
    cache.put(KEY, IMAGE)
    cache.put("cd" * 32, IMAGE)
    assert cache.get(KEY) is None
    assert cache.get("cd" * 32) == IMAGE


def test_files_of_dead_writers_go_and_of_live_ones_stay(cache: Cache) -> None:
    cache.put(KEY, IMAGE)
    dead, live = cache.directory / "writing-dead", cache.directory / "writing-live"
    for path in (dead, live):
        path.write_bytes(b"half")
    long_ago = time.time() - STALE_SECONDS - 10
    os.utime(dead, (long_ago, long_ago))
    cache.clean()
    assert not dead.exists()
    assert live.exists()
    assert cache.get(KEY) == IMAGE


def test_a_folder_that_cannot_be_written_only_costs_time(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    cache = Cache(tmp_path / "file")
    cache.put(KEY, IMAGE)
    assert cache.get(KEY) is None


def test_a_folder_in_the_place_of_an_entry_is_no_entry(cache: Cache) -> None:
    cache.path(KEY).mkdir(parents=True)
    cache.put(KEY, IMAGE)
    assert cache.get(KEY) is None


def test_keys_depend_on_everything() -> None:
    sources = {"main": "x = 1\n", "other": "y = 2\n"}
    keys = {
        image_key(sources, {"kind": "program"}),
        image_key(sources, {"kind": "kernel"}),
        image_key(sources, {}),
        image_key({"main": "x = 1\n"}, {"kind": "program"}),
        image_key({"main": "x = 1\n", "other": "y = 3\n"}, {"kind": "program"}),
        image_key({"main": "x = 1\n", "othe": "ry = 2\n"}, {"kind": "program"}),
        image_key({"main": "y = 2\n", "other": "x = 1\n"}, {"kind": "program"}),
    }
    assert len(keys) == 7
    assert image_key(dict(reversed(sources.items())), {"kind": "program"}) in keys


def test_a_key_changes_with_the_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    before = image_key({}, {})
    monkeypatch.setattr(cache_module, "compiler_version", lambda: "another")
    assert image_key({}, {}) != before


def test_where_it_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("ATOLL_CACHE", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert cache_directory() == tmp_path / "home" / ".cache" / "atoll"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert cache_directory() == tmp_path / "home" / ".cache" / "atoll"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_directory() == tmp_path / "xdg" / "atoll"
    monkeypatch.setenv("ATOLL_CACHE", str(tmp_path / "own"))
    assert cache_directory() == tmp_path / "own"
