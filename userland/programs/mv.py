"""mv: give files another name, or move them into a directory.

usage: mv SOURCE ... TARGET
  with several sources the target is a directory; a file (no directory) can
  go to another node: it is copied there and removed here
"""

from atoll.abi.types import Text, i64
from atoll.userland.library.arguments import begin, expect_operands, operand, operand_count
from atoll.userland.library.copying import copy_file, place_in
from atoll.userland.library.errors import complain, exit_status, fail
from atoll.userland.library.files import (
    KIND,
    REGULAR,
    AnotherFileSystem,
    describe,
    is_directory,
    remove,
    rename,
)
from atoll.userland.library.paths import PATH_SIZE
from atoll.userland.library.text import StringBuilder

ANY = 0xFFFF_FFFF_FFFF_FFFF


def move(source: Text, target: Text) -> None:
    """Another name, or another file system. Raises FileProblem."""
    try:
        rename(source, target)
    except AnotherFileSystem:
        if describe(source, False).mode & KIND != REGULAR:
            raise
        copy_file(source, target)
        remove(source)


def main() -> i64:
    """Each source."""
    begin("mv SOURCE ... TARGET", "")
    expect_operands(2, ANY)
    target = operand(operand_count() - 1)
    if operand_count() > 2 and not is_directory(target):
        fail(target, "not a directory")
    path: StringBuilder[PATH_SIZE] = StringBuilder()
    for index in range(operand_count() - 1):
        try:
            place_in(target, operand(index), path)
            move(operand(index), path.text)
        except Exception as error:
            complain(operand(index), f"{error}")
    return exit_status()
