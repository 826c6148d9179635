"""A whole board as bytes: everything that its future depends on, so that a restored board goes on as the saved one
would.

Format: a header (magic, version, checksum), JSON, and behind it all bytes objects, one after another, each of which
the JSON has as {"bytes": [offset, size]}. Nothing is compressed: tests and experiments restore states all the time.
"""

import json
import struct
import zlib
from collections.abc import Callable
from importlib.metadata import version
from itertools import groupby
from typing import Any

from atoll.machine.errors import StateError

MAGIC = b"ATOLLBRD"
VERSION = 2
HEADER = struct.Struct("<8sIIQQ")  # magic, version, CRC-32 and length of what follows, length of the JSON in it
PAGE = 4096

Stretches = list[list[Any]]  # [where it begins, its bytes] (JSON has lists, no tuples)


def pack(tree: dict[str, Any]) -> bytes:
    """Nested dictionaries and lists of numbers, texts and bytes."""
    heap: list[bytes] = []
    used = 0

    def put(value: object) -> dict[str, list[int]]:
        nonlocal used
        if not isinstance(value, bytes | bytearray):
            raise TypeError(f"{type(value).__name__} cannot be saved")
        heap.append(bytes(value))
        used += len(value)
        return {"bytes": [used - len(value), len(value)]}

    text = json.dumps(tree, default=put, separators=(",", ":"), sort_keys=True).encode()
    body = b"".join((text, *heap))
    return HEADER.pack(MAGIC, VERSION, zlib.crc32(body), len(body), len(text)) + body


def unpack(data: bytes) -> dict[str, Any]:
    """The opposite of `pack`; refuses what is not whole."""
    if len(data) < HEADER.size or not data.startswith(MAGIC):
        raise StateError("this is not a saved board")
    _, version, checksum, length, text = HEADER.unpack_from(data)
    if version != VERSION:
        raise StateError(f"the saved board has format {version}, and this program reads format {VERSION}")
    body = memoryview(data)[HEADER.size :]
    if len(body) != length or zlib.crc32(body) != checksum:
        raise StateError("the saved board is damaged: its checksum is wrong")

    def get(entry: dict[str, Any]) -> Any:
        if entry.keys() != {"bytes"}:
            return entry
        offset, size = entry["bytes"]
        return bytes(body[text + offset : text + offset + size])

    tree: dict[str, Any] = json.loads(bytes(body[:text]), object_hook=get)
    return tree


def stretches(read: Callable[[int, int], bytes], size: int) -> Stretches:
    """What is not zero of so many bytes, page by page: where each stretch begins, and its bytes."""
    step = 256 * PAGE
    zero = bytes(step)
    found: Stretches = []
    for start in range(0, size, step):
        data = read(start, min(step, size - start))
        if data != zero[: len(data)]:
            pages = [data[place : place + PAGE] for place in range(0, len(data), PAGE)]
            for is_zero, run in groupby(enumerate(pages), lambda page: page[1] == zero[: len(page[1])]):
                if not is_zero:
                    numbers, parts = zip(*run, strict=True)
                    found.append([start + numbers[0] * PAGE, b"".join(parts)])
    return found


def check_same(name: str, saved: object, present: object) -> None:
    """A board can only take the state of a board that was built alike."""
    if saved != present:
        raise StateError(f"the saved board cannot be restored here: its {name} was {saved}, this board's is {present}")


def emulator_version() -> str:
    """The CPU's registers are saved in Unicorn's own form, so the version must be the same."""
    return version("unicorn")
