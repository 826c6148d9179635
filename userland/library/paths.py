"""Paths: made absolute against the working directory, put together, taken apart."""

from atoll.abi.types import Text, u64
from atoll.userland.library.text import StringBuilder, find_byte, find_last_byte
from atoll.userland.runtime.startup import environment

PATH_SIZE = 1024  # bytes of a path
SLASH = 0x2F


class Working:
    """The working directory, if the program has changed it."""

    path: StringBuilder[PATH_SIZE]


working: Working = Working()


def working_directory() -> Text:
    """What relative paths are taken from: as the program was started with, or as it has set it."""
    if working.path.used > 0:
        return working.path.text
    given = environment("PWD")
    return given if len(given) > 0 else "/"


def set_working_directory(path: Text) -> None:
    """From now on relative paths of this program begin there. An absolute path; raises Full."""
    working.path.set(path)


def absolute(path: Text, into: StringBuilder[PATH_SIZE]) -> None:
    """A path that begins with `/`: a relative one is taken from the working directory. Raises Full."""
    into.clear()
    if not path.startswith("/"):
        into.add(working_directory())
        if not into.text.endswith("/"):
            into.add("/")
    into.add(path)


def join(directory: Text, name: Text, into: StringBuilder[PATH_SIZE]) -> None:
    """A name in a directory; an empty directory is the working one. Raises Full."""
    into.set(directory)
    add_name(into, name)


def add_name(path: StringBuilder[PATH_SIZE], name: Text) -> None:
    """One component more. Raises Full."""
    if path.used > 0 and not path.text.endswith("/"):
        path.add("/")
    path.add(name)


def base_name(path: Text) -> Text:
    """The last component; of `/` itself that."""
    end = len(path)
    while end > 1 and path[end - 1] == "/":
        end -= 1
    start = find_last_byte(path[0 : end - 1] if end > 1 else "", SLASH) + 1
    return path[start:end]


def parent_of(path: Text) -> Text:
    """What is before the last component: `/` at the top, nothing if there is only one component."""
    place = find_last_byte(path, SLASH)
    return path[0:1] if place == 0 else path[0 : max(place, 0)]


def normalise(path: Text, into: StringBuilder[PATH_SIZE]) -> None:
    """An absolute path without `.`, `..`, and double slashes, by the letters alone: links are not looked at."""
    into.set("/")
    start: u64 = 0
    while start < len(path):
        slash = find_byte(path, SLASH, start)
        end = u64(slash) if slash >= 0 else u64(len(path))
        part = path[start:end]
        if part == "..":
            into.cut_to(len_of_parent(into.text))
        elif len(part) > 0 and part != ".":
            add_name(into, part)
        start = end + 1


def len_of_parent(path: Text) -> u64:
    """How many bytes of an absolute path its parent has."""
    return max(u64(find_last_byte(path, SLASH)), 1)
