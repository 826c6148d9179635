"""A handle that has left with a message, until it is known whether it was taken."""

from collections.abc import Callable

from atoll.abi.objects import NO_HANDLE
from atoll.abi.types import u64
from atoll.abi.wire import Delivery
from atoll.servers.network.exports import close_quietly, exports
from atoll.servers.network.peers import NOWHERE
from atoll.servers.network.proxies import proxies


class Passing:
    """One handle on its way."""

    peer: u64  # NOWHERE: to nobody just now
    export: u64  # place + 1 of what was counted for it; 0: nothing
    export_of: u64  # the lower half of that one's identity
    handle: u64  # of a proxy's gate, which is kept so long
    call: u64  # place + 1 of the call by which a right's reply comes back (rights.py); 0: it is no such right
    number: u64  # of that transaction
    port: u64  # label of the proxy that a receive right has become; 0: it is none

    def settle(self, was_taken: bool) -> None:
        """Now it is known."""
        if self.has_export() and not was_taken:
            if self.peer == NOWHERE:
                exports.let_go(self.export - 1)
            else:
                exports.give_back(self.export - 1, self.peer, 1)
        if self.call != 0 and not was_taken:
            rights_back.take(self.peer, self.call - 1, self.number)
        if self.port != 0:
            place = proxies.port_passed(self.port, was_taken)
            if place != NOWHERE and proxies.table[place].delivery != Delivery.REDIRECT:
                exports.drop_all(proxies.table[place].identity)
            if place != NOWHERE:
                exports.take_back(proxies.table[place].identity, self.peer)  # its gates lead there directly now
                if proxies.is_unused(place) and proxies.table[place].delivery != Delivery.REDIRECT:
                    proxies.end(place)  # (else it is to say goodbye: moves.py)
        close_quietly(self.handle)
        self.clear()

    def has_export(self) -> bool:
        """Whether something was counted for it, and is there still."""
        if self.export == 0:
            return False
        entry = exports.entries[self.export - 1]
        return entry.gate != NO_HANDLE and entry.identity.low == self.export_of

    def call_back(self) -> bool:
        """The peer does not get it, but perhaps another; False if it is lost to others."""
        if self.call != 0 or self.port != 0:
            return False
        if self.has_export() and self.peer != NOWHERE:
            exports.hold(self.export - 1)
            exports.give_back(self.export - 1, self.peer, 1)
        self.peer = NOWHERE
        return True

    def address(self, peer: u64) -> None:
        """It goes to that peer after it was called back."""
        if self.peer == NOWHERE and self.has_export():
            exports.send(self.export - 1, peer)
            exports.let_go(self.export - 1)
        if self.peer == NOWHERE:
            self.peer = peer

    def clear(self) -> None:
        """Nothing is on its way."""
        self.export, self.handle, self.call, self.port = 0, NO_HANDLE, 0, 0


class RightsBack:
    """What becomes of reply rights that were not taken."""

    take: Callable[[u64, u64, u64], None]  # peer, place of the call, its number


rights_back: RightsBack = RightsBack()
