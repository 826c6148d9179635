"""A small model of the kernel's messages: who waits for what, and what each waiting ends with.

It knows ports, gates, reply handles and four actors of one thread each, and nothing of how the kernel does it. A result
is (step, actor, status, first word, kind, badge, a handle came along, a reply handle came along).
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from atoll.abi.calls import Message, Status

ACTORS = 4
SLOTS = 12
NOT_AT_ALL, FOR_EVER, FOR_A_TIME = range(3)  # how to wait
TOLD = 9  # the badge of all gates whose last handle is told of

Result = tuple[int, int, int, int, int, int, int, int]


@dataclass(eq=False, repr=False)
class Port:
    """The receive right is in some actor's slot, as long as the port lives."""

    holder: Actor
    senders: deque[Actor] = field(default_factory=deque)
    receiver: Actor | None = None
    bits: int = 0
    notices: int = 0  # of gates with badge TOLD
    dead: bool = False


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


Handle = Port | Gate | Reply | Stale


@dataclass
class Waiting:
    """What an actor waits in: a CALL or SEND that nobody has taken, a call that was taken, or a RECEIVE."""

    port: Port
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


class Model:
    """All actors, and the results so far."""

    def __init__(self) -> None:
        self.actors = [Actor(number) for number in range(ACTORS)]
        self.results: list[Result] = []
        self.step = 0

    # ---- what ends ----

    def finish(self, actor: Actor, status: int, word: int = 0, kind: int = 0, badge: int = 0,
               handle: bool = False, reply: bool = False) -> None:  # fmt: skip
        """An actor's command has ended."""
        actor.waiting = None
        self.results.append((self.step, actor.number, status, word, kind, badge, int(handle), int(reply)))

    def deliver(self, sender: Actor, receiver: Actor) -> None:
        """A message goes from one who sends to one who receives."""
        message, to = sender.waiting, receiver.waiting
        assert message is not None and to is not None
        moved = self.move(sender, message.given, receiver, to.handle_slot)
        is_call = message.kind == Message.CALL
        if is_call:
            message.reply = Reply(sender)
            receiver.slots[to.reply_slot] = message.reply
            message.given = None
            message.reply_slot = -1
        self.finish(receiver, Status.OK, message.word, message.kind, message.badge, moved, is_call)
        self.leave(message)
        if not is_call:
            self.finish(sender, Status.OK)

    def leave(self, message: Waiting) -> None:
        """A sender does not wait any more: it keeps the gate no longer."""
        if message.gate is not None:
            gate, message.gate = message.gate, None
            self.drop(gate, None)

    def move(self, giver: Actor, slot: int | None, taker: Actor, to: int) -> bool:
        """A handle changes its owner."""
        if slot is None:
            return False
        handle = giver.slots[slot]
        giver.slots[slot] = Stale()
        taker.slots[to] = handle
        if isinstance(handle, Port) and handle.holder is not taker:
            handle.holder = taker
            if handle.receiver is not None:
                stranded, handle.receiver = handle.receiver, None
                self.finish(stranded, Status.STALE_HANDLE)
        return True

    def look(self, port: Port) -> None:
        """Something may have come for one who receives."""
        receiver = port.receiver
        if receiver is None:
            return
        if port.bits:
            bits, port.bits, port.receiver = port.bits, 0, None
            self.finish(receiver, Status.OK, bits, Message.NOTIFICATION)
        elif port.notices:
            port.notices -= 1
            port.receiver = None
            self.finish(receiver, Status.OK, 0, Message.LAST_HANDLE, TOLD)
        elif port.senders:
            port.receiver = None
            self.deliver(port.senders.popleft(), receiver)

    # ---- the commands ----

    def find(self, actor: Actor, slot: int, kind: type[Handle]) -> Handle | None:
        """The handle in a slot; None if the command is refused, which is noted."""
        handle = actor.slots.get(slot)
        if isinstance(handle, kind):
            return handle
        if handle is None:
            self.finish(actor, Status.BAD_HANDLE)
        elif isinstance(handle, Stale):
            self.finish(actor, Status.STALE_HANDLE)
        else:
            self.finish(actor, Status.WRONG_KIND)
        return None

    def create(self, actor: Actor, slot: int) -> None:
        """PORT_CREATE."""
        actor.slots[slot] = Port(actor)
        self.finish(actor, Status.OK)

    def mint(self, actor: Actor, slot: int, badge: int, to: int) -> None:
        """GATE_MINT."""
        port = self.find(actor, slot, Port)
        if isinstance(port, Port):
            actor.slots[to] = Gate(port, badge)
            self.finish(actor, Status.OK)

    def open_gate(self, actor: Actor, slot: int) -> Gate | None:
        """A gate through which something can be sent."""
        gate = self.find(actor, slot, Gate)
        if not isinstance(gate, Gate):
            return None
        if gate.revoked or gate.port.dead:
            self.finish(actor, Status.REVOKED if gate.revoked else Status.DEAD)
            return None
        return gate

    def send(self, actor: Actor, kind: int, slot: int, word: int, given: int | None, handle_slot: int = -1,
             how: int = FOR_EVER) -> None:  # fmt: skip
        """CALL or SEND."""
        gate = self.open_gate(actor, slot)
        if gate is None:
            return
        if how == NOT_AT_ALL and gate.port.receiver is None:
            self.finish(actor, Status.WOULD_BLOCK)
            return
        gate.handles += 1
        since = self.step if how == FOR_A_TIME else None
        actor.waiting = Waiting(gate.port, kind, word, gate.badge, gate, given, handle_slot=handle_slot, since=since)
        gate.port.senders.append(actor)
        self.look(gate.port)

    def receive(self, actor: Actor, slot: int, reply_slot: int, handle_slot: int, how: int = FOR_EVER) -> None:
        """RECEIVE."""
        port = self.find(actor, slot, Port)
        if not isinstance(port, Port):
            return
        if how == NOT_AT_ALL and not (port.bits or port.notices or port.senders):
            self.finish(actor, Status.WOULD_BLOCK)
            return
        since = self.step if how == FOR_A_TIME else None
        actor.waiting = Waiting(port, 0, reply_slot=reply_slot, handle_slot=handle_slot, since=since)
        port.receiver = actor
        self.look(port)

    def reply(self, actor: Actor, slot: int, word: int, given: int | None) -> bool:
        """REPLY; whether it went through. (Its own result is noted by who calls this.)"""
        reply = actor.slots.get(slot)
        if isinstance(reply, Reply):
            actor.slots[slot] = Stale()
            if reply.caller is None:
                self.finish(actor, Status.CALLER_GONE)
                return False
            caller = reply.caller
            assert caller.waiting is not None
            moved = self.move(actor, given, caller, caller.waiting.handle_slot)
            self.finish(caller, Status.OK, word, handle=moved)
            return True
        return self.find(actor, slot, Reply) is not None

    def reply_receive(self, actor: Actor, slot: int, word: int, port: int, reply_slot: int, handle_slot: int) -> None:
        """REPLY_RECEIVE."""
        if isinstance(self.find(actor, port, Port), Port) and self.reply(actor, slot, word, None):
            self.receive(actor, port, reply_slot, handle_slot)

    def close(self, actor: Actor, slot: int) -> None:
        """HANDLE_CLOSE."""
        handle = actor.slots.get(slot)
        if handle is None or isinstance(handle, Stale):
            self.finish(actor, Status.BAD_HANDLE if handle is None else Status.STALE_HANDLE)
            return
        actor.slots[slot] = Stale()
        self.drop(handle, None)
        self.finish(actor, Status.OK)

    def drop(self, handle: Handle, dying: Actor | None) -> None:
        """A handle is gone."""
        match handle:
            case Port():
                handle.dead = True
                while handle.senders:
                    self.finish(handle.senders.popleft(), Status.DEAD)
            case Gate():
                handle.handles -= 1
                if handle.handles == 0 and handle.badge == TOLD and not handle.port.dead:
                    handle.port.notices += 1
                    self.look(handle.port)
            case Reply() if handle.caller is not None:
                if dying is None:
                    self.finish(handle.caller, Status.REPLY_DROPPED)
                else:
                    self.finish(handle.caller, Status.PEER_DIED, dying.number)

    def revoke(self, actor: Actor, slot: int, badge: int) -> None:
        """GATE_REVOKE."""
        port = self.find(actor, slot, Port)
        if not isinstance(port, Port):
            return
        for holder in self.actors:
            for handle in holder.slots.values():
                if isinstance(handle, Gate) and handle.port is port and handle.badge == badge:
                    handle.revoked = True
        for sender in [sender for sender in port.senders if sender.waiting and sender.waiting.badge == badge]:
            self.withdraw(sender)
            self.finish(sender, Status.REVOKED)
        self.finish(actor, Status.OK)

    def notify(self, actor: Actor, slot: int, bits: int) -> None:
        """NOTIFY."""
        gate = self.open_gate(actor, slot)
        if gate is not None:
            gate.port.bits |= bits
            self.finish(actor, Status.OK)
            self.look(gate.port)

    def duplicate(self, actor: Actor, slot: int, to: int) -> None:
        """HANDLE_DUPLICATE: of the three kinds only gates may be."""
        gate = actor.slots.get(slot)
        if isinstance(gate, Port | Reply):
            self.finish(actor, Status.NO_RIGHT)
        elif isinstance(self.find(actor, slot, Gate), Gate):
            assert isinstance(gate, Gate)
            gate.handles += 1
            actor.slots[to] = gate
            self.finish(actor, Status.OK)

    # ---- what is done to actors ----

    def withdraw(self, actor: Actor) -> None:
        """It waits no more, and nobody remembers it."""
        waiting = actor.waiting
        if waiting is None:
            return
        if waiting.reply is not None:
            waiting.reply.caller = None
        elif waiting.kind == 0:
            waiting.port.receiver = None
        else:
            waiting.port.senders.remove(actor)
            self.leave(waiting)

    def cancel(self, actor: Actor) -> None:
        """CANCEL, by who holds the actor."""
        self.withdraw(actor)
        self.finish(actor, Status.CANCELLED)

    def let_time_pass(self) -> None:
        """All time-outs are over, the earliest first; what one leaves behind may come to another just in time."""
        since = {actor: actor.waiting.since for actor in self.actors if actor.waiting is not None}
        for actor in sorted(since, key=lambda actor: since[actor] or 0):
            if actor.waiting is not None and actor.waiting.since is not None:
                self.withdraw(actor)
                self.finish(actor, Status.TIMED_OUT)

    def kill(self, actor: Actor) -> None:
        """Its handles are gone; its ports go to an heir, who closes them."""
        self.withdraw(actor)
        actor.waiting = None
        actor.alive = False
        handles = list(actor.slots.values())
        actor.slots.clear()
        for handle in handles:
            if not isinstance(handle, Port):
                self.drop(handle, actor)
        for handle in handles:
            if isinstance(handle, Port):
                self.drop(handle, None)

    def hand_over(self, actor: Actor, slot: int, to: Actor, to_slot: int) -> None:
        """A handle is taken from one actor and installed with another."""
        self.move(actor, slot, to, to_slot)
