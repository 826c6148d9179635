"""Fletcher-64 for the host: userland/runtime/fletcher.py, compiled for this process."""

from ctypes import c_char_p, c_uint64

from atoll.net.compiled import compiled
from atoll.userland.runtime import fletcher as source


def fletcher64(data: bytes) -> int:
    """The checksum of `data`, a multiple of 8 bytes and at most MOST_BYTES."""
    assert len(data) % source.WORDS == 0 and len(data) <= source.MOST_BYTES
    return compiled(source, "fletcher64_memory", (c_char_p, c_uint64))(data, len(data))
