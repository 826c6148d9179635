"""mkdir: make directories.

usage: mkdir DIRECTORY ...
"""

from atoll.abi.types import i64
from atoll.userland.library.arguments import begin, expect_operands, operand, operand_count
from atoll.userland.library.errors import complain, exit_status
from atoll.userland.library.files import make_directory

ANY = 0xFFFF_FFFF_FFFF_FFFF


def main() -> i64:
    """Each operand."""
    begin("mkdir DIRECTORY ...", "")
    expect_operands(1, ANY)
    for index in range(operand_count()):
        try:
            make_directory(operand(index))
        except Exception as error:
            complain(operand(index), f"{error}")
    return exit_status()
