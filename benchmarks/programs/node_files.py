"""A file written and read again with calls of two sizes; bytes a second of the node's own time."""

from node_support import show

from atoll.abi.types import Array, Text, u8, u64
from atoll.servers.files.interface import Files
from atoll.servers.stream.interface import Stream
from atoll.userland.library.files import READING, WRITING, open_file, remove
from atoll.userland.library.services import service
from atoll.userland.library.streams import write_all
from atoll.userland.runtime.kernel_calls import clock
from atoll.userland.runtime.objects import close

SIZE = 1 << 20  # of the file
SMALL = 4096
LARGE = 65536
FILE = "/tmp/bench"
SECOND = 1_000_000_000

buffer: Array[u8, LARGE] = Array()


def write_file(part: u64) -> None:
    """A new file, and it is on the disk."""
    file = open_file(FILE, WRITING)
    for _ in range(SIZE // part):
        write_all(Stream(file.handle), buffer[0:part])
    close(file.handle)
    gate = service("files")
    Files(gate).sync()
    close(gate)


def read_file(part: u64) -> None:
    """All of it."""
    file = open_file(FILE, READING)
    done: u64 = 0
    count = Stream(file.handle).read(buffer[0:part])
    while count > 0:
        done += count
        count = Stream(file.handle).read(buffer[0:part])
    close(file.handle)
    assert done == SIZE, "the file is not as long as it was written"


def measure(name: Text, part: u64) -> None:
    """Write, then read."""
    begin = clock()
    write_file(part)
    written = clock()
    read_file(part)
    show(f"write_{name}", SIZE * SECOND // (written - begin))
    show(f"read_{name}", SIZE * SECOND // (clock() - written))
    remove(FILE)


def main() -> None:
    """Both sizes."""
    measure("4k", SMALL)
    measure("64k", LARGE)
