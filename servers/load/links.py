"""A program's links: its gates and ports, and how many messages the busiest of them has carried."""

from atoll.abi.objects import HandleInfo, Kind
from atoll.abi.types import Array, u64
from atoll.userland.runtime.objects import Process

AT_ONCE = 16


class Links:
    """The kernel's counts, as a process's table of handles leads to them."""

    found: Array[HandleInfo, AT_ONCE]

    def busiest(self, process: Process) -> tuple[u64, u64]:
        """Messages sent through the busiest gate, by all who have it, and received at the busiest port."""
        sent, received, first = u64(0), u64(0), u64(0)
        while True:
            count, first = process.list_handles(first, self.found[:])
            for index in range(count):
                item = self.found[index]
                if item.kind == Kind.GATE:
                    sent = max(sent, item.messages)
                elif item.kind == Kind.PORT:
                    received = max(received, item.messages)
            if first == 0:
                return sent, received
