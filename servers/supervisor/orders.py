"""Orders to a server's control port (abi/control.py), with a limit of time: one that hangs is no reason to hang."""

from atoll.abi.calls import Call, Status
from atoll.abi.control import Answer, Ask
from atoll.abi.objects import NO_HANDLE
from atoll.abi.types import Array, Bytes, Text, u8, u64
from atoll.servers.supervisor.interface import SwapFailed
from atoll.servers.supervisor.services import Instance
from atoll.userland.runtime.messages import Letter

LIMIT = 1_000_000_000  # nanoseconds for one order
MOST_TEXT = 200


class Orders:
    """The order that is under way."""

    letter: Letter
    text: Array[u8, MOST_TEXT]

    def give(self, instance: Instance, what: u64, word: u64 = 0, handle: u64 = NO_HANDLE, data: Bytes = b"") -> None:
        """One order; the answer is in the letter. Raises SwapFailed if it is refused, or nothing comes."""
        letter = self.letter
        letter.set_buffer(self.text[:])
        letter.set_words(what, word)
        if handle != NO_HANDLE:
            letter.give(handle)
        if len(data) > 0:
            letter.enclose(data)
        status = letter.attempt(Call.CALL, instance.control.handle, LIMIT)
        if status == Status.TIMED_OUT:
            raise SwapFailed(f"no answer to {name_of(what)} within {LIMIT // 1_000_000} ms")
        if status != Status.OK:
            raise SwapFailed(f"it has ended during {name_of(what)}")
        if letter.words[0] == Answer.REFUSED:
            raise SwapFailed(f"{name_of(what)} refused: {str(self.text[0 : letter.size], 'utf-8')}")

    def park(self, instance: Instance) -> tuple[u64, u64]:
        """A server that serves nobody from now on: the handle of its state, and the size of that."""
        self.give(instance, Ask.PARK)
        return self.letter.handle, self.letter.words[1]


def name_of(what: u64) -> Text:
    """The order's name."""
    match what:
        case Ask.READY:
            return "ready"
        case Ask.PARK:
            return "park"
        case Ask.RESUME:
            return "resume"
        case Ask.ADOPT:
            return "adopt"
        case Ask.ACTIVATE:
            return "activate"
    return "an order"


orders: Orders = Orders()
