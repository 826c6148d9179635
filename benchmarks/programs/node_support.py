"""What the programs share that `atoll bench node` runs in the booted system: they count, and print `name value`."""

from atoll.abi.objects import Statistics
from atoll.abi.types import Text, u64
from atoll.userland.runtime.kernel_calls import clock, read_statistics


def busy() -> u64:
    """Instructions that the node has executed: its clock without the time when it had nothing to do. At the board's
    standard rate an instruction takes a nanosecond."""
    figures = Statistics()
    read_statistics(figures)
    return clock() - figures.idle


def show(name: Text, value: u64) -> None:
    """One figure, in whole units."""
    print(f"{name} {value}")
