"""help: the commands there are, with a line about each.

usage: help
"""

from atoll.abi.types import Text, i64
from atoll.userland.library.arguments import begin, expect_operands
from atoll.userland.library.directories import names, read_names
from atoll.userland.library.errors import complain, exit_status
from atoll.userland.library.files import READING, open_file
from atoll.userland.library.output import flush, put_line
from atoll.userland.library.paths import PATH_SIZE, join
from atoll.userland.library.streams import Reader
from atoll.userland.library.text import StringBuilder
from atoll.userland.runtime.objects import close

PAGES = "/usr/share/man"

reader: Reader = Reader()
path: StringBuilder[PATH_SIZE] = StringBuilder()


def show(name: Text) -> None:
    """The first line of a page."""
    join(PAGES, name, path)
    handle = open_file(path.text, READING).handle
    reader.open(handle)
    line = reader.read_line()
    if line is not None:
        put_line(line)
    close(handle)


def main() -> i64:
    """Each page there is."""
    begin("help", "")
    expect_operands(0, 0)
    try:
        read_names(PAGES)
        for item in names.items:
            show(names.text_of(item))
        put_line("The shell itself does: cd exit export history jobs pwd set unset wait.")
        put_line("`man NAME` says more of a command.")
    except Exception as error:
        complain(PAGES, f"{error}")
    flush()
    return exit_status()
