"""The console server: drives the UART, edits lines, and is the stream that programs read from and write to."""

from atoll.abi import startup
from atoll.abi.objects import NO_HANDLE
from atoll.servers.console.server import ConsoleServer
from atoll.userland.runtime.devices import Interrupt
from atoll.userland.runtime.messages import create_set
from atoll.userland.runtime.objects import Memory
from atoll.userland.runtime.service import loop, serve
from atoll.userland.runtime.startup import given

server: ConsoleServer = ConsoleServer()


def main() -> None:
    """Take the UART, unless a predecessor has its input still, and serve."""
    server.uart.attach(Memory(given(startup.REGISTERS)), Interrupt(given(startup.INTERRUPT)))
    loop.ports = create_set()
    if given(startup.PORT) != NO_HANDLE:
        server.listen()
    serve(server)
