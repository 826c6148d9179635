"""Look-ups that wait for a name which nobody has registered yet."""

from atoll.abi.objects import NO_HANDLE
from atoll.abi.raw import address_of
from atoll.abi.types import Array, Bytes, u8, u64
from atoll.servers.naming.interface import MAX_NAME, NamingFull
from atoll.userland.runtime.interface import call
from atoll.userland.runtime.state import StateReader, StateWriter

MOST_WAITING = 48


class Waiter:
    """Who waits for what."""

    reply: u64  # NO_HANDLE: not in use
    length: u64
    name: Array[u8, MAX_NAME]


class Waiting:
    """All who wait."""

    items: Array[Waiter, MOST_WAITING]

    def add(self, name: Bytes) -> None:
        """The call that is being answered waits. Raises NamingFull."""
        for item in self.items:
            if item.reply == NO_HANDLE:
                item.reply = call.postpone()
                item.length = u64(len(name))
                item.name[0 : item.length] = name
                return
        raise NamingFull(f"{MOST_WAITING} callers wait for names already")

    def take(self, name: Bytes) -> u64:
        """The reply handle of somebody who waits for that name; NO_HANDLE if nobody does."""
        for item in self.items:
            if item.reply != NO_HANDLE and item.name[0 : item.length] == name:
                reply = item.reply
                item.reply = NO_HANDLE
                return reply
        return NO_HANDLE

    def export(self, state: StateWriter) -> None:
        """Write all; the reply handles move."""
        for item in self.items:
            state.moved(item.reply)
            state.data(item.name[0 : item.length])

    def adopt(self, state: StateReader) -> None:
        """Read all."""
        for item in self.items:
            state.moved(address_of(item))
            item.length = state.data(item.name[:])
