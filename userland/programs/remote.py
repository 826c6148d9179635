"""remote: run a program on an idle station, as if it ran here.

usage: remote [-v] [-m MEMORY] [-s SPEED] PROGRAM [ARGUMENT ...]
  -m  MiB of memory that the station must have free
  -s  MHz that it must have; if no station fits, what was missing is said
  -v  say which station it is
"""

from atoll.abi.types import i64, u64
from atoll.servers.load.interface import Load, Registrar
from atoll.servers.programs.interface import Child
from atoll.userland.library.arguments import begin, expect_operands, operand, operand_count, option, option_number
from atoll.userland.library.errors import complain, exit_status, fail
from atoll.userland.library.nodes import choose, own_node
from atoll.userland.library.processes import ENVIRONMENT_SIZE, Streams, bring, furnish, pack_environment
from atoll.userland.library.services import expect_service
from atoll.userland.library.sharing import Placement, node_name, tell_step
from atoll.userland.library.text import StringBuilder, find_byte
from atoll.userland.runtime.objects import close

ANY = 0xFFFF_FFFF_FFFF_FFFF
PAGES_PER_MIB = 256
SLASH = 0x2F
MAX_ARGUMENTS = 4096  # bytes
# ---- the registrar's steps that are ours ----
ENVIRONMENT_IS_SET = 6
STARTED = 7
RUNS = 8
HAS_ENDED = 9
STARTER_KNOWS = 10

arguments: StringBuilder[MAX_ARGUMENTS] = StringBuilder()
environment: StringBuilder[ENVIRONMENT_SIZE] = StringBuilder()
path: StringBuilder[256] = StringBuilder()
streams: Streams = Streams()
placement: Placement = Placement()


def find_station(load: Load) -> None:
    """Steps 2 to 5. Ends with what was missing."""
    placement.registrar = load.registrar()
    try:
        way = load.way(placement.registrar)
        try:
            placement.node, placement.ticket = Registrar(way.handle).request(
                option_number("m", 0) * PAGES_PER_MIB, option_number("s", 0), own_node()
            )
        finally:
            way.close()
    except Exception as error:
        fail("", f"{error}")


def set_up() -> Child:
    """Step 6: the program with its environment, on that station."""
    path.set(operand(0) if find_byte(operand(0), SLASH) >= 0 else f"/bin/{operand(0)}")
    for index in range(1, operand_count()):
        arguments.add(operand(index))
        arguments.add_byte(0)
    pack_environment(environment)
    streams.inherit()
    child = bring(path.text, choose(node_name(placement.node)))
    furnish(child, arguments.text.encode(), environment.text.encode(), streams)
    return Child(child.handle)


def run(load: Load) -> u64:
    """Steps 6 to 10; the program's status."""
    child = set_up()
    tell_step(load, placement, ENVIRONMENT_IS_SET)
    tell_step(load, placement, STARTED)
    child.start()
    tell_step(load, placement, RUNS)
    status = child.join()
    tell_step(load, placement, HAS_ENDED)
    close(child.handle)
    return status


def main() -> i64:
    """One program."""
    begin("remote [-v] [-m MEMORY] [-s SPEED] PROGRAM [ARGUMENT ...]", "vm:s:")
    expect_operands(1, ANY)
    load = Load(expect_service("load"))
    find_station(load)
    if option("v"):
        print(f"on {node_name(placement.node)}")
    try:
        return i64(run(load))
    except Exception as error:
        complain(operand(0), f"{error}")
    finally:
        tell_step(load, placement, STARTER_KNOWS)
    return exit_status()
