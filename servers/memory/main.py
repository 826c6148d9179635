"""The memory manager: starts with an empty pool, which grows as long as its quota lets it."""

from atoll.servers.memory.pager import pager
from atoll.servers.memory.pool import CHUNK, CHUNKS
from atoll.servers.memory.server import MemoryServer
from atoll.userland.runtime.service import serve
from atoll.userland.runtime.system import own_process

server: MemoryServer = MemoryServer()


def main() -> None:
    """Page for ever."""
    pager.start(own_process(), CHUNK * CHUNKS)
    serve(server)
