"""The session: nobody needs to ask it anything; it can be looked at, and swapped like any other server."""

from atoll.abi.types import u64
from atoll.userland.runtime.interface import Interface, idempotent


class Session(Interface, messages=0x1E00):
    """What can be asked of it."""

    @idempotent
    def shells(self) -> u64:
        """How many shells it has started so far."""
