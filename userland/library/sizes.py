"""Sizes as people read them: 812, 1.5K, 37M, in powers of 1024."""

from atoll.abi.types import u64
from atoll.userland.library.text import StringBuilder

UNITS = "KMGTPE"
SIZE_SIZE = 8  # bytes: "1023K" is the longest


def human(size: u64) -> StringBuilder[SIZE_SIZE]:
    """A number of bytes in at most four digits and a unit, rounded up, so that nothing looks smaller than it is."""
    result: StringBuilder[SIZE_SIZE] = StringBuilder()
    if size < 1024:
        result.add(f"{size}")
        return result
    unit: u64 = 0
    scale: u64 = 1024
    while size // scale >= 1023 and rounded_up(size, scale) >= 1024:
        unit += 1
        scale = scale * 1024
    tenths = size // scale * 10 + (size % scale * 10 + scale - 1) // scale
    if tenths < 100:
        result.add(f"{tenths // 10}.{tenths % 10}{UNITS[unit : unit + 1]}")
    else:
        result.add(f"{rounded_up(size, scale)}{UNITS[unit : unit + 1]}")
    return result


def rounded_up(size: u64, scale: u64) -> u64:
    """How many units hold that size."""
    return size // scale if size % scale == 0 else size // scale + 1
