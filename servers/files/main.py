"""The file service: an ext3 volume on the block service's disk."""

from atoll.abi.bootargs import DEFAULT_EPOCH
from atoll.abi.objects import NO_HANDLE
from atoll.abi.startup import NAMING, PORT
from atoll.abi.types import Array, Bytes, Slice, Text, u8, u64
from atoll.servers.block.interface import Block
from atoll.servers.files.device import Device
from atoll.servers.files.server import FileServer
from atoll.servers.files.times import SECOND
from atoll.servers.naming.interface import Naming
from atoll.userland.runtime.interface import ServiceError
from atoll.userland.runtime.service import serve
from atoll.userland.runtime.startup import environment, given
from atoll.userland.runtime.system import exit_program

POOL_SIZE = 2 << 20  # bytes of the cache
ZERO = 0x30

pool: Array[u8, POOL_SIZE] = Array()
server: FileServer = FileServer()


def read(handle: u64, sector: u64, into: Slice[u8]) -> None:
    """Read whole sectors. Raises DeviceError."""
    Block(handle).read(sector, into)


def write(handle: u64, sector: u64, data: Bytes) -> None:
    """Write whole sectors. Raises DeviceError."""
    Block(handle).write(sector, data)


def flush(handle: u64) -> None:
    """Make what was written durable. Raises DeviceError."""
    Block(handle).flush()


def number_of(text: Text, otherwise: u64) -> u64:
    """A decimal number; something else if there is none."""
    value: u64 = 0
    for digit in text.encode():
        value = value * 10 + digit - ZERO
    return value if len(text) > 0 else otherwise


def main() -> None:
    """Mount, unless a predecessor will hand its volume over, and serve."""
    disk = Naming(given(NAMING)).wait_for("/services/block")
    server.time.naming.handle = given(NAMING)
    server.time.power_on = number_of(environment("epoch"), DEFAULT_EPOCH) * SECOND
    server.files.incarnation = number_of(environment("GENERATION"), 0)
    server.pool = pool[:]
    try:
        server.device = Device(disk.handle, Block(disk.handle).capacity(), read, write, flush)
        if given(PORT) != NO_HANDLE:
            server.mount_volume()
    except ServiceError as error:
        print(f"files: the disk cannot be used: {error}")
        exit_program(1)
    serve(server)
