"""Boots chosen services of the system with a test program beside them, which asks the supervisor to end the machine.

The program is one more service: it finds gates under "naming" and "supervisor", prints what it sees, and ends with
`Supervisor(given("supervisor")).switch_off(status)`. A run is the same each time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from atoll.compiler.cache import Cache
from atoll.images.recipe import Image
from atoll.images.system import Service, build_system, read_recipe
from atoll.machine.board import Board, Stop
from atoll.machine.config import BoardConfig

SECOND = 1_000_000_000  # nanoseconds
LIMIT = 3 * SECOND  # of virtual time; one of them the supervisor waits in vain for the program to finish like a server
NAME = "probe"  # of the test program's service
NODE = "node=node1 number=1"


@dataclass(frozen=True)
class Booted:
    """What came of a run; the board shows what the devices have seen."""

    output: str
    status: int
    board: Board

    @property
    def lines(self) -> list[str]:
        """The console, line by line."""
        return self.output.splitlines()


def image_of(names: Sequence[str], program: Path, cache: Cache, command_line: str = "", quota: int = 256) -> Image:
    """An image with these services of the standard recipe, in its order, and the test program as the last.

    `quota` is the test program's, in pages.
    """
    recipe = {service.name: service for service in read_recipe()}
    unknown = set(names) - set(recipe)
    assert not unknown, f"the recipe has no service {', '.join(sorted(unknown))}"
    probe = Service(NAME, program, quota=quota)
    services = [service for service in recipe.values() if service.name in names]
    return build_system([*services, probe], f"{NODE} {command_line}".rstrip(), cache)


def run_image(
    image: Image,
    limit_ns: int = LIMIT,
    *,
    disk: bytes | Path | None = None,
    network: bool = False,
    entropy: bool = False,
    seed: int = 0,
) -> Booted:
    """Run until the machine is switched off; fails if `limit_ns` of virtual time were not enough for that."""
    board = Board(BoardConfig(bootargs=image.bootargs, disk=disk, network=network, entropy=entropy, seed=seed))
    board.load_kernel(image.kernel)
    board.load_initrd(image.initrd)
    output = bytearray()
    board.uart.output = output.extend
    reason = board.run(until_ns=limit_ns)
    text = output.decode(errors="replace")
    assert reason.kind is Stop.EXIT, f"{reason} after {board.time_ns} ns; the console:\n{text}"
    return Booted(text, reason.status, board)
