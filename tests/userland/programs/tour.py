"""A tour of the library: programs that are started and waited for, files, paths, streams, by one program on a node."""

from atoll.abi.types import Array, Text, i64, u64
from atoll.servers.programs.interface import NoSuchProgram
from atoll.servers.stream.interface import Stream
from atoll.userland.library.copying import copy_file
from atoll.userland.library.directories import names, read_names
from atoll.userland.library.files import (
    APPENDING,
    READING,
    WRITING,
    FileProblem,
    describe,
    is_directory,
    make_directory,
    open_file,
    read_link,
    remove,
    remove_directory,
    rename,
    symbolic_link,
)
from atoll.userland.library.paths import PATH_SIZE, absolute, base_name, normalise, parent_of, set_working_directory
from atoll.userland.library.processes import ENVIRONMENT_SIZE, Streams, pack_environment, spawn
from atoll.userland.library.sorting import sort, text_precedes
from atoll.userland.library.streams import Reader, Writer, standard_output, write_all
from atoll.userland.library.text import StringBuilder
from atoll.userland.runtime.objects import close

FOLDER = "tour"

reader: Reader = Reader()
writer: Writer = Writer()
own: StringBuilder[ENVIRONMENT_SIZE] = StringBuilder()


def write_file(path: Text, flags: u64, count: u64) -> None:
    """So many numbered lines."""
    handle = open_file(path, flags).handle
    writer.open(handle)
    for number in range(count):
        writer.put(f"line {number}")
        writer.put_byte(10)
    writer.flush()
    close(handle)


def count_lines(path: Text) -> u64:
    """How many lines a file has."""
    handle = open_file(path, READING).handle
    reader.open(handle)
    count: u64 = 0
    line = reader.read_line()
    while line is not None:
        count += 1
        line = reader.read_line()
    close(handle)
    return count


def visit_files() -> None:
    """Made, copied, renamed, linked, listed, removed."""
    set_working_directory("/tmp")
    make_directory(FOLDER)
    set_working_directory(f"/tmp/{FOLDER}")
    write_file("a", WRITING, 2000)
    write_file("a", APPENDING, 3)
    print(f"{count_lines('../tour/a')} lines, {copy_file('a', 'b')} bytes copied, {describe('b').size} there")
    rename("b", "c")
    symbolic_link("c", "d")
    print(f"d leads to {read_link('d')}, which has {count_lines('d')} lines; a directory: {is_directory('..')}")
    try:
        remove_directory("../tour")
    except FileProblem as error:
        print(f"{FOLDER}: {error}")
    read_names(".")
    for item in names.items:
        print(names.text_of(item), end=" ")
        remove(names.text_of(item))
    set_working_directory("/tmp")
    remove_directory(FOLDER)
    print(f"gone: {not is_directory(FOLDER)}")


def visit_paths() -> None:
    """By their letters alone."""
    path: StringBuilder[PATH_SIZE] = StringBuilder()
    set_working_directory("/usr")
    absolute("share/man", path)
    print(path.text, base_name(path.text), parent_of(path.text), parent_of("/x"), base_name("/"), base_name("a/b/"))
    normalise("/a/./b//../c/..", path)
    print(path.text)
    texts: Array[Text, 3] = Array(("pear", "apple", "plum"))
    sort(texts[:], text_precedes)
    print(texts[0], texts[1], texts[2])


def visit_programs() -> None:
    """Started with arguments and an environment, ended, not found."""
    streams = Streams()
    streams.inherit()
    pack_environment(own)
    own.add("TOUR=yes\0")
    child = spawn("/bin/shell", b"-c\0echo $TOUR $0; exit 9\0", own.text.encode(), streams)
    print(f"status {child.join()}")
    close(child.handle)
    sleeper = spawn("/bin/sleep", b"1000\0", b"", streams)
    sleeper.end(44)
    print(f"status {sleeper.join()}")
    close(sleeper.handle)
    try:
        spawn("/bin/nosuch", b"", b"", streams)
    except NoSuchProgram:
        print("no such program")


def main() -> i64:
    """Everything."""
    visit_files()
    visit_paths()
    visit_programs()
    write_all(Stream(standard_output().handle), b"done\n")
    return 5
