"""Callers that wait for input, the first first. One that has died, or was interrupted, counts no more."""

from atoll.abi.objects import HandleInfo, Kind
from atoll.abi.types import Array, u64
from atoll.userland.runtime.containers import Ring
from atoll.userland.runtime.objects import Process, close
from atoll.userland.runtime.system import own_process

MOST_READERS = 16
PLACE = 0xFFFF  # bits of a handle that say where in the table it is


class Reader:
    """A caller that waits."""

    reply: u64
    room: u64  # bytes that it can take


class Readers:
    """All of them."""

    waiting: Ring[Reader, MOST_READERS]

    def first(self) -> Reader | None:
        """Who gets what comes next; None: nobody waits."""
        while not self.waiting.empty:
            reader = self.waiting.peek()
            if still_waits(reader.reply):
                return reader
            close(self.waiting.pop().reply)
        return None


def still_waits(reply: u64) -> bool:
    """Whether the caller behind a reply handle is there yet."""
    found: Array[HandleInfo, 1] = Array()
    count, _ = Process(own_process()).list_handles(reply & PLACE, found[:])
    return count == 1 and found[0].handle == reply and found[0].kind == Kind.REPLY
