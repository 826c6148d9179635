"""census: what there is of everything that the kernel counts, one `name value` a line."""

from atoll.abi.objects import Statistics
from atoll.userland.runtime.kernel_calls import read_statistics


def main() -> None:
    """Count."""
    figures = Statistics()
    read_statistics(figures)
    print(f"processes {figures.processes}")
    print(f"threads {figures.threads}")
    print(f"ports {figures.ports}")
    print(f"gates {figures.gates}")
    print(f"sets {figures.sets}")
    print(f"interrupts {figures.interrupts}")
    print(f"handles {figures.handles}")
    print(f"pages {figures.used_pages - figures.slab_pages}")
