"""ln: give a file a second name, or make a symbolic link, a name for a path.

usage: ln [-s] TARGET NAME
  -s  a symbolic link; its target need not be there
"""

from atoll.abi.types import i64
from atoll.userland.library.arguments import begin, expect_operands, operand, option
from atoll.userland.library.copying import place_in
from atoll.userland.library.errors import complain, exit_status
from atoll.userland.library.files import link, symbolic_link
from atoll.userland.library.paths import PATH_SIZE
from atoll.userland.library.text import StringBuilder


def main() -> i64:
    """One link."""
    begin("ln [-s] TARGET NAME", "s")
    expect_operands(2, 2)
    path: StringBuilder[PATH_SIZE] = StringBuilder()
    try:
        place_in(operand(1), operand(0), path)
        if option("s"):
            symbolic_link(operand(0), path.text)
        else:
            link(operand(0), path.text)
    except Exception as error:
        complain(operand(1), f"{error}")
    return exit_status()
