"""rm: remove files.

usage: rm [-rf] PATH ...
  -r  directories too, with all that is in them
  -f  what is not there is no error
"""

from atoll.abi.types import Text, i64
from atoll.userland.library.arguments import begin, expect_operands, operand, operand_count, option
from atoll.userland.library.directories import Directory
from atoll.userland.library.errors import complain, exit_status
from atoll.userland.library.files import DIRECTORY, KIND, describe, remove, remove_directory
from atoll.userland.library.paths import PATH_SIZE, join
from atoll.userland.library.text import StringBuilder

ANY = 0xFFFF_FFFF_FFFF_FFFF
MAX_DEPTH = 32


def remove_path(path: Text, depth: i64) -> bool:
    """A file, or a directory with all that is in it; whether it is gone."""
    try:
        if describe(path, False).mode & KIND != DIRECTORY:
            remove(path)
            return True
        return remove_tree(path, depth)
    except Exception as error:
        complain(path, f"{error}")
        return False


def remove_tree(path: Text, depth: i64) -> bool:
    """A directory. Its first entry is removed until there is none."""
    if not option("r"):
        complain(path, "is a directory (-r removes it)")
        return False
    if depth == MAX_DEPTH:
        complain(path, f"more than {MAX_DEPTH} directories deep")
        return False
    directory = Directory()
    inner: StringBuilder[PATH_SIZE] = StringBuilder()
    directory.open(path)
    while directory.next():
        join(path, directory.name, inner)
        if not remove_path(inner.text, depth + 1):
            return False
        directory.open(path)
    remove_directory(path)
    return True


def exists(path: Text) -> bool:
    """Whether there is anything of that name."""
    try:
        describe(path, False)
        return True
    except Exception:
        return False


def main() -> i64:
    """Each operand."""
    begin("rm [-rf] PATH ...", "rf")
    expect_operands(1, ANY)
    for index in range(operand_count()):
        if not option("f") or exists(operand(index)):
            remove_path(operand(index), 0)
    return exit_status()
