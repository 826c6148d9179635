"""The destination, as the source of a process sees it: how it is, and what it says of the process when nobody knows."""

from atoll.abi.objects import NO_HANDLE
from atoll.abi.types import u64
from atoll.servers.mover.interface import MigrationFailed, MigrationRefused, Mover, Phase
from atoll.servers.mover.peers import Nodes, open_peer
from atoll.servers.network.interface import Member
from atoll.servers.programs.interface import Moving
from atoll.userland.runtime.interface import ServiceError
from atoll.userland.runtime.kernel_calls import sleep
from atoll.userland.runtime.kernel_errors import KernelError
from atoll.userland.runtime.objects import close

ASK_AGAIN = 1_000_000_000  # nanoseconds until a node that may have the process is asked again


class Counterpart:
    """The other node's mover, for one migration."""

    node: u64
    incarnation: u64
    mover: Mover
    id: u64
    pid: u64
    moving: Moving
    nodes: Nodes

    def begin(self, node: u64, id: u64, pid: u64) -> None:
        """Another migration."""
        self.node, self.id, self.pid = node, id, pid
        self.mover.handle = NO_HANDLE

    def meet(self) -> None:
        """Note which incarnation of the node that is, and find its mover. Raises MigrationRefused."""
        member = Member()
        if not self.nodes.find(self.node, member):
            raise MigrationRefused("there is no such node")
        self.incarnation = member.incarnation
        self.mover = open_peer(self.node)

    def leave(self) -> None:
        """The gate is not needed any more."""
        if self.mover.handle != NO_HANDLE:
            close_quietly(self.mover.handle)
        self.mover.handle = NO_HANDLE

    def open_again(self) -> bool:
        """Another gate: the one that we have is dead, if the node was away."""
        self.leave()
        try:
            self.mover = open_peer(self.node)
            return True
        except MigrationRefused:
            return False

    def is_another(self) -> bool:
        """A moment later: whether the node was switched on again. So long it is unknown who has the process."""
        member = Member()
        self.doubt(True)
        sleep(ASK_AGAIN)
        while not self.nodes.find(self.node, member):
            sleep(ASK_AGAIN)
        return member.incarnation != self.incarnation

    def doubt(self, is_in_doubt: bool) -> None:
        """Have it shown."""
        try:
            self.moving.doubt(self.pid, is_in_doubt)
        except (ServiceError, KernelError):
            return

    # ---- it may have all of the process, and was not told to run it ----

    def wait_until_dropped(self) -> None:
        """It would run the process if this node ended: first it has to drop it, or to have ended itself."""
        while not self.is_dropped():
            if self.is_another():
                break
            self.open_again()
        self.doubt(False)

    def is_dropped(self) -> bool:
        """Whether it says that it has it no more."""
        try:
            self.mover.abort(self.id)
        except (ServiceError, KernelError):
            return False
        return True

    # ---- it may have been told to run the process ----

    def has_it(self) -> bool:
        """Whether the process is there for certain; False if it never was. Waits until the node is heard of. Raises
        MigrationFailed: it was switched on again, and has lost the process, if it ever had it; it may have run.
        """
        phase = Phase.UNKNOWN
        while phase == Phase.UNKNOWN:
            if self.is_another():
                raise MigrationFailed("its destination has died with it")
            phase = self.ask()
        self.doubt(False)
        return phase == Phase.RUNNING

    def ask(self) -> Phase:
        """RUNNING: it is there. GIVEN_UP: it never was. UNKNOWN: it does not answer."""
        if not self.open_again():
            return Phase.UNKNOWN
        try:
            phase = self.mover.know(self.id)
            if phase == Phase.READY:
                self.mover.go(self.id)
                phase = Phase.RUNNING
            return Phase.RUNNING if phase == Phase.RUNNING else Phase.GIVEN_UP
        except (ServiceError, KernelError):
            return Phase.UNKNOWN


def close_quietly(handle: u64) -> None:
    """Close what may have gone with a message."""
    try:
        close(handle)
    except KernelError:
        return
