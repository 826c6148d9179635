"""du: how much room directories take on the disk, with all that is in them.

usage: du [-sb] [PATH ...]
  -s  only the sums    -b  in bytes
"""

from atoll.abi.types import Text, i64, u64
from atoll.userland.library.arguments import begin, operand, operand_count, option
from atoll.userland.library.directories import Directory
from atoll.userland.library.errors import complain, exit_status
from atoll.userland.library.files import DIRECTORY, KIND, describe
from atoll.userland.library.paths import PATH_SIZE, join
from atoll.userland.library.sizes import human
from atoll.userland.library.text import StringBuilder

MAX_DEPTH = 32
SECTOR = 512


def measure(path: Text, depth: i64) -> u64:
    """Bytes on the disk."""
    try:
        info = describe(path, False)
        size = info.sectors * SECTOR
        if info.mode & KIND == DIRECTORY:
            return measure_directory(path, size, depth)
        if depth == 0:
            show(path, size)
        return size
    except Exception as error:
        complain(path, f"{error}")
        return 0


def measure_directory(path: Text, own: u64, depth: i64) -> u64:
    """A directory and what is in it."""
    if depth == MAX_DEPTH:
        complain(path, f"more than {MAX_DEPTH} directories deep")
        return own
    size = own
    directory = Directory()
    directory.open(path)
    inner: StringBuilder[PATH_SIZE] = StringBuilder()
    while directory.next():
        join(path, directory.name, inner)
        size += measure(inner.text, depth + 1)
    if depth == 0 or not option("s"):
        show(path, size)
    return size


def show(path: Text, size: u64) -> None:
    """One line."""
    if option("b"):
        print(f"{size:>12}  {path}")
    else:
        print(f"{human(size).text:>7}  {path}")


def main() -> i64:
    """Each operand, or the working directory."""
    begin("du [-sb] [PATH ...]", "sb")
    if operand_count() == 0:
        measure(".", 0)
    for index in range(operand_count()):
        measure(operand(index), 0)
    return exit_status()
