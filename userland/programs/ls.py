"""ls: the names in directories, sorted (at a terminal in columns), or of files.

usage: ls [-la] [PATH ...]
  -l  a line for each: kind and permissions, links, owner, group, size,
      last change, name
  -a  also names that begin with a dot
"""

from atoll.abi.types import Text, i64, u64
from atoll.servers.files.interface import FileInfo
from atoll.userland.library.arguments import begin, operand, operand_count, option
from atoll.userland.library.calendar import date_of
from atoll.userland.library.clock import SECOND
from atoll.userland.library.directories import MAX_NAMES, names, read_names
from atoll.userland.library.errors import complain, exit_status
from atoll.userland.library.files import DIRECTORY, KIND, LINK, describe, read_link
from atoll.userland.library.modes import mode_text
from atoll.userland.library.output import flush, put, put_line, width
from atoll.userland.library.paths import PATH_SIZE, join
from atoll.userland.library.text import StringBuilder
from atoll.userland.library.vector import Vector
from atoll.userland.runtime.text import characters

GAP = 2  # blanks between two columns

path: StringBuilder[PATH_SIZE] = StringBuilder()
shown: Vector[u64, MAX_NAMES] = Vector()  # places of names


def show_path(name: Text) -> None:
    """One operand."""
    try:
        if describe(name, not option("l")).mode & KIND == DIRECTORY:
            show_directory(name)
        else:
            path.set(name)
            show_entry(name)
    except Exception as error:
        complain(name, f"{error}")


def show_directory(name: Text) -> None:
    """The names in a directory."""
    if operand_count() > 1:
        put(name)
        put(":\n")
    if not read_names(name):
        complain(name, "too many names: only the first ones are shown")
    columns = 0 if option("l") else width()
    if columns > 0:
        show_columns(columns)
        return
    for item in names.items:
        text = names.text_of(item)
        if is_shown(text):
            join(name, text, path)
            show_entry(text)


def is_shown(name: Text) -> bool:
    """Whether a name in a directory is wanted."""
    return option("a") or not name.startswith(".")


def show_columns(columns: u64) -> None:
    """The names below one another, as many side by side as a line holds."""
    shown.clear()
    longest: u64 = 0
    for index in range(len(names.items)):
        text = names.text_of(names.items[index])
        if is_shown(text):
            shown.append(u64(index))
            longest = max(longest, characters(text.encode()))
    count = u64(len(shown))
    across = max(columns // (longest + GAP), u64(1))
    lines = (count + across - 1) // across
    for line in range(lines):
        place = line
        while place < count:
            text = names.text_of(names.items[i64(shown[i64(place)])])
            put(text)
            place += lines
            if place < count:
                put_blanks(longest + GAP - characters(text.encode()))
        put("\n")


def put_blanks(count: u64) -> None:
    """That many."""
    for _ in range(count):
        put(" ")


def show_entry(name: Text) -> None:
    """One name, whose path is in `path`."""
    if not option("l"):
        put_line(name)
        return
    try:
        info = describe(path.text, False)
        show_details(info)
        put(name)
        if info.mode & KIND == LINK:
            put(" -> ")
            put(read_link(path.text))
        put("\n")
    except Exception as error:
        complain(path.text, f"{error}")


def show_details(info: FileInfo) -> None:
    """What -l shows before the name."""
    put(mode_text(info.mode).text)
    put(f" {info.links:>3} {info.owner:>5} {info.group:>5} {info.size:>9} ")
    put(date_of(i64(info.modified // SECOND)).stamp().text[0:16])
    put(" ")


def main() -> i64:
    """Each operand, or the working directory."""
    begin("ls [-la] [PATH ...]", "la")
    if operand_count() == 0:
        show_path(".")
    for index in range(operand_count()):
        show_path(operand(index))
    flush()
    return exit_status()
