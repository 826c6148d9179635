"""A file's mode as `ls -l` shows it: `drwxr-xr-x`."""

from atoll.abi.types import u64
from atoll.userland.library.text import StringBuilder

LETTERS = "rwxrwxrwx"
KINDS = "?pc?d?b?-?l?s???"  # by the upper four bits


def mode_text(mode: u64) -> StringBuilder[16]:
    """Kind and permissions; set-user, set-group and sticky bits show in the place of an x, as everywhere."""
    result: StringBuilder[16] = StringBuilder()
    kind = mode >> 12 & 15
    result.add(KINDS[kind : kind + 1])
    for index in range(9):
        special = index % 3 == 2 and mode >> (11 - index // 3) & 1 == 1
        is_set = mode >> (8 - index) & 1 == 1
        if special:
            letter = "t" if index == 8 else "s"
            result.add(letter if is_set else ("T" if index == 8 else "S"))
        else:
            result.add(LETTERS[index : index + 1] if is_set else "-")
    return result
