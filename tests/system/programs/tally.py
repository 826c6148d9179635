"""tally: what there is of everything in the whole machine; two such lines are equal if nothing was leaked."""

from atoll.abi.objects import Statistics
from atoll.userland.runtime.kernel_calls import read_statistics


def main() -> None:
    """Count."""
    figures = Statistics()
    read_statistics(figures)
    print(f"pages {figures.used_pages - figures.slab_pages} processes {figures.processes}", end=" ")
    print(f"threads {figures.threads} ports {figures.ports} gates {figures.gates} sets {figures.sets}", end=" ")
    print(f"memories {figures.memories} mappings {figures.mappings} interrupts {figures.interrupts}", end=" ")
    print(f"handles {figures.handles}")
