"""The load server's start: who we are, whom we ask, what is set unless somebody says otherwise."""

from atoll.abi import bootargs, startup
from atoll.abi.objects import NO_HANDLE
from atoll.abi.types import Text, u64
from atoll.servers.load.interface import Announce, Index, Policy
from atoll.servers.load.server import LoadServer
from atoll.servers.memory.interface import MemoryManager
from atoll.servers.naming.interface import Naming
from atoll.servers.programs.interface import Programs
from atoll.userland.runtime.kernel_calls import clock
from atoll.userland.runtime.service import loop, serve
from atoll.userland.runtime.startup import environment, given

# A node with a program that runs is busy, one without is idle.
BUSY_ABOVE = 100
IDLE_BELOW = 50
PROBES = 3  # Eager, Lazowska, Zahorjan: more than three bring next to nothing

server: LoadServer = LoadServer()


def main() -> None:
    """Begin to look, and serve."""
    naming = Naming(given(startup.NAMING))
    server.sampler.manager = Programs(naming.wait_for("/services/programs").handle)
    server.sampler.memory = MemoryManager(naming.wait_for("/services/memory").handle)
    own = server.view.own
    own.node = max(number_of(environment(bootargs.NUMBER)), 1)
    own.incarnation = max(number_of(environment(bootargs.INCARNATION)), 1)
    own.idle = 1
    settings = server.view.settings
    settings.index, settings.policy = Index.ACTIVE, Policy.HOME
    settings.busy_above, settings.idle_below = BUSY_ABOVE, IDLE_BELOW
    settings.probes, settings.moves = PROBES, 0
    settings.announces = Announce.TO_ALL | Announce.TO_REGISTRAR
    server.view.registrar = own.node
    server.view.random = own.node << 32 | number_of(environment(bootargs.SEED)) & 0xFFFF_FFFF
    server.started = clock()
    server.sampler.start()
    server.update(True)
    if given(startup.PORT) != NO_HANDLE:
        loop.port.handle = given(startup.PORT)
        server.begin()
    serve(server)


def number_of(text: Text) -> u64:
    """Digits as a number; 0 if it is none."""
    value: u64 = 0
    for digit in text.encode():
        if digit < 0x30 or digit > 0x39 or value > 1 << 58:
            return 0
        value = value * 10 + (digit - 0x30)
    return value
