"""cluster_spin: computes for ever, from a time on: nodes that it is started on one by one begin together.

usage: cluster_spin MILLISECONDS
MILLISECONDS after the node was switched on.
"""

from atoll.abi.types import u64, wrapping_add
from atoll.userland.library.text import parse_unsigned
from atoll.userland.runtime.kernel_calls import clock, sleep
from atoll.userland.runtime.startup import argument

MILLISECOND = 1_000_000


def main() -> None:
    """Wait, then the loop."""
    begin, now = parse_unsigned(argument(0)) * MILLISECOND, clock()
    sleep(max(begin, now) - now)
    value: u64 = 1
    while value != 0:
        value = wrapping_add(value, value | 1) | 1
