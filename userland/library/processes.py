"""Programs that a program starts: `spawn`, then `child.join()` for its status, `child.end(status)` to end it.

    child = spawn("/bin/sort", b"-r\\0", own, streams)
    child = spawn("/bin/sort", b"-r\\0", own, streams, "node2")     # or "*", "*:memory=64" (nodes.py): on another node

A program that runs on another node is at home on ours: it has our names, files and streams (docs/remote-execution.md).
"""

from atoll.abi.objects import Right
from atoll.abi.startup import ERROR, INPUT, NAMING, OUTPUT, PROGRAMS
from atoll.abi.types import Array, Bytes, Text, u8, u64
from atoll.servers.files.interface import File
from atoll.servers.network.interface import Member
from atoll.servers.programs.interface import AnotherNode, Child, NoSuchProgram, Programs
from atoll.userland.library.files import READING, FileProblem, open_file
from atoll.userland.library.nodes import NoNode, choose, own_home, own_number, programs_of
from atoll.userland.library.text import StringBuilder
from atoll.userland.runtime.interface import ServiceError
from atoll.userland.runtime.kernel_errors import Dead
from atoll.userland.runtime.messages import Gate
from atoll.userland.runtime.objects import close, duplicate
from atoll.userland.runtime.startup import environment_count, environment_entry, given

ENVIRONMENT_SIZE = 6144  # bytes that the program manager takes
PIECE = 32 << 10  # bytes of an image that are sent in one call
FOR_OTHERS = Right.SEND | Right.DUPLICATE | Right.MOVE  # rights of a gate that is handed on
ENDED_BY_KEY = 130  # status of what Ctrl-C ended: 128 and the number that Unix gave the key


piece: Array[u8, PIECE] = Array()


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


def prepare(path: Text, arguments: Bytes, environment: Bytes, streams: Streams, node: Text = "") -> Child:
    """A program that is ready to start. Its arguments (without its name) and entries `NAME=value` end with a zero
    byte each. It runs on the node that `node` means, if it is said.

    Raises what `Programs.prepare` and `Child` raise, and of another node also NoNode, FileProblem, KernelError; then
    nothing is left of it.
    """
    child = prepare_here(path) if len(node) == 0 else bring(path, choose(node))
    furnish(child, arguments, environment, streams)
    return Child(child.handle)


def prepare_here(path: Text) -> Child:
    """A program on our own node. The file may be another node's: then it is brought."""
    programs = Programs(given(PROGRAMS))
    try:
        return programs.prepare(path)
    except AnotherNode:
        return send_file(path, programs)


def furnish(child: Child, arguments: Bytes, environment: Bytes, streams: Streams) -> None:
    """What a program is started with. If that fails the gate is closed."""
    try:
        child.set_arguments(arguments)
        child.set_environment(environment)
        child.give(INPUT, copy_of(streams.input))
        child.give(OUTPUT, copy_of(streams.output))
        child.give(ERROR, copy_of(streams.error))
    except Exception:
        Gate(child.handle).close()
        raise


def spawn(path: Text, arguments: Bytes, environment: Bytes, streams: Streams, node: Text = "") -> Child:
    """Start a program."""
    child = prepare(path, arguments, environment, streams, node)
    try:
        child.start()
    except Exception:
        Gate(child.handle).close()
        raise
    return Child(child.handle)


# ---- programs on other nodes ----


def bring(path: Text, node: Member) -> Child:
    """A program of ours, prepared on another node: its image is read here and sent there; its names are ours."""
    try:
        programs = programs_of(node)
        try:
            child = send_file(path, programs)
        finally:
            close(programs.handle)
    except Dead:
        raise NoNode("this node has fallen silent") from None
    try:
        child.give(NAMING, copy_of(given(NAMING)))
        child.give(PROGRAMS, copy_of(given(PROGRAMS)))
    except Exception:
        Gate(child.handle).close()
        raise
    return Child(child.handle)


def send_file(path: Text, programs: Programs) -> Child:
    """A program with the image that our names lead to. Raises NoSuchProgram."""
    try:
        image = open_file(path, READING)
    except (FileProblem, ServiceError) as error:
        raise NoSuchProgram(f"{path}: {error}") from None
    try:
        return send_image(programs, path, image)
    finally:
        close(image.handle)


def send_image(programs: Programs, path: Text, image: File) -> Child:
    """A program with the image in that file, at home where we are."""
    size = image.info().size
    child = programs.prepare_image(path, size)
    try:
        child.set_home(own_home(), own_number(0))
        done: u64 = 0
        while done < size:
            part = read_piece(image, done, min(size - done, PIECE))
            child.load(done, part)
            done += u64(len(part))
    except Exception:
        Gate(child.handle).close()
        raise
    return Child(child.handle)


def read_piece(image: File, offset: u64, size: u64) -> Bytes:
    """So many bytes of a file. Raises FileProblem: it has become shorter."""
    done: u64 = 0
    while done < size:
        part = image.read_at(offset + done, piece[done:size])
        if part == 0:
            raise FileProblem("the file has become shorter")
        done += part
    return piece[0:size]


def pack_environment(into: StringBuilder[ENVIRONMENT_SIZE]) -> None:
    """Our own environment, as a program takes it. Raises Full."""
    into.clear()
    for index in range(environment_count()):
        into.add(environment_entry(index))
        into.add_byte(0)
