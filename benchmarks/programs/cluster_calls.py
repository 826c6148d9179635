"""cluster_calls: what calls of a service cost, by the clock and by the CPUs of both nodes.

usage: cluster_calls SERVICE CALLS BULK
SERVICE is the path of a cluster_target; CALLS null calls, then BULK calls of 64 KiB by each of some threads.
"""

from node_support import busy, show
from target import Target

from atoll.abi.calls import MAX_SEGMENT
from atoll.abi.startup import NAMING
from atoll.abi.types import Array, u8, u64
from atoll.servers.naming.interface import Naming, find
from atoll.userland.library.text import parse_unsigned
from atoll.userland.runtime.kernel_calls import clock
from atoll.userland.runtime.messages import Gate, Letter, create_port
from atoll.userland.runtime.objects import Process
from atoll.userland.runtime.startup import argument, given
from atoll.userland.runtime.system import own_process
from atoll.userland.runtime.threads import start_thread

THREADS = 4
STACK_SIZE = 16 << 10  # bytes
WARM = 4  # calls before those that count


class Stack:
    """Of a thread."""

    data: Array[u8, STACK_SIZE]


class Caller:
    """What the threads share."""

    target: Target
    bulk: u64  # calls of each
    done: Gate
    data: Array[u8, MAX_SEGMENT]
    stacks: Array[Stack, THREADS]


caller: Caller = Caller()


def measure_null(target: Target, count: u64) -> None:
    """Null calls, one after another."""
    for _ in range(u64(WARM)):
        target.nothing()
    there, here, begin = target.busy(), busy(), clock()
    for _ in range(count):
        target.nothing()
    took, here = clock() - begin, busy() - here
    there = target.busy() - there
    show("null_nanoseconds", took // count)
    show("null_cpu_here", here // count)
    show("null_cpu_there", there // count)


def send(_: u64) -> None:
    """One thread."""
    for _ in range(caller.bulk):
        caller.target.take(caller.data[:])
    caller.done.notify(1)


def measure_bulk(threads: u64) -> None:
    """Calls with as much data as goes into one, of several threads at once."""
    port = create_port()
    caller.done = port.mint(0)
    begin = clock()
    for number in range(threads):
        start_thread(Process(own_process()), send, number, caller.stacks[number].data[:])
    letter = Letter()
    for _ in range(threads):
        port.receive(letter)
    show("bulk_bytes", threads * caller.bulk * MAX_SEGMENT)
    show("bulk_nanoseconds", clock() - begin)


def main() -> None:
    """Both."""
    caller.target = Target(find(Naming(given(NAMING)), argument(0)).handle)
    caller.bulk = parse_unsigned(argument(2))
    measure_null(caller.target, parse_unsigned(argument(1)))
    if caller.bulk != 0:
        measure_bulk(u64(THREADS))
