"""touch: set the times of files to now; files that are not there are made, empty.

usage: touch PATH ...
"""

from atoll.abi.types import Text, i64
from atoll.servers.files.interface import OpenFlag
from atoll.userland.library.arguments import begin, expect_operands, operand, operand_count
from atoll.userland.library.clock import time_of_day
from atoll.userland.library.errors import complain, exit_status
from atoll.userland.library.files import is_directory, open_file, touch
from atoll.userland.runtime.objects import close

ANY = 0xFFFF_FFFF_FFFF_FFFF


def touch_path(path: Text) -> None:
    """One file."""
    if not is_directory(path):
        close(open_file(path, OpenFlag.WRITE | OpenFlag.CREATE).handle)
    touch(path, time_of_day())


def main() -> i64:
    """Each operand."""
    begin("touch PATH ...", "")
    expect_operands(1, ANY)
    for index in range(operand_count()):
        try:
            touch_path(operand(index))
        except Exception as error:
            complain(operand(index), f"{error}")
    return exit_status()
