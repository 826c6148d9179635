"""swap: replace a service by another program while its clients go on.

usage: swap NAME PROGRAM
"""

from atoll.abi.address_space import PAGE_SIZE
from atoll.abi.types import Array, Text, i64, u8, u64
from atoll.servers.stream.interface import Stream
from atoll.servers.supervisor.interface import Supervisor, SwapReport
from atoll.userland.library.arguments import begin, expect_operands, operand
from atoll.userland.library.calendar import duration
from atoll.userland.library.errors import complain, exit_status, fail
from atoll.userland.library.files import READING, describe, open_file
from atoll.userland.library.services import expect_service
from atoll.userland.runtime.objects import Memory, close, create_memory

PART = 32768

buffer: Array[u8, PART] = Array()


class FileChanged(Exception):
    """The file became longer while it was read."""


def read_program(path: Text, size: u64) -> Memory:
    """A program's file in a memory object. Raises FileProblem."""
    memory = create_memory((size + PAGE_SIZE - 1) // PAGE_SIZE)
    handle = open_file(path, READING).handle
    try:
        done: u64 = 0
        count = Stream(handle).read(buffer[:])
        while count > 0:
            if done + count > size:
                raise FileChanged("the file grows while it is read")
            memory.write(done, buffer[0:count])
            done += count
            count = Stream(handle).read(buffer[:])
    except Exception:
        memory.destroy()
        raise
    finally:
        close(handle)
    return Memory(memory.handle)


def load(path: Text) -> tuple[u64, u64]:
    """A program's size and its memory object's handle; ends with a message if it cannot be read."""
    try:
        size = describe(path).size
        return size, read_program(path, size).handle
    except Exception as error:
        fail(path, f"{error}")


def show(name: Text, report: SwapReport) -> None:
    """How it went."""
    print(
        f"{name}: version {report.version}, pause {duration(report.pause).text}, in all "
        f"{duration(report.total).text}, {report.state_size} bytes of state, {report.handles} handles"
    )


def main() -> i64:
    """One swap."""
    begin("swap NAME PROGRAM", "")
    expect_operands(2, 2)
    supervisor = Supervisor(expect_service("supervisor"))
    size, memory = load(operand(1))
    try:
        show(operand(0), supervisor.swap(operand(0), Memory(memory), size))
    except Exception as error:
        complain(operand(0), f"{error}")
    return exit_status()
