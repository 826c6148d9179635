"""sync: return when everything that was written is on the disk.

usage: sync
"""

from atoll.abi.types import i64
from atoll.userland.library.arguments import begin, expect_operands
from atoll.userland.library.errors import complain, exit_status
from atoll.userland.library.files import sync


def main() -> i64:
    """Ask the file service."""
    begin("sync", "")
    expect_operands(0, 0)
    try:
        sync()
    except Exception as error:
        complain("/", f"{error}")
    return exit_status()
