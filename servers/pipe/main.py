"""Pipes between programs."""

from atoll.servers.pipe.server import PipeServer
from atoll.userland.runtime.service import serve

server: PipeServer = PipeServer()


def main() -> None:
    """Serve for ever."""
    serve(server)
