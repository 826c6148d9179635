"""A swap as who carries it out sees it: orders to both servers, and the state's handles on their way (abi/control.py).

The supervisor swaps servers, root the supervisor. Until the commit, one call to the kernel, everything can still fail:
then the old server goes on as if nothing had been. An order has a limit of time: a server that hangs holds up nobody.
"""

from atoll.abi.address_space import PAGE_SIZE, STATE_WINDOW
from atoll.abi.calls import Call, Status
from atoll.abi.control import (
    MOST_COPIED,
    MOST_MOVED,
    STATE_COPIED,
    STATE_COPIED_HANDLES,
    STATE_DATA,
    STATE_MOVED,
    STATE_MOVED_HANDLES,
    Answer,
    Ask,
)
from atoll.abi.objects import NO_HANDLE, Right
from atoll.abi.raw import address_of, load64, store64, view
from atoll.abi.types import Array, Bytes, Text, u8, u64
from atoll.userland.runtime.kernel_calls import clock
from atoll.userland.runtime.kernel_errors import KernelError
from atoll.userland.runtime.messages import Gate, Letter
from atoll.userland.runtime.objects import Memory, Process, close, duplicate, move_rights

LIMIT = 1_000_000_000  # nanoseconds for one order
MOST_TEXT = 200  # bytes of why an order is refused; a longer text is not told


class HandOverFailed(Exception):
    """What failed; the old server goes on."""


class Orders:
    """The order that is under way."""

    letter: Letter
    text: Array[u8, MOST_TEXT]

    def give(self, control: Gate, what: u64, word: u64 = 0, handle: u64 = NO_HANDLE, data: Bytes = b"") -> None:
        """One order; the answer is in the letter. Raises HandOverFailed if it is refused, or nothing comes."""
        letter = self.letter
        letter.set_buffer(self.text[:])
        letter.set_words(what, word)
        if handle != NO_HANDLE:
            letter.give(handle)
        if len(data) > 0:
            letter.enclose(data)
        status = letter.attempt(Call.CALL, control.handle, LIMIT)
        if status != Status.OK and handle != NO_HANDLE:
            close_if_ours(handle)
        if status == Status.TIMED_OUT:
            raise HandOverFailed(f"no answer to {name_of(what)} within {LIMIT // 1_000_000} ms")
        if status != Status.OK:
            raise HandOverFailed(f"it has ended during {name_of(what)}")
        if letter.words[0] == Answer.REFUSED:
            raise HandOverFailed(f"{name_of(what)} refused: {str(self.text[0 : letter.size], 'utf-8')}")


def close_if_ours(handle: u64) -> None:
    """Close a handle that may have gone with a message, or not."""
    try:
        close(handle)
    except KernelError:
        return


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


class Side:
    """One of the two servers."""

    process: Process
    control: Gate


class HandOver:
    """The one that is under way: there is one at a time."""

    itself: Process  # of who carries it out
    old: Side
    new: Side
    state: Memory
    state_size: u64  # bytes
    handles: Array[u64, MOST_MOVED]  # that move: before the commit the old server's values, then the new one's
    count: u64
    parked: u64  # when the old server was told to park; nanoseconds since power-on

    def run(self) -> None:
        """Up to the commit. Raises HandOverFailed."""
        self.parked = clock()
        self.park()
        try:
            self.copy_handles()
            to_new = duplicate(self.state.handle, Right.READ | Right.MOVE)
            orders.give(self.new.control, Ask.ADOPT, self.state_size, to_new)
            move_rights(self.old.process, self.new.process, self.handles[0 : self.count])
        except HandOverFailed:
            self.resume()
            raise
        except KernelError as error:
            self.resume()
            raise HandOverFailed(f"its handles cannot be moved: {error}") from None
        finally:
            self.state.close()

    def park(self) -> None:
        """The old server serves nobody from now on, and gives its state."""
        orders.give(self.old.control, Ask.PARK)
        self.state.handle, self.state_size = orders.letter.handle, orders.letter.words[1]
        if self.state.handle == NO_HANDLE or self.state_size < STATE_DATA:
            self.resume()
            raise HandOverFailed("it gave no state")

    def copy_handles(self) -> None:
        """Duplicates that the old server made go to the new one; the state holds their values there, from now on."""
        pages = (self.state_size + PAGE_SIZE - 1) // PAGE_SIZE
        self.itself.map(self.state, 0, STATE_WINDOW, pages, Right.READ | Right.WRITE)
        done: u64 = 0
        copied = min(load64(STATE_WINDOW + STATE_COPIED), MOST_COPIED)
        try:
            while done < copied:
                done += 1  # one that could not be given to the new server is ours no more either
                self.copy_handle(STATE_WINDOW + STATE_COPIED_HANDLES + 8 * (done - 1))
            self.count = min(load64(STATE_WINDOW + STATE_MOVED), MOST_MOVED)
            for i in range(self.count):
                self.handles[i] = load64(STATE_WINDOW + STATE_MOVED_HANDLES + 8 * i)
        finally:
            while done < copied:
                close_if_ours(self.old.process.take(load64(STATE_WINDOW + STATE_COPIED_HANDLES + 8 * done)))
                done += 1
            self.itself.unmap(STATE_WINDOW, pages)

    def copy_handle(self, place: u64) -> None:
        """One of them."""
        ours = self.old.process.take(load64(place))
        try:
            store64(place, self.new.process.install(ours))
        except KernelError:
            close(ours)
            raise

    def activate(self) -> None:
        """After the commit: the new server has the ports, and who waits there waits for it. Raises HandOverFailed."""
        moved = view(address_of(self.handles), 8 * self.count)
        orders.give(self.new.control, Ask.ACTIVATE, 0, NO_HANDLE, moved)

    def resume(self) -> None:
        """The old server goes on; one that cannot has ended."""
        try:
            orders.give(self.old.control, Ask.RESUME)
        except HandOverFailed as error:
            print(f"after a swap that failed: {error}")


hand_over: HandOver = HandOver()
