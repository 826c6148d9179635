"""man: what a command does: the text that its program begins with.

usage: man NAME
"""

from atoll.abi.types import Text, i64
from atoll.userland.library.arguments import begin, expect_operands, operand
from atoll.userland.library.errors import complain, exit_status
from atoll.userland.library.files import READING, FileProblem, open_file
from atoll.userland.library.output import flush, put_bytes
from atoll.userland.library.paths import PATH_SIZE, join
from atoll.userland.library.streams import Reader
from atoll.userland.library.text import StringBuilder
from atoll.userland.runtime.objects import close

PAGES = "/usr/share/man"

reader: Reader = Reader()


def show(path: Text) -> None:
    """A page."""
    handle = open_file(path, READING).handle
    reader.open(handle)
    part = reader.read_part()
    while len(part) > 0:
        put_bytes(part)
        part = reader.read_part()
    flush()
    close(handle)


def main() -> i64:
    """One page."""
    begin("man NAME", "")
    expect_operands(1, 1)
    path: StringBuilder[PATH_SIZE] = StringBuilder()
    join(PAGES, operand(0), path)
    try:
        show(path.text)
    except FileProblem:
        complain(operand(0), "there is no page of that name (`help` lists them)")
    except Exception as error:
        complain(operand(0), f"{error}")
    return exit_status()
