"""What the model of the kernel's messages (model.py) is made of: ports, sets, gates, reply handles, and who waits."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field


@dataclass(eq=False, repr=False)
class Port:
    """The receive right is in some actor's slot, as long as the port lives."""

    holder: Actor
    senders: deque[Actor] = field(default_factory=deque)
    receiver: Actor | None = None
    bits: int = 0
    notices: int = 0  # of gates with badge TOLD
    dead: bool = False
    set: Set | None = None

    def has_message(self) -> bool:
        """Whether something waits here."""
        return bool(self.bits or self.notices or self.senders)

    def place(self) -> Port | Set:
        """Where one waits who gets its messages."""
        return self.set if self.set is not None and self.receiver is None else self

    def leave_set(self) -> None:
        """It is by itself again."""
        if self.set is not None:
            self.set.members.remove(self)
            self.set.ready = deque(port for port in self.set.ready if port is not self)
            self.set = None


@dataclass(eq=False, repr=False)
class Set:
    """Ports whose messages are received in turn."""

    members: list[Port] = field(default_factory=list)
    ready: deque[Port] = field(default_factory=deque)  # what is there has been in each, and may have gone
    receiver: Actor | None = None

    def announce(self, port: Port) -> None:
        """Something waits at a port of it."""
        if port not in self.ready:
            self.ready.append(port)

    def next(self) -> Port | None:
        """The port whose turn it is; it then has the last turn."""
        while self.ready:
            port = self.ready.popleft()
            if port.has_message():
                self.ready.append(port)
                return port
        return None


@dataclass(eq=False, repr=False)
class Gate:
    """What send handles refer to."""

    port: Port
    badge: int
    handles: int = 1  # and senders that wait
    revoked: bool = False


@dataclass(eq=False, repr=False)
class Reply:
    """The right to answer; None: the caller waits no more."""

    caller: Actor | None


class Stale:
    """A handle that was closed or has moved away."""


Handle = Port | Set | Gate | Reply | Stale


@dataclass
class Waiting:
    """What an actor waits in: a CALL or SEND that nobody has taken, a call that was taken, or a RECEIVE."""

    at: Port | Set
    kind: int  # a Message; 0: receiving
    word: int = 0
    badge: int = 0
    gate: Gate | None = None  # kept by who waits to send through it
    given: int | None = None  # slot
    reply: Reply | None = None  # the call was taken
    reply_slot: int = 0
    handle_slot: int = 0
    since: int | None = None  # with a time-out: the step


@dataclass(eq=False, repr=False)
class Actor:
    """A process with one thread."""

    number: int
    slots: dict[int, Handle] = field(default_factory=dict)
    waiting: Waiting | None = None
    alive: bool = True

    def __repr__(self) -> str:
        return f"actor {self.number}"

    def reserved(self) -> set[int]:
        """Slots that what it waits for may fill, or that it gives away."""
        waiting = self.waiting
        if waiting is None:
            return set()
        return {waiting.reply_slot, waiting.handle_slot, -1 if waiting.given is None else waiting.given}
