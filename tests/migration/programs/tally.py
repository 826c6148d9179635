"""What there is on this node: objects of the kernel, frames of programs; to see whether anything is left."""

from atoll.abi.objects import Statistics
from atoll.servers.memory.interface import MemoryManager
from atoll.userland.library.services import service
from atoll.userland.runtime.kernel_calls import read_statistics


def main() -> None:
    """One line, of this program too."""
    now = Statistics()
    read_statistics(now)
    info = MemoryManager(service("memory")).totals()
    print(f"{now.processes} {now.threads} {now.ports} {now.sets} {now.memories} {now.gates} {now.handles}", end=" ")
    print(f"{info.spaces} {info.total - info.free} {info.swap_used}")
