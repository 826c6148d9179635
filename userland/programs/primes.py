"""primes: how many primes there are below a number, counted by several nodes.

usage: primes [-s SHARE -w WORKERS] LIMIT [NODE ...]
With nodes, each counts a share: the numbers are dealt out in blocks, one to
each in turn, so that all have as many small ones (which are quick) as large.
A node can be named several times. Without nodes it is done here.
  -s, -w  how a worker is started: only share SHARE (from 0) of WORKERS
"""

from atoll.abi.types import Text, i64, u64
from atoll.servers.pipe.interface import Pipes
from atoll.servers.programs.interface import Child
from atoll.userland.library.arguments import begin, expect_operands, number, operand, operand_count, option_number
from atoll.userland.library.errors import exit_status, fail
from atoll.userland.library.nodes import choose, own_node
from atoll.userland.library.processes import ENVIRONMENT_SIZE, Streams, pack_environment, spawn
from atoll.userland.library.services import service
from atoll.userland.library.streams import Reader
from atoll.userland.library.text import StringBuilder, parse_unsigned
from atoll.userland.library.vector import Vector
from atoll.userland.runtime.objects import close

PROGRAM = "/bin/primes"
MOST_WORKERS = 64
BLOCK = 1000  # numbers that are dealt out together
LARGEST = 1_000_000_000


def is_prime(candidate: u64) -> bool:
    """By division; of odd numbers from 3 on."""
    divisor: u64 = 3
    while divisor * divisor <= candidate:
        if candidate % divisor == 0:
            return False
        divisor += 2
    return True


def count_block(start: u64, end: u64) -> u64:
    """How many of the numbers from an even one on are prime."""
    count: u64 = 1 if start <= 2 < end else 0
    candidate = max(start, 2) + 1
    while candidate < end:
        if is_prime(candidate):
            count += 1
        candidate += 2
    return count


def count_share(share: u64, workers: u64, limit: u64) -> u64:
    """The primes below a limit in each so-many-th block."""
    count: u64 = 0
    start = share * BLOCK
    while start < limit:
        count += count_block(start, min(start + BLOCK, limit))
        start += workers * BLOCK
    return count


# ---- several workers: what they count comes through one pipe, a line each ----


class Farm:
    """What the workers are started with."""

    streams: Streams
    environment: StringBuilder[ENVIRONMENT_SIZE]
    arguments: StringBuilder[256]
    reader: Reader
    children: Vector[Child, MOST_WORKERS]


farm: Farm = Farm()


def start_workers(limit: u64) -> None:
    """One on each node that is named."""
    pipes = Pipes(service("pipe"))
    pipe, end = pipes.create()
    farm.reader.open(pipes.reader(pipe).handle)
    farm.streams.inherit()
    farm.streams.output = end
    pack_environment(farm.environment)
    workers = operand_count() - 1
    for share in range(workers):
        if not is_here(operand(share + 1)):
            start_worker(share, workers, limit)
    for share in range(workers):  # last: these take CPU time from who starts the others
        if is_here(operand(share + 1)):
            start_worker(share, workers, limit)
    close(end)


def is_here(node: Text) -> bool:
    """Whether it is our own node. Ends the program if there is no such node."""
    try:
        return choose(node).number == own_node()
    except Exception as error:
        fail(node, f"{error}")


def start_worker(share: u64, workers: u64, limit: u64) -> None:
    """One worker."""
    node = operand(share + 1)
    farm.arguments.clear()
    farm.arguments.add(f"-s\0{share}\0-w\0{workers}\0{limit}\0")
    try:
        farm.children.append(
            spawn(PROGRAM, farm.arguments.text.encode(), farm.environment.text.encode(), farm.streams, node)
        )
    except Exception as error:
        fail(node, f"{error}")


def collect() -> u64:
    """The sum of what the workers count. Ends the program if one of them fails."""
    total: u64 = 0
    line = farm.reader.read_line()
    while line is not None:
        total += parse_unsigned(line)
        line = farm.reader.read_line()
    for index in range(len(farm.children)):
        status = farm.children[index].join()
        if status != 0:
            fail("", f"a worker ended with status {status}: its share is missing")
    return total


def main() -> i64:
    """Count here, or have it counted."""
    begin("primes [-s SHARE -w WORKERS] LIMIT [NODE ...]", "s:w:")
    expect_operands(1, MOST_WORKERS + 1)
    limit = min(number(operand(0)), LARGEST)
    share, workers = option_number("s", 0), max(option_number("w", 1), 1)
    if operand_count() == 1:
        print(f"{count_share(share, workers, limit)}")
        return exit_status()
    start_workers(limit)
    print(f"{collect()}")
    return exit_status()
