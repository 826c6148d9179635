"""What depends on nodes that are silent: processes that have come and wait for GO, answers that were to be sent on.

Silence proves nothing: a process that is complete here runs only on GO, or when its source was switched on again, so
that it cannot have it any more. What is not complete can be dropped at any time: it is its source's.
"""

from atoll.abi.calls import Status
from atoll.abi.objects import NO_HANDLE
from atoll.abi.raw import address_of, store64
from atoll.abi.types import Array, u8, u64
from atoll.servers.mover.answers import HEAD
from atoll.servers.mover.guest import Guest
from atoll.servers.mover.incoming import incoming
from atoll.servers.mover.interface import MOST_THREADS, Mover, Phase
from atoll.servers.mover.peers import Nodes, open_peer
from atoll.servers.network.interface import Member
from atoll.servers.programs.interface import Moving
from atoll.userland.runtime.interface import ServiceError
from atoll.userland.runtime.kernel_errors import KernelError
from atoll.userland.runtime.objects import close

INCARNATION_SHIFT = 32  # in a migration's number
INCARNATION = 0xFFFF


class Doubts:
    """Looked at by a thread of its own, which asks other nodes; what follows, the first thread does."""

    own: Mover  # the first thread
    nodes: Nodes
    lost: Array[u8, HEAD]  # the answer that nobody will give

    def has_some(self) -> bool:
        """Whether anything depends on another node."""
        for guest in incoming.guests:
            is_coming = guest.phase == Phase.ACCEPTED or guest.phase == Phase.READY
            if is_coming or guest.awaited != 0 or (guest.phase == Phase.RUNNING and guest.awaits_answer):
                return True
        return False

    def look(self) -> None:
        """At each of them."""
        for guest in incoming.guests:
            if guest.phase != Phase.UNKNOWN:
                try:
                    self.look_at(guest)
                except (ServiceError, KernelError):
                    pass  # another look comes

    def look_at(self, guest: Guest) -> None:
        """One of them."""
        member = Member()
        if not self.nodes.find(guest.source, member):
            return
        has_ended = member.incarnation & INCARNATION != guest.id >> INCARNATION_SHIFT & INCARNATION
        is_gone = has_ended or member.is_up == 0
        if guest.phase == Phase.READY:
            Moving(incoming.programs.handle).doubt(guest.pid, is_gone and not has_ended)
        if guest.phase == Phase.READY and has_ended:
            self.own.go(guest.id)
        elif guest.phase == Phase.ACCEPTED and is_gone:
            self.own.abort(guest.id)
        elif guest.phase == Phase.READY and not is_gone:
            self.ask_source(guest)
        elif guest.phase == Phase.RUNNING:
            if guest.awaited != 0 and (is_gone or not self.comes_more(guest)):
                self.own.run(guest.id)
            if is_gone:
                self.answer_all(guest)

    def ask_source(self, guest: Guest) -> None:
        """A source that has given up could perhaps not say so."""
        peer = open_peer(guest.source)
        try:
            if peer.know(guest.id) == Phase.GIVEN_UP:
                self.own.abort(guest.id)
        finally:
            close(peer.handle)

    def comes_more(self, guest: Guest) -> bool:
        """Whether the source is at it still."""
        peer = open_peer(guest.source)
        try:
            return peer.know(guest.id) != Phase.UNKNOWN
        finally:
            close(peer.handle)

    def answer_all(self, guest: Guest) -> None:
        """The calls that its threads made there have no answer: as if whom they called had died."""
        store64(address_of(self.lost), Status.PEER_DIED)
        for number in range(u64(MOST_THREADS)):
            if guest.replies[number] != NO_HANDLE:
                self.own.deliver(guest.id, number, self.lost[:])


doubts: Doubts = Doubts()
