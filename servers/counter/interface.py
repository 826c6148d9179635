"""Counter: a first service of one's own. What can be asked is declared here, once, for both sides."""

from atoll.abi.types import Text, u64
from atoll.userland.runtime.interface import Interface, ServiceError, idempotent


class CountersFull(ServiceError):
    """There is no room for another counter."""


# `messages` is the number of the first method: those from 0x2000 on are free for services of your own.
class Counter(Interface, messages=0x2000, errors=(CountersFull,)):
    """Counters with names."""

    def add(self, name: Text, amount: u64) -> u64:
        """Count on; the counter's new value. Raises CountersFull."""

    # Asked twice it answers the same: so a call whose receiver dies is simply repeated.
    @idempotent
    def value(self, name: Text) -> u64:
        """A counter's value; 0 if nobody has counted on it."""
