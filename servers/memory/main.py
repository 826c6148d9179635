"""The memory manager: starts with an empty pool, which grows as long as its quota lets it."""

from atoll.abi.objects import NO_HANDLE
from atoll.abi.startup import NAMING, PORT
from atoll.abi.types import Array, u8, u64
from atoll.servers.memory.interface import NEW_MANAGER
from atoll.servers.memory.pager import pager
from atoll.servers.memory.pool import CHUNK, CHUNKS
from atoll.servers.memory.server import MemoryServer
from atoll.servers.naming.interface import Naming
from atoll.userland.runtime.interface import ServiceError
from atoll.userland.runtime.kernel_errors import KernelError
from atoll.userland.runtime.objects import Process
from atoll.userland.runtime.service import serve
from atoll.userland.runtime.startup import environment, given
from atoll.userland.runtime.system import own_process
from atoll.userland.runtime.threads import start_thread

PROGRAMS = "/services/programs"

server: MemoryServer = MemoryServer()
stack: Array[u8, 8192] = Array()


def main() -> None:
    """Page for ever."""
    pager.start(own_process(), CHUNK * CHUNKS)
    if is_successor():
        start_thread(Process(own_process()), announce, 0, stack[:])
    serve(server)


def is_successor() -> bool:
    """Whether a manager before us has died, and left programs that we do not know."""
    generation = environment("GENERATION")
    return given(NAMING) != NO_HANDLE and given(PORT) != NO_HANDLE and len(generation) > 0 and generation != "0"


def announce(_: u64) -> None:
    """Ask the program manager for them, in a thread of its own: whoever we wait for here may touch a page."""
    try:
        gate = Naming(given(NAMING)).wait_for(PROGRAMS)
        gate.notify(NEW_MANAGER)
        gate.close()
    except (ServiceError, KernelError) as error:
        print(f"memory: programs that wait for a page wait for ever: {error}")
