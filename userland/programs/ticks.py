"""ticks: preemption: a thread that never asks for anything is interrupted.

usage: ticks
"""

from atoll.abi.types import Array, u8, u64
from atoll.userland.runtime.objects import Process
from atoll.userland.runtime.shared import SharedNumber
from atoll.userland.runtime.system import clock, own_process
from atoll.userland.runtime.threads import start_thread

WANTED = 3


class Rival:
    """The other thread: it only counts, and so does `main`. Each sees the other's count move while it has no turn."""

    count: SharedNumber
    stack: Array[u8, 4096]


rival: Rival = Rival()


def count_on(_: u64) -> None:
    """What the other thread does, without end."""
    while True:
        rival.count.add(1)


def main() -> None:
    """Compute until the other thread has had its turn a few times; the kernel comes back to this loop each time."""
    start = clock()
    start_thread(Process(own_process()), count_on, 0, rival.stack[:])
    interrupted: u64 = 0
    seen = rival.count.read()
    while interrupted < WANTED:
        if rival.count.read() != seen:
            seen = rival.count.read()
            interrupted += 1
    elapsed = clock() - start
    assert elapsed > 0, "the clock stands still"
    print(f"The timer has interrupted this program {WANTED} times.")
