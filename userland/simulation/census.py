"""census: what there is of everything that may leak, one `name value` a line.

Pages: without those that memory objects have taken, which depends on what was touched; for the same reason mappings:
without those that nobody may write, as the memory manager makes them for pages of images. Private: what memory objects
hold for programs.
"""

from atoll.abi.objects import Statistics
from atoll.servers.memory.interface import MemoryManager
from atoll.servers.network.interface import Network
from atoll.userland.library.services import service
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
    print(f"memories {figures.memories}")
    print(f"mappings {figures.writable_mappings}")
    print(f"pages {figures.used_pages - figures.slab_pages - figures.memory_pages}")
    print(f"private {MemoryManager(service('memory')).totals().private}")
    network = Network(service("network")).figures()
    print(f"exports {network.exports}")
    print(f"proxies {network.proxies}")
    print(f"waiting {network.waiting}")
    print(f"busy {network.busy}")
