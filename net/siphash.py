"""SipHash-2-4 for the host: userland/runtime/siphash.py, compiled for this process."""

import ctypes
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from atoll.userland.runtime import siphash as source

NAME = "siphash_memory"


@lru_cache
def _compiled() -> Callable[[int, int, bytes, int], int]:
    from atoll.compiler.cache import Cache
    from atoll.compiler.host import compile_host  # the compiler is heavy: only when it is needed

    prototype = ctypes.CFUNCTYPE(ctypes.c_uint64, ctypes.c_uint64, ctypes.c_uint64, ctypes.c_char_p, ctypes.c_uint64)
    addresses = compile_host(Path(source.__file__), (NAME,), Cache())
    function: Callable[[int, int, bytes, int], int] = prototype(addresses[NAME])
    return function


def siphash(key: bytes, data: bytes) -> int:
    """The hash of `data` with a key of 16 bytes."""
    first, second = int.from_bytes(key[:8], "little"), int.from_bytes(key[8:], "little")
    return _compiled()(first, second, data, len(data))
