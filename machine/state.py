"""A whole board as bytes: everything that its future depends on, so that a restored board goes on as the saved one
would.

Format: a header (magic, version, checksum), then compressed JSON in which bytes are base64 under the key "bytes".
"""

import json
import struct
import zlib
from base64 import b64decode, b64encode
from importlib.metadata import version
from typing import Any

from atoll.machine.errors import StateError

MAGIC = b"ATOLLBRD"
VERSION = 1
HEADER = struct.Struct("<8sIIQ")  # magic, version, CRC-32 and length of what follows


def pack(tree: dict[str, Any]) -> bytes:
    """Nested dictionaries and lists of numbers, texts and bytes."""
    body = zlib.compress(json.dumps(tree, default=_encode, separators=(",", ":"), sort_keys=True).encode(), 1)
    return HEADER.pack(MAGIC, VERSION, zlib.crc32(body), len(body)) + body


def unpack(data: bytes) -> dict[str, Any]:
    """The opposite of `pack`; refuses what is not whole."""
    if len(data) < HEADER.size or not data.startswith(MAGIC):
        raise StateError("this is not a saved board")
    _, version, checksum, length = HEADER.unpack_from(data)
    if version != VERSION:
        raise StateError(f"the saved board has format {version}, and this program reads format {VERSION}")
    body = data[HEADER.size :]
    if len(body) != length or zlib.crc32(body) != checksum:
        raise StateError("the saved board is damaged: its checksum is wrong")
    tree: dict[str, Any] = json.loads(zlib.decompress(body), object_hook=_decode)
    return tree


def check_same(name: str, saved: object, present: object) -> None:
    """A board can only take the state of a board that was built alike."""
    if saved != present:
        raise StateError(f"the saved board cannot be restored here: its {name} was {saved}, this board's is {present}")


def emulator_version() -> str:
    """The CPU's registers are saved in Unicorn's own form, so the version must be the same."""
    return version("unicorn")


def _encode(value: object) -> dict[str, str]:
    if isinstance(value, bytes | bytearray):
        return {"bytes": b64encode(value).decode()}
    raise TypeError(f"{type(value).__name__} cannot be saved")


def _decode(entry: dict[str, Any]) -> Any:
    return b64decode(entry["bytes"]) if entry.keys() == {"bytes"} else entry
