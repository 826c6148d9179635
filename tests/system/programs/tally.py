"""tally: what there is of everything in the whole machine; two such lines are equal if nothing was leaked.

`pages` are the kernel's and address spaces' own. Memory objects have `taken` theirs when they were first touched: that
grows with what programs have done, first of all with program files, whose pages stay in the memory manager's frames.
`private` are the pages in those frames, or in swap, that are of no file.
"""

from atoll.abi.objects import Statistics
from atoll.servers.memory.interface import MemoryManager
from atoll.userland.library.services import service
from atoll.userland.runtime.kernel_calls import read_statistics


def main() -> None:
    """Count."""
    private = MemoryManager(service("memory")).totals().private
    figures = Statistics()
    read_statistics(figures)
    print(f"pages {figures.used_pages - figures.slab_pages - figures.memory_pages} private {private}", end=" ")
    print(f"taken {figures.memory_pages}", end=" ")
    print(f"processes {figures.processes} threads {figures.threads} ports {figures.ports}", end=" ")
    print(f"gates {figures.gates} sets {figures.sets} memories {figures.memories}", end=" ")
    print(f"mappings {figures.mappings} interrupts {figures.interrupts} handles {figures.handles}")
