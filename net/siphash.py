"""SipHash-2-4 for the host: userland/runtime/siphash.py, compiled for this process."""

from ctypes import c_char_p, c_uint64

from atoll.net.compiled import compiled
from atoll.userland.runtime import siphash as source

ARGUMENTS = (c_uint64, c_uint64, c_char_p, c_uint64)


def siphash(key: bytes, data: bytes) -> int:
    """The hash of `data` with a key of 16 bytes."""
    first, second = int.from_bytes(key[:8], "little"), int.from_bytes(key[8:], "little")
    return compiled(source, "siphash_memory", ARGUMENTS)(first, second, data, len(data))
