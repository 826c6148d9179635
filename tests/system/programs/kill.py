"""kill: end a server as if it had crashed.

usage: kill SERVICE
"""

from atoll.abi.startup import NAMING
from atoll.servers.naming.interface import Naming
from atoll.servers.supervisor.interface import Supervisor
from atoll.userland.runtime.startup import argument, given


def main() -> None:
    """Ask the supervisor."""
    Supervisor(Naming(given(NAMING)).lookup("/services/supervisor").handle).kill(argument(0))
