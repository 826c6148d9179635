"""stat: everything that is known of a file.

usage: stat PATH ...
"""

from atoll.abi.types import Text, i64, u64
from atoll.userland.library.arguments import begin, expect_operands, operand, operand_count
from atoll.userland.library.calendar import date_of
from atoll.userland.library.clock import SECOND
from atoll.userland.library.errors import complain, exit_status
from atoll.userland.library.files import KIND, LINK, describe, read_link
from atoll.userland.library.modes import mode_text

ANY = 0xFFFF_FFFF_FFFF_FFFF


def show(path: Text) -> None:
    """One file; a symbolic link itself."""
    info = describe(path, False)
    print(f"  file: {path}")
    if info.mode & KIND == LINK:
        print(f"    to: {read_link(path)}")
    print(f"  mode: {mode_text(info.mode).text} ({info.mode % 4096:04o})")
    print(f" inode: {info.inode}   links: {info.links}   owner: {info.owner}   group: {info.group}")
    print(f"  size: {info.size} bytes in {info.sectors} sectors of 512")
    show_time("access", info.accessed)
    show_time("modify", info.modified)
    show_time("change", info.changed)


def show_time(what: Text, time: u64) -> None:
    """One of its times."""
    print(f"{what}: {date_of(i64(time // SECOND)).stamp().text}.{time % SECOND:09}")


def main() -> i64:
    """Each operand."""
    begin("stat PATH ...", "")
    expect_operands(1, ANY)
    for index in range(operand_count()):
        try:
            show(operand(index))
        except Exception as error:
            complain(operand(index), f"{error}")
    return exit_status()
