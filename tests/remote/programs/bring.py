"""bring: starts programs whose images it brings itself, as another node would, and says what is refused.

usage: bring PATH    a program without arguments
"""

from atoll.abi.startup import OUTPUT, PROGRAMS
from atoll.abi.types import Array, Text, i64, u8, u64
from atoll.servers.programs.interface import MAX_IMAGE, BadRequest, Child, NotExecutable, OutOfMemory, Programs
from atoll.userland.library.files import READING, open_file
from atoll.userland.library.processes import ENVIRONMENT_SIZE, Streams, copy_of, furnish, pack_environment
from atoll.userland.library.text import StringBuilder
from atoll.userland.runtime.messages import Gate
from atoll.userland.runtime.startup import argument, given

PAGE = 4096
ROOM = 512 << 10

image: Array[u8, ROOM] = Array()
own: StringBuilder[ENVIRONMENT_SIZE] = StringBuilder()


class Brought:
    """The image."""

    size: u64


brought: Brought = Brought()
programs: Programs = Programs(0)


def read_image(path: Text) -> None:
    """The whole file."""
    file = open_file(path, READING)
    brought.size = file.info().size
    done: u64 = 0
    while done < brought.size:
        done += file.read_at(done, image[done : min(done + 32768, brought.size)])


def load_page(child: Child, page: u64) -> None:
    """One page of it."""
    child.load(page * PAGE, image[page * PAGE : min((page + 1) * PAGE, brought.size)])


def load_all_but(child: Child, left_out: u64) -> None:
    """All pages but one, the last one first."""
    count = (brought.size + PAGE - 1) // PAGE
    for back in range(count):
        if count - 1 - back != left_out:
            load_page(child, count - 1 - back)


def run(child: Child) -> u64:
    """Start it and wait for it."""
    streams = Streams()
    streams.inherit()
    pack_environment(own)
    furnish(child, b"", own.text.encode(), streams)
    child.start()
    try:
        load_page(child, 0)
    except BadRequest as error:
        print(f"late: {error}")
    return child.join()


def try_piece(child: Child, offset: u64, size: u64) -> None:
    """A piece that is refused."""
    try:
        child.load(offset, image[0:size])
        print("taken")
    except BadRequest as error:
        print(f"piece: {error}")


def try_sizes() -> None:
    """Images that are none."""
    try:
        programs.prepare_image("large", MAX_IMAGE + 1)
    except BadRequest as error:
        print(f"large: {error}")
    try:
        programs.prepare_image("empty", 0)
    except NotExecutable as error:
        print(f"empty: {error}")
    held: Array[u64, 8] = Array()
    try:
        for index in range(8):
            held[index] = programs.prepare_image("many", MAX_IMAGE).handle
    except OutOfMemory as error:
        print(f"many: {error}")
    for handle in held:
        if handle != 0:
            Gate(handle).close()


def main() -> i64:
    """Everything."""
    programs.handle = given(PROGRAMS)
    read_image(argument(0))
    try_sizes()
    child = programs.prepare_image(argument(0), brought.size)
    try_piece(child, 100, PAGE)
    try_piece(child, 0, PAGE - 1)
    try_piece(child, 0, 0)
    try_piece(child, brought.size + PAGE, PAGE)
    load_all_but(child, 1)
    load_all_but(child, 1)
    for step in range(2):
        try:
            if step == 0:
                child.give("output", copy_of(given(OUTPUT)))
            else:
                child.start()
        except BadRequest as error:
            print(f"hole: {error}")
    load_page(child, 1)
    try_piece(child, 0, PAGE)
    print(f"status {run(child)}")
    image[0] = 0
    bad = programs.prepare_image("bad", brought.size)
    try:
        load_all_but(bad, ROOM)
    except NotExecutable as error:
        print(f"bad: {error}")
    return 0
