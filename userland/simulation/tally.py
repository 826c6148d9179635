"""tally: a service of counters that lasts as long as its process, at the name /tally.

usage: tally NUMBER
"""

from atoll.abi.startup import NAMING
from atoll.abi.types import Array, u64
from atoll.servers.naming.interface import Naming
from atoll.userland.library.arguments import begin, expect_operands, number, operand
from atoll.userland.runtime.messages import Gate, create_port, create_set
from atoll.userland.runtime.service import loop, serve, take_service_port
from atoll.userland.runtime.startup import given
from atoll.userland.simulation.interface import COUNTERS, NoSuchCounter, Tally

NAME = "/tally"


class TallyServer(Tally):
    """The server."""

    epoch: u64  # which of all tallies this is
    values: Array[u64, COUNTERS]

    def add(self, counter: u64) -> tuple[u64, u64]:
        self.check(counter)
        self.values[counter] += 1
        return self.values[counter], self.epoch

    def value(self, counter: u64) -> tuple[u64, u64]:
        self.check(counter)
        return self.values[counter], self.epoch

    def bounce(self, gate: Gate) -> Gate:
        return Gate(gate.handle)

    def check(self, counter: u64) -> None:
        """Raises NoSuchCounter."""
        if counter >= COUNTERS:
            raise NoSuchCounter(f"{counter}")


server: TallyServer = TallyServer()


def main() -> None:
    """Serve for ever."""
    begin("tally NUMBER", "")
    expect_operands(1, 1)
    server.epoch = number(operand(0))
    port = create_port()
    Naming(given(NAMING)).replace(NAME, Gate(port.mint(0).handle))
    loop.ports = create_set()
    take_service_port(port.handle)
    serve(server)
