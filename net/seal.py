"""The seal of frames for the host: userland/runtime/seal.py, compiled for this process."""

from ctypes import Array, c_char_p, c_uint64
from functools import cache

from atoll.abi import wire
from atoll.net.compiled import compiled
from atoll.userland.runtime import seal as source

KEY = c_uint64 * source.KEY_WORDS
SEAL = c_uint64 * 2


def tag_and_sum(key: bytes, body: bytes) -> tuple[int, int]:
    """Of header and data of a frame, padded to a DATA_UNIT, with the boot key."""
    size = len(body) - wire.DATA
    assert 0 <= size <= wire.FRAGMENT_SIZE and size % wire.DATA_UNIT == 0
    seal = SEAL()
    compiled(source, "write_seal", (KEY, c_char_p, c_uint64, SEAL))(seal_key(key), body, len(body), seal)
    return seal[0], seal[1]


@cache
def seal_key(key: bytes) -> Array[c_uint64]:
    """What is drawn from the boot key."""
    made = KEY()
    first, second = int.from_bytes(key[:8], "little"), int.from_bytes(key[8:], "little")
    compiled(source, "draw_seal_key", (c_uint64, c_uint64, KEY))(first, second, made)
    return made
