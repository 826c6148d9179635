"""df: how full the file system is.

usage: df [PATH ...]
"""

from atoll.abi.types import Text, i64
from atoll.userland.library.arguments import begin, operand, operand_count
from atoll.userland.library.errors import complain, exit_status
from atoll.userland.library.files import space_of
from atoll.userland.library.sizes import human


def show(path: Text) -> None:
    """The file system that a path lies in."""
    info = space_of(path)
    used = info.blocks - info.free_blocks
    share = used * 100 // max(info.blocks, 1)
    print(f"{human(info.blocks * info.block_size).text:>7} {human(used * info.block_size).text:>7}", end=" ")
    print(f"{human(info.free_blocks * info.block_size).text:>7} {share:>4}%", end=" ")
    print(f"{info.inodes - info.free_inodes:>8} {info.free_inodes:>8}  {path}")


def main() -> i64:
    """Each operand's, or the root's."""
    begin("df [PATH ...]", "")
    print("   size    used    free  full    files    more  path")
    count = max(operand_count(), 1)
    for index in range(count):
        path = operand(index) if operand_count() > 0 else "/"
        try:
            show(path)
        except Exception as error:
            complain(path, f"{error}")
    return exit_status()
