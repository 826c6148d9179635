"""Programs that a program starts: `spawn`, then `child.join()` for its status, `child.end(status)` to end it.

    child = spawn("/bin/sort", b"-r\\0", own, streams)
"""

from atoll.abi.objects import Right
from atoll.abi.startup import ERROR, INPUT, OUTPUT, PROGRAMS
from atoll.abi.types import Bytes, Text, u64
from atoll.servers.programs.interface import Child, Programs
from atoll.userland.library.text import StringBuilder
from atoll.userland.runtime.messages import Gate
from atoll.userland.runtime.objects import duplicate
from atoll.userland.runtime.startup import environment_count, environment_entry, given

ENVIRONMENT_SIZE = 6144  # bytes that the program manager takes
FOR_OTHERS = Right.SEND | Right.DUPLICATE | Right.MOVE  # rights of a gate that is handed on
ENDED_BY_KEY = 130  # status of what Ctrl-C ended: 128 and the number that Unix gave the key


class Streams:
    """Gates of the streams that a program gets. They stay ours: it gets copies."""

    input: u64
    output: u64
    error: u64

    def inherit(self) -> None:
        """The same as ours."""
        self.input, self.output, self.error = given(INPUT), given(OUTPUT), given(ERROR)


def copy_of(handle: u64) -> Gate:
    """Another handle of a gate, to give away."""
    return Gate(duplicate(handle, FOR_OTHERS))


def prepare(path: Text, arguments: Bytes, environment: Bytes, streams: Streams) -> Child:
    """A program that is ready to start. Its arguments (without its name) and entries `NAME=value` end with a zero
    byte each.

    Raises what `Programs.prepare` and `Child` raise; then nothing is left of it.
    """
    child = Programs(given(PROGRAMS)).prepare(path)
    try:
        child.set_arguments(arguments)
        child.set_environment(environment)
        child.give(INPUT, copy_of(streams.input))
        child.give(OUTPUT, copy_of(streams.output))
        child.give(ERROR, copy_of(streams.error))
    except Exception:
        Gate(child.handle).close()
        raise
    return Child(child.handle)


def spawn(path: Text, arguments: Bytes, environment: Bytes, streams: Streams) -> Child:
    """Start a program."""
    child = prepare(path, arguments, environment, streams)
    child.start()
    return Child(child.handle)


def pack_environment(into: StringBuilder[ENVIRONMENT_SIZE]) -> None:
    """Our own environment, as a program takes it. Raises Full."""
    into.clear()
    for index in range(environment_count()):
        into.add(environment_entry(index))
        into.add_byte(0)
