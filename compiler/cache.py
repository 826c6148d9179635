"""The cache of compiled images: what a result was made from is its name, and nothing read from the disk is trusted.

An entry is found by a hash of every source text, the options and the compiler itself; a checksum over the whole entry
decides whether it is used. So no lock and no fsync is needed: a half-written entry is the same as none.
"""

import contextlib
import hashlib
import os
import platform
import struct
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib import metadata
from pathlib import Path

import atoll

MAGIC = b"ATOLLC1\n"
HEADER = struct.Struct("<8s32sQ")               # magic, key, length of the image in bytes
CHECKSUM_BYTES = 32                             # SHA-256 over header and image, between the two in the file
LIMIT_BYTES = 256 << 20
STALE_SECONDS = 3600                            # a temporary file this old belongs to a writer that died
TEMPORARY_PREFIX = "writing-"
KEY_DIGITS = 64


def cache_directory() -> Path:
    """Where images are kept: $ATOLL_CACHE, else $XDG_CACHE_HOME/atoll, else ~/.cache/atoll (XDG base directories)."""
    chosen = os.environ.get("ATOLL_CACHE")
    if chosen:
        return Path(chosen).expanduser().absolute()
    base = os.environ.get("XDG_CACHE_HOME", "")
    # The specification says: a path that is not absolute is to be ignored.
    return (Path(base) if os.path.isabs(base) else Path.home() / ".cache") / "atoll"


def image_key(sources: Mapping[str, str], options: Mapping[str, str]) -> str:
    """The name of the image that `sources` (module name -> text) compile to with `options`, by this very compiler."""
    digest = hashlib.sha256(compiler_version().encode())
    for part in (sources, options):
        items = [text for name in sorted(part) for text in (name, part[name])]
        _feed(digest, (text.encode("utf-8", "surrogatepass") for text in items), len(items))
    return digest.hexdigest()


@cache
def compiler_version() -> str:
    """A hash of the compiler's own sources and of what it stands on: any change to them makes a new key."""
    digest = hashlib.sha256()
    root = Path(atoll.__file__).parent
    # abi/ too: the compiler itself imports layouts from there, whether or not the program does.
    files = sorted(file for folder in ("compiler", "abi") for file in (root / folder).rglob("*.py"))
    _feed(digest, (str(file.relative_to(root)).encode() for file in files), len(files))
    _feed(digest, (file.read_bytes() for file in files), len(files))
    versions = [platform.python_version(), metadata.version("llvmlite")]
    _feed(digest, (version.encode() for version in versions), len(versions))
    return digest.hexdigest()


def _feed(digest: "hashlib._Hash", items: Iterable[bytes], count: int) -> None:
    """Hash a list so that no two lists look the same: its length, then each item behind its own length."""
    digest.update(struct.pack("<Q", count))
    for item in items:
        digest.update(struct.pack("<Q", len(item)))
        digest.update(item)


class Cache:
    """Images by key in one flat folder, the least recently used thrown out when they exceed `limit_bytes` together.

    A cache only saves time: whatever the disk refuses (full, read-only, a file in the way) is an entry that is not
    there.
    """

    def __init__(self, directory: Path | None = None, limit_bytes: int = LIMIT_BYTES) -> None:
        self.directory = (directory if directory is not None else cache_directory()) / "images"
        self.limit_bytes = limit_bytes

    def path(self, key: str) -> Path:
        """The file of an entry, whether it exists or not."""
        if len(key) != KEY_DIGITS or set(key) - set("0123456789abcdef"):
            raise ValueError(f"a cache key is {KEY_DIGITS} hexadecimal digits, not {key!r}")
        return self.directory / key

    def get(self, key: str) -> bytes | None:
        """The image of `key`, or None if there is none that is whole; what is damaged is deleted."""
        path = self.path(key)
        try:
            entry = path.read_bytes()
        except OSError:
            return None
        image = _unpack(key, entry)
        with contextlib.suppress(OSError):
            if image is None:
                path.unlink()
            else:
                os.utime(path)                  # the time of last use, for the clean-up
        return image

    def put(self, key: str, image: bytes) -> None:
        """Keep `image`: it appears under its name in one step, or not at all."""
        path = self.path(key)
        temporary: str | None = None
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
            handle, temporary = tempfile.mkstemp(prefix=TEMPORARY_PREFIX, dir=self.directory)
            with os.fdopen(handle, "wb") as file:
                file.write(_pack(key, image))
            os.replace(temporary, path)
        except OSError:
            if temporary is not None:
                with contextlib.suppress(OSError):
                    os.unlink(temporary)
            return
        self.clean(keep=path)

    def clean(self, keep: Path | None = None) -> None:
        """Delete what dead writers left, then the least recently used entries until the rest fits; never `keep`."""
        entries = list(self._entries())
        total = sum(size for _, size, _ in entries)
        for _, size, path in sorted(entries):
            if total <= self.limit_bytes:
                break
            if path != keep:
                with contextlib.suppress(OSError):
                    path.unlink()
                    total -= size

    def _entries(self) -> Iterator[tuple[float, int, Path]]:
        """(time of last use, size in bytes, path) of each entry; deletes stale temporary files on the way."""
        try:
            paths = list(self.directory.iterdir())
        except OSError:
            return
        for path in paths:
            with contextlib.suppress(OSError):  # another process cleans up at the same time
                state = path.stat()
                if not path.name.startswith(TEMPORARY_PREFIX):
                    yield state.st_mtime, state.st_size, path
                elif time.time() - state.st_mtime > STALE_SECONDS:
                    path.unlink()


def _pack(key: str, image: bytes) -> bytes:
    header = HEADER.pack(MAGIC, bytes.fromhex(key), len(image))
    return header + hashlib.sha256(header + image).digest() + image


def _unpack(key: str, entry: bytes) -> bytes | None:
    """The image in an entry read from the disk; None unless every byte of it is as it was written for `key`."""
    start = HEADER.size + CHECKSUM_BYTES
    if len(entry) < start:
        return None
    header, image = entry[:HEADER.size], entry[start:]
    if header != HEADER.pack(MAGIC, bytes.fromhex(key), len(image)):
        return None
    if hashlib.sha256(header + image).digest() != entry[HEADER.size:start]:
        return None
    return image
