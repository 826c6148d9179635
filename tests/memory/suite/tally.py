"""Runs tests one after the other: after each it counts what there is in the machine, so that nothing leaks."""

from collections.abc import Callable

from atoll.abi.objects import Statistics
from atoll.abi.types import Array, Text, u64
from atoll.userland.runtime.errors import record
from atoll.userland.runtime.kernel_calls import read_statistics, sleep
from atoll.userland.runtime.traceback import own_table, print_error

FIGURES = 9
SHORT = 100_000  # nanoseconds: what is about to end does so


class Tally:
    """How the tests went."""

    failures: u64


tally: Tally = Tally()


def test(name: Text, function: Callable[[], None]) -> None:
    """Run one test; a second time, if more is there than before: tables grow once. What then stays is a leak."""
    before: Array[u64, FIGURES] = Array()
    after: Array[u64, FIGURES] = Array()
    for _ in range(2):
        count(before)
        try:
            function()
        except Exception:
            print_error(own_table(), record)
            print(f"{name}: failed")
            tally.failures += 1
            return
        sleep(SHORT)
        count(after)
        if leaks(before, after) == 0:
            print(f"{name}: ok")
            return
    for number in range(u64(FIGURES)):
        print(f"  figure {number}: {before[number]} -> {after[number]}")
    print(f"{name}: failed")
    tally.failures += 1


def leaks(before: Array[u64, FIGURES], after: Array[u64, FIGURES]) -> u64:
    """How many figures have changed."""
    total: u64 = 0
    for number in range(u64(FIGURES)):
        if before[number] != after[number]:
            total += 1
    return total


def count(into: Array[u64, FIGURES]) -> None:
    """What there is in the machine of everything that can leak."""
    figures = Statistics()
    read_statistics(figures)
    into[0], into[1], into[2] = figures.processes, figures.threads, figures.ports
    into[3], into[4], into[5] = figures.gates, figures.sets, figures.memories
    into[6], into[7], into[8] = figures.mappings, figures.handles, figures.used_pages - figures.slab_pages
