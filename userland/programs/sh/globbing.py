"""Words with `*` and `?`: the names of files that they stand for."""

from atoll.abi.types import Text, u64
from atoll.userland.library.directories import Contents
from atoll.userland.library.files import is_directory
from atoll.userland.library.paths import PATH_SIZE, SLASH, add_name
from atoll.userland.library.sorting import sort_by_key
from atoll.userland.library.text import StringBuilder, find_byte
from atoll.userland.library.vector import Vector
from atoll.userland.programs.sh.arguments import MAX_ARGUMENTS, Arguments
from atoll.userland.programs.sh.expansion import MAX_WORD, matches, plain

MAX_DEPTH = 8  # components with wildcards
MAX_FOUND = 8192  # bytes of the names found for one word


class Range:
    """A name in the pool."""

    start: u64
    end: u64


class Found:
    """What has been found for one word."""

    pool: StringBuilder[MAX_FOUND]
    items: Vector[Range, MAX_ARGUMENTS]
    text: StringBuilder[MAX_WORD]

    def add(self, path: Text) -> None:
        """One more. Raises Full."""
        item = Range()
        item.start = self.pool.used
        self.pool.add(path)
        item.end = self.pool.used
        self.items.append(item)


found: Found = Found()


def text_of(item: Range) -> Text:
    """A name found."""
    return found.pool.text[item.start : item.end]


def add_matches(pattern: Text, arguments: Arguments) -> bool:
    """Add the paths of a pattern to the arguments, sorted; False if there are none. Raises Full."""
    found.pool.clear()
    found.items.clear()
    path: StringBuilder[PATH_SIZE] = StringBuilder()
    if pattern.startswith("/"):
        path.set("/")
    walk(path, skip_slashes(pattern), 0)
    sort_by_key(found.items.items, text_of)
    for item in found.items:
        arguments.add(text_of(item))
    return len(found.items) > 0


def skip_slashes(pattern: Text) -> Text:
    """A pattern without the slashes it begins with."""
    start = 0
    while start < len(pattern) and pattern[start] == "/":
        start += 1
    return pattern[start : len(pattern)]


def has_wildcard(pattern: Text) -> bool:
    """Whether a component is to be compared with the names there are."""
    data = pattern.encode()
    place: u64 = 0
    while place < len(data):
        if data[place] == 0x2A or data[place] == 0x3F:
            return True
        place = place + 2 if data[place] == 0x5C else place + 1
    return False


def walk(path: StringBuilder[PATH_SIZE], pattern: Text, depth: u64) -> None:
    """What of the pattern is left, below a path that is there."""
    slash = find_byte(pattern, SLASH)
    component = pattern if slash < 0 else pattern[0:slash]
    rest = pattern[len(pattern) : len(pattern)] if slash < 0 else skip_slashes(pattern[slash : len(pattern)])
    if len(component) == 0:
        found.add(path.text)
    elif has_wildcard(component) and depth < MAX_DEPTH:
        walk_names(path, component, rest, depth)
    else:
        size = path.used
        plain(component, found.text)
        add_name(path, found.text.text)
        walk(path, rest, depth)
        path.cut_to(size)


def walk_names(path: StringBuilder[PATH_SIZE], component: Text, rest: Text, depth: u64) -> None:
    """Each name in a directory that is of the pattern; one that cannot be read has none."""
    directory = Contents()
    size = path.used
    try:
        directory.open(path.text if size > 0 else ".")
        while directory.next():
            if matches(component, directory.name):
                add_name(path, directory.name)
                if len(rest) == 0 or is_directory(path.text):
                    walk(path, rest, depth + 1)
                path.cut_to(size)
    except Exception:
        path.cut_to(size)
