"""What depends on the nodes from which processes come, or have come: those that wait for GO, answers to be sent on.

Silence proves nothing: a process that is complete here runs only on GO, or when its source was switched on again, so
that it cannot have it any more. What is not complete can be dropped at any time: it is its source's.
"""

from atoll.servers.mover.guest import Guest
from atoll.servers.mover.incoming import incoming
from atoll.servers.mover.interface import Mover, Phase
from atoll.servers.mover.peers import Nodes
from atoll.servers.mover.speakers import INCARNATION, Errand, answer_all, say
from atoll.servers.network.interface import Member
from atoll.servers.programs.interface import Moving
from atoll.userland.runtime.interface import ServiceError
from atoll.userland.runtime.kernel_calls import clock
from atoll.userland.runtime.kernel_errors import KernelError

INCARNATION_SHIFT = 32  # in a migration's number


class Doubts:
    """Looked at by a thread of its own; what follows, the first thread does."""

    own: Mover  # the first thread
    nodes: Nodes

    def has_some(self) -> bool:
        """Whether anything depends on another node."""
        for guest in incoming.guests:
            if guest.depends_on_source:
                return True
        return False

    def look(self) -> None:
        """At each of them."""
        for guest in incoming.guests:
            if guest.depends_on_source:
                try:
                    self.look_at(guest)
                except (ServiceError, KernelError):
                    pass  # another look comes

    def look_at(self, guest: Guest) -> None:
        """One of them."""
        member = Member()
        if not self.nodes.find(guest.source, member):
            return
        incarnation = guest.id >> INCARNATION_SHIFT & INCARNATION
        has_ended = member.incarnation & INCARNATION != incarnation
        is_gone = has_ended or member.is_up == 0
        if guest.phase == Phase.READY:
            Moving(incoming.programs.handle).doubt(guest.pid, is_gone and not has_ended)
        if not is_gone:
            if guest.is_quiet(clock()):
                say(Errand.ASK, guest.source, incarnation, guest.pid, guest.id, 0)
        elif guest.phase == Phase.ACCEPTED:
            self.own.abort(guest.id)
        elif guest.phase == Phase.READY and has_ended:
            self.own.go(guest.id)
        elif guest.phase == Phase.RUNNING:
            if guest.awaited != 0:
                self.own.run(guest.id)
            answer_all(guest, self.own)


doubts: Doubts = Doubts()
