"""Preemption: a program that never asks for anything is interrupted all the same, by the kernel's timer."""

from atoll.userland.runtime.system import clock, ticks

WANTED = 3


def main() -> None:
    """Compute until the timer has ticked a few times; the kernel comes back to this loop each time."""
    start = clock()
    first = ticks()
    while ticks() < first + WANTED:
        pass
    elapsed = clock() - start
    assert elapsed > 0, "the clock stands still"
    print(f"The timer has interrupted this program {WANTED} times.")
