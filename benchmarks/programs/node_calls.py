"""What a program pays for the system's services: starting a program, finding a name."""

from node_support import busy, show

from atoll.abi.startup import NAMING
from atoll.abi.types import Array, u64
from atoll.servers.naming.interface import Naming
from atoll.userland.library.processes import ENVIRONMENT_SIZE, Streams, pack_environment, spawn
from atoll.userland.library.text import StringBuilder
from atoll.userland.runtime.objects import close
from atoll.userland.runtime.startup import given

STARTS = 20
NAMES = 64  # looked up before the gates are closed again
PROGRAM = "/bin/true"


def start_programs(count: u64) -> None:
    """One after another, each waited for."""
    environment: StringBuilder[ENVIRONMENT_SIZE] = StringBuilder()
    streams = Streams()
    streams.inherit()
    pack_environment(environment)
    for _ in range(count):
        child = spawn(PROGRAM, b"", environment.text.encode(), streams)
        child.join()
        close(child.handle)


def measure_starts() -> None:
    """The program's pages are in memory: the first start brings them in."""
    start_programs(1)
    begin = busy()
    start_programs(STARTS)
    show("spawn_wait_instructions", (busy() - begin) // STARTS)


def measure_names() -> None:
    """The look-up alone; closing the gate is not counted."""
    naming = Naming(given(NAMING))
    gates: Array[u64, NAMES] = Array()
    begin = busy()
    for index in range(NAMES):
        gates[index] = naming.lookup("/services/files").handle
    show("name_lookup_instructions", (busy() - begin) // NAMES)
    for gate in gates:
        close(gate)


def main() -> None:
    """Both."""
    measure_starts()
    measure_names()
