"""A service swapped for its own program; for how long it did not answer.

usage: node_swap NAME
"""

from node_support import show

from atoll.servers.supervisor.interface import Supervisor
from atoll.userland.library.services import expect_service
from atoll.userland.programs.swap import load
from atoll.userland.runtime.objects import Memory
from atoll.userland.runtime.startup import argument


def main() -> None:
    """In nanoseconds."""
    size, memory = load(f"/lib/servers/{argument(0)}")
    supervisor = Supervisor(expect_service("supervisor"))
    show(argument(0), supervisor.swap(argument(0), Memory(memory), size).pause)
