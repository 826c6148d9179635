"""Programs that were born here and are elsewhere: where to end them, and which of them go with their nodes."""

from atoll.abi.types import Array, u64
from atoll.servers.mover.incoming import incoming
from atoll.servers.mover.interface import Mover
from atoll.servers.mover.peers import Nodes, open_peer
from atoll.servers.network.interface import Member
from atoll.servers.programs.interface import Moving
from atoll.userland.runtime.interface import ServiceError
from atoll.userland.runtime.kernel_errors import KernelError
from atoll.userland.runtime.objects import close

LOST_NODE = 129  # status of a program whose node has gone
MOST_ABSENT = 64


class Absent:
    """A program that was born here and is elsewhere."""

    pid: u64  # 0: the place is free
    node: u64
    incarnation: u64  # of that node

    def is_lost(self, member: Member) -> bool:
        """Whether the node where it is has gone."""
        return member.is_up == 0 or member.incarnation != self.incarnation


class Whereabouts:
    """All of them."""

    items: Array[Absent, MOST_ABSENT]
    nodes: Nodes

    def find(self, pid: u64) -> u64:
        """Its place; MOST_ABSENT if it is unknown."""
        for place in range(u64(MOST_ABSENT)):
            if self.items[place].pid == pid:
                return place
        return MOST_ABSENT

    def set(self, pid: u64, node: u64, incarnation: u64) -> None:
        """It is there now."""
        for item in self.items:
            if item.pid == pid:
                item.node, item.incarnation = node, incarnation
                return
        for item in self.items:
            if item.pid == 0:
                item.pid, item.node, item.incarnation = pid, node, incarnation
                return

    def has_some(self) -> bool:
        """Whether any program is elsewhere."""
        for item in self.items:
            if item.pid != 0:
                return True
        return False

    def look(self, own: Mover) -> None:
        """Whoever waits for a program on a node that has gone learns that it has ended. (One of which a part is here
        still is looked at again when that has been dropped.)
        """
        member = Member()
        for item in self.items:
            pid = item.pid
            if pid != 0 and not Moving(incoming.programs.handle).knows(pid):
                item.pid = 0  # word of where it was has come later than that of its end
                continue
            if pid == 0 or incoming.is_coming(pid) or not self.nodes.find(item.node, member):
                continue
            if item.is_lost(member) and not self.is_with_others(pid):
                own.ended(pid, LOST_NODE)

    def is_with_others(self, pid: u64) -> bool:
        """Whether a node that is up has that process, or has all of it and waits for proof that it may run it."""
        for number in range(self.nodes.list_up()):
            try:
                peer = open_peer(self.nodes.up[number])
            except ServiceError:
                continue
            try:
                if peer.has(pid):
                    return True
            except (ServiceError, KernelError):
                continue
            finally:
                close(peer.handle)
        return False

    def remove(self, pid: u64) -> None:
        """It has ended, or is here again."""
        for item in self.items:
            if item.pid == pid:
                item.pid = 0


whereabouts: Whereabouts = Whereabouts()
