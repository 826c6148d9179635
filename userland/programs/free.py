"""free: the memory of the node: what is there, what is used, and by whom.

usage: free
"""

from atoll.abi.objects import Statistics
from atoll.abi.types import Text, i64, u64
from atoll.servers.memory.interface import MemoryManager
from atoll.userland.library.arguments import begin, expect_operands
from atoll.userland.library.errors import complain, exit_status
from atoll.userland.library.services import service
from atoll.userland.library.sizes import human
from atoll.userland.runtime.kernel_calls import read_statistics

PAGE_SIZE = 4096


def show(name: Text, total: u64, free: u64) -> None:
    """One line."""
    print(f"{name:<9} {human(total * PAGE_SIZE).text:>7}", end=" ")
    print(f"{human((total - min(free, total)) * PAGE_SIZE).text:>7} {human(free * PAGE_SIZE).text:>7}")


def main() -> i64:
    """The machine's, the programs', and the swap area's."""
    begin("free", "")
    expect_operands(0, 0)
    figures = Statistics()
    read_statistics(figures)
    print("            total    used    free")
    show("machine", figures.free_pages + figures.used_pages, figures.free_pages)
    try:
        info = MemoryManager(service("memory")).totals()
        show("programs", info.total, info.free)
        show("swap", info.swap_total, info.swap_total - info.swap_used)
        print(f"{info.spaces} programs, {info.page_ins} pages in, {info.page_outs} pages out")
    except Exception as error:
        complain("memory", f"{error}")
    return exit_status()
