"""Copying files: into a path, or under its own name into a directory."""

from atoll.abi.types import Array, Text, u8, u64
from atoll.servers.stream.interface import Stream
from atoll.userland.library.files import READING, WRITING, FileProblem, is_directory, open_file
from atoll.userland.library.paths import PATH_SIZE, base_name, join
from atoll.userland.library.streams import write_all
from atoll.userland.library.text import StringBuilder
from atoll.userland.runtime.objects import close

PART = 32768  # bytes read at once


class Buffer:
    """What is on its way."""

    bytes: Array[u8, PART]


buffer: Buffer = Buffer()


def copy_stream(source: Stream, target: Stream) -> u64:
    """Everything from one stream to another; how many bytes."""
    total: u64 = 0
    count = source.read(buffer.bytes[:])
    while count > 0:
        write_all(target, buffer.bytes[0:count])
        total += count
        count = source.read(buffer.bytes[:])
    return total


def copy_file(source: Text, target: Text) -> u64:
    """Make `target` a copy of a file; how many bytes. What was in it is lost even if this fails. Raises FileProblem."""
    reading = open_file(source, READING).handle
    try:
        writing = open_target(target)
        try:
            return copy_stream(Stream(reading), Stream(writing))
        finally:
            close(writing)
    finally:
        close(reading)


def open_target(target: Text) -> u64:
    """A file that is written anew. Raises FileProblem, which says that it is the target's."""
    try:
        return open_file(target, WRITING).handle
    except FileProblem as error:
        raise FileProblem(f"to {target}: {error}") from None


def place_in(target: Text, source: Text, into: StringBuilder[PATH_SIZE]) -> None:
    """Where `source` goes: to `target`, or into it if that is a directory. Raises Full."""
    if is_directory(target):
        join(target, base_name(source), into)
    else:
        into.set(target)
