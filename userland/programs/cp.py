"""cp: copy files.

usage: cp [-r] SOURCE ... TARGET
  -r  directories too, with all that is in them
  with several sources the target is a directory
"""

from atoll.abi.types import Text, i64
from atoll.userland.library.arguments import begin, expect_operands, operand, operand_count, option
from atoll.userland.library.copying import copy_file, place_in
from atoll.userland.library.directories import Directory
from atoll.userland.library.errors import complain, exit_status, fail
from atoll.userland.library.files import (
    DIRECTORY,
    KIND,
    LINK,
    describe,
    is_directory,
    is_same_file,
    make_directory,
    read_link,
    symbolic_link,
)
from atoll.userland.library.paths import PATH_SIZE, join
from atoll.userland.library.text import StringBuilder

ANY = 0xFFFF_FFFF_FFFF_FFFF
MAX_DEPTH = 24


class SameFile(Exception):
    """A file is not copied onto itself."""


def copy_path(source: Text, target: Text, depth: i64) -> None:
    """A file, a link, or a directory with all that is in it."""
    try:
        info = describe(source, depth == 0)
        kind = info.mode & KIND
        if depth == 0 and is_same_file(source, target):
            raise SameFile("source and target are the same file")
        if kind == DIRECTORY:
            copy_directory(source, target, depth)
        elif kind == LINK:
            copy_link(source, target)
        else:
            copy_file(source, target)
    except Exception as error:
        complain(source, f"{error}")


def copy_link(source: Text, target: Text) -> None:
    """A link that says the same."""
    text: StringBuilder[PATH_SIZE] = StringBuilder()
    text.set(read_link(source))
    symbolic_link(text.text, target)


def copy_directory(source: Text, target: Text, depth: i64) -> None:
    """A directory, and what is in it."""
    if not option("r"):
        complain(source, "is a directory (-r copies it)")
        return
    if depth == MAX_DEPTH:
        complain(source, f"more than {MAX_DEPTH} directories deep")
        return
    if not is_directory(target):
        make_directory(target)
    directory = Directory()
    directory.open(source)
    inner: StringBuilder[PATH_SIZE] = StringBuilder()
    outer: StringBuilder[PATH_SIZE] = StringBuilder()
    while directory.next():
        join(source, directory.name, inner)
        join(target, directory.name, outer)
        copy_path(inner.text, outer.text, depth + 1)


def main() -> i64:
    """Each source."""
    begin("cp [-r] SOURCE ... TARGET", "r")
    expect_operands(2, ANY)
    target = operand(operand_count() - 1)
    if operand_count() > 2 and not is_directory(target):
        fail(target, "not a directory")
    path: StringBuilder[PATH_SIZE] = StringBuilder()
    for index in range(operand_count() - 1):
        place_in(target, operand(index), path)
        copy_path(operand(index), path.text, 0)
    return exit_status()
