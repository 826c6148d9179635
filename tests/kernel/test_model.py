"""Random sequences of messages against a model: hypothesis draws commands for four processes, an interpreter in the
machine executes them (tests/kernel/suite/interpreter.py), and each result is what the model (model.py) says.
"""

import struct
from collections.abc import Callable
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from atoll.abi.calls import Message
from atoll.images.recipe import Image, make_tar
from tests.kernel.machines import boot
from tests.kernel.model import (
    FOR_A_TIME,
    FOR_EVER,
    NOT_AT_ALL,
    SLOTS,
    TOLD,
    Actor,
    Gate,
    Handle,
    Model,
    Port,
    Reply,
    Result,
    Stale,
)
from tests.kernel.support import guest

CREATE, MINT, CALL, SEND, RECEIVE, REPLY, REPLY_RECEIVE = range(1, 8)
CLOSE, REVOKE, NOTIFY, DUPLICATE, KILL, MOVE, CANCEL, PASS = range(8, 16)
NOTHING = 99  # no slot
STEPS = 50

data = st.data()
words = st.integers(0, 1000)
badges = st.sampled_from([1, 2, TOLD])
ways = st.sampled_from([FOR_EVER, FOR_EVER, FOR_A_TIME, NOT_AT_ALL])


def is_busy(handle: Handle) -> bool:
    """Whether somebody waits at that port, or for that reply, or at the port of that gate."""
    if isinstance(handle, Reply):
        return handle.caller is not None
    port = handle.port if isinstance(handle, Gate) else handle
    return isinstance(port, Port) and (port.receiver is not None or len(port.senders) > 0)


def is_movable(handle: Handle) -> bool:
    """Whether the handle can go elsewhere: all can, a reply handle even after its caller is gone."""
    return not isinstance(handle, Stale)


class Messages(RuleBasedStateMachine):
    """Draws a script, and lets the model say what comes of it; at the end the machine has its say."""

    image: ClassVar[Image]
    files: ClassVar[list[tuple[str, bytes]]]

    def __init__(self) -> None:
        super().__init__()
        self.model = Model()
        self.script: list[tuple[int, ...]] = []

    # ---- drawing ----

    def command(self, operation: int, actor: Actor, a: int = 0, b: int = 0, c: int = 0, d: int = 0) -> None:
        """Write a command down."""
        self.model.step = len(self.script)
        self.script.append((operation, actor.number, a, b, c, d))

    def some(self, draw: st.DataObject, kind: type[Handle] | None = None, free: bool = True) -> Actor:
        """An actor that lives and does not wait, or one that does; rather one with something to do for that kind."""
        fitting = self.such(free)
        if kind is not None and draw.draw(st.integers(0, 9)) > 0:
            able = [actor for actor in fitting if any(isinstance(handle, kind) for handle in actor.slots.values())]
            busy = [
                actor for actor in able
                if any(isinstance(handle, kind) and is_busy(handle) for handle in actor.slots.values())
            ]  # fmt: skip
            fitting = busy or able or fitting
        return draw.draw(st.sampled_from(fitting))

    def client(self, draw: st.DataObject) -> Actor:
        """Who sends: rather not one whom others wait for."""
        fitting = self.such(True)
        clients = [actor for actor in fitting if not any(isinstance(h, Port | Reply) for h in actor.slots.values())]
        return draw.draw(st.sampled_from(clients if clients and draw.draw(st.integers(0, 4)) > 0 else fitting))

    def slot(self, draw: st.DataObject, actor: Actor, kind: type[Handle]) -> int:
        """A slot with a handle of that kind, if there is one; sometimes any."""
        fitting = [slot for slot, handle in actor.slots.items() if isinstance(handle, kind)]
        busy = [slot for slot in fitting if is_busy(actor.slots[slot])]
        if busy and draw.draw(st.integers(0, 1)) == 1:
            return draw.draw(st.sampled_from(busy))
        if fitting and draw.draw(st.integers(0, 9)) > 0:
            return draw.draw(st.sampled_from(fitting))
        return draw.draw(st.integers(0, SLOTS - 1))

    def free(self, actor: Actor) -> list[int]:
        """Slots that nothing is in."""
        kept = {slot for slot, handle in actor.slots.items() if not isinstance(handle, Stale)} | actor.reserved()
        return [slot for slot in range(SLOTS) if slot not in kept]

    def gift(self, draw: st.DataObject, actor: Actor, but: int) -> int | None:
        """A slot whose handle goes with a message; often none."""
        fitting = [slot for slot, handle in actor.slots.items() if is_movable(handle) and slot != but]
        if not fitting or draw.draw(st.integers(0, 2)) > 0:
            return None
        return draw.draw(st.sampled_from(fitting))

    def such(self, free: bool) -> list[Actor]:
        """Actors that live and do not wait, and have room for two more handles; or such that wait."""
        return [
            actor for actor in self.model.actors
            if actor.alive and (actor.waiting is None) == free and (not free or len(self.free(actor)) > 1)
        ]  # fmt: skip

    @initialize(draw=data)
    def connect(self, draw: st.DataObject) -> None:
        """Two ports, and a gate to each for everybody."""
        for owner in self.model.actors[:2]:
            port = self.create(owner)
            for other in self.model.actors:
                to = self.free(owner)[0]
                self.mint(owner, port, draw.draw(badges), to)
                if other is not owner:
                    self.hand_over(owner, to, other)

    def create(self, actor: Actor) -> int:
        """A port; its slot."""
        slot = self.free(actor)[0]
        self.command(CREATE, actor, slot)
        self.model.create(actor, slot)
        return slot

    def mint(self, actor: Actor, slot: int, badge: int, to: int) -> None:
        """A gate."""
        self.command(MINT, actor, slot, badge, int(badge == TOLD), to)
        self.model.mint(actor, slot, badge, to)

    def hand_over(self, actor: Actor, slot: int, to: Actor) -> None:
        """A handle changes its process."""
        to_slot = self.free(to)[0]
        self.command(MOVE, actor, slot, to.number, to_slot)
        self.model.hand_over(actor, slot, to, to_slot)

    # ---- the rules ----

    @precondition(lambda self: self.such(True))
    @rule(draw=data)
    def a_port(self, draw: st.DataObject) -> None:
        self.create(self.some(draw))

    @precondition(lambda self: self.such(True))
    @rule(draw=data, badge=badges)
    def a_gate(self, draw: st.DataObject, badge: int) -> None:
        actor = self.some(draw)
        self.mint(actor, self.slot(draw, actor, Port), badge, self.free(actor)[0])

    @precondition(lambda self: self.such(True))
    @rule(draw=data, word=words, is_call=st.booleans(), how=ways)
    def send_or_call(self, draw: st.DataObject, word: int, is_call: bool, how: int) -> None:
        actor = self.client(draw)
        self.send_through(draw, actor, self.slot(draw, actor, Gate), word, is_call, how)

    def send_through(
        self, draw: st.DataObject, actor: Actor, slot: int, word: int, is_call: bool, how: int = FOR_EVER
    ) -> None:
        """CALL or SEND."""
        back = self.free(actor)[0]
        given = self.gift(draw, actor, -1)
        gift = NOTHING if given is None else given
        self.command(CALL if is_call else SEND, actor, slot, word, gift, back + 100 * how)
        self.model.send(actor, Message.CALL if is_call else Message.SEND, slot, word, given, back, how)

    @precondition(lambda self: self.pairs())
    @rule(draw=data, word=words, is_call=st.booleans(), receives_first=st.booleans())
    def exchange(self, draw: st.DataObject, word: int, is_call: bool, receives_first: bool) -> None:
        client, slot, server, port = draw.draw(st.sampled_from(self.pairs()))
        if receives_first:
            self.receive_at(server, port)
        self.send_through(draw, client, slot, word, is_call)
        if not receives_first:
            self.receive_at(server, port)

    def pairs(self) -> list[tuple[Actor, int, Actor, int]]:
        """Who could send to whom: an actor and its gate, another and its port; neither waits."""
        free = self.such(True)
        return [
            (client, slot, gate.port.holder, port)
            for client in free
            for slot, gate in client.slots.items()
            if isinstance(gate, Gate) and gate.port.holder in free and gate.port.holder is not client
            for port, handle in gate.port.holder.slots.items()
            if handle is gate.port
        ]

    @precondition(lambda self: any(is_busy(h) for a in self.such(True) for h in a.slots.values()))
    @rule(draw=data)
    def receive_what_waits(self, draw: st.DataObject) -> None:
        actor = self.some(draw, Port)
        self.receive_at(actor, self.slot(draw, actor, Port))

    @precondition(lambda self: self.such(True))
    @rule(draw=data, how=ways)
    def receive(self, draw: st.DataObject, how: int) -> None:
        actor = self.some(draw, Port)
        self.receive_at(actor, self.slot(draw, actor, Port), how)

    def receive_at(self, actor: Actor, slot: int, how: int = FOR_EVER) -> None:
        """RECEIVE."""
        reply, handle = self.free(actor)[:2]
        self.command(RECEIVE, actor, slot, reply, handle, how)
        self.model.receive(actor, slot, reply, handle, how)

    @precondition(lambda self: self.such(True))
    @rule(draw=data, word=words)
    def reply(self, draw: st.DataObject, word: int) -> None:
        actor = self.some(draw, Reply)
        slot = self.slot(draw, actor, Reply)
        given = self.gift(draw, actor, slot)
        self.command(REPLY, actor, slot, word, NOTHING if given is None else given)
        if self.model.reply(actor, slot, word, given):
            self.model.finish(actor, 0)

    @precondition(lambda self: self.such(True))
    @rule(draw=data, word=words)
    def reply_and_receive(self, draw: st.DataObject, word: int) -> None:
        actor = self.some(draw, Reply)
        slot, port = self.slot(draw, actor, Reply), self.slot(draw, actor, Port)
        reply, handle = self.free(actor)[:2]
        self.command(REPLY_RECEIVE, actor, slot, word, port, reply + 100 * handle)
        self.model.reply_receive(actor, slot, word, port, reply, handle)

    @precondition(lambda self: self.such(True))
    @rule(draw=data)
    def close(self, draw: st.DataObject) -> None:
        actor = self.some(draw)
        slot = self.slot(draw, actor, draw.draw(st.sampled_from([Gate, Gate, Reply, Port])))
        self.command(CLOSE, actor, slot)
        self.model.close(actor, slot)

    @precondition(lambda self: self.such(True))
    @rule(draw=data, badge=badges)
    def revoke(self, draw: st.DataObject, badge: int) -> None:
        actor = self.some(draw)
        slot = self.slot(draw, actor, Port)
        self.command(REVOKE, actor, slot, badge)
        self.model.revoke(actor, slot, badge)

    @precondition(lambda self: self.such(True))
    @rule(draw=data, bits=st.sampled_from([1, 2, 4]))
    def notify(self, draw: st.DataObject, bits: int) -> None:
        actor = self.some(draw)
        slot = self.slot(draw, actor, Gate)
        self.command(NOTIFY, actor, slot, bits)
        self.model.notify(actor, slot, bits)

    @precondition(lambda self: self.such(True))
    @rule(draw=data)
    def duplicate(self, draw: st.DataObject) -> None:
        actor = self.some(draw)
        slot, to = self.slot(draw, actor, Gate), self.free(actor)[0]
        self.command(DUPLICATE, actor, slot, 0, 0, to)
        self.model.duplicate(actor, slot, to)

    @precondition(lambda self: self.such(False))
    @rule(draw=data)
    def cancel(self, draw: st.DataObject) -> None:
        actor = self.some(draw, free=False)
        self.command(CANCEL, actor)
        self.model.cancel(actor)

    @precondition(lambda self: any(actor.waiting and actor.waiting.since is not None for actor in self.model.actors))
    @rule()
    def let_time_pass(self) -> None:
        self.command(PASS, self.model.actors[0])
        self.model.let_time_pass()

    @precondition(lambda self: sum(actor.alive for actor in self.model.actors) > 1)
    @rule(draw=data, chance=st.integers(0, 3))
    def kill(self, draw: st.DataObject, chance: int) -> None:
        if chance == 0:
            actor = draw.draw(st.sampled_from([actor for actor in self.model.actors if actor.alive]))
            self.command(KILL, actor)
            self.model.kill(actor)

    @rule(draw=data)
    def move(self, draw: st.DataObject) -> None:
        actor, to = (draw.draw(st.sampled_from([a for a in self.model.actors if a.alive])) for _ in range(2))
        movable = [
            slot for slot, handle in actor.slots.items()
            if is_movable(handle) and slot not in actor.reserved()
        ]  # fmt: skip
        if movable and actor is not to and len(self.free(to)) > 1:
            self.hand_over(actor, draw.draw(st.sampled_from(movable)), to)

    # ---- what the machine says ----

    def teardown(self) -> None:
        """Run the script and compare."""
        script = b"".join(struct.pack("<6Q", *command) for command in self.script)
        ended = boot(Image(self.image.kernel, make_tar([*self.files, ("script", script)])))
        lines = ended.lines[1 : ended.lines.index("end")] if "end" in ended.lines else ended.lines
        got = [tuple(map(int, line.split())) for line in lines if line.replace(" ", "").isdigit()]
        expected: list[Result] = sorted(self.model.results)
        wrong = sorted(set(got) ^ set(expected))
        assert sorted(got) == expected, f"{self.script}\nfirst difference: {wrong[:1]}, machine: {sorted(got)}"
        assert ended.lines[-2:] == ["script: ok", "0 failures"], ended.output


def check(build_suite: Callable[[str], Image], examples: int, phases: tuple[Phase, ...]) -> None:
    """So many scripts."""
    Messages.image = build_suite("interpreter")
    find_file = guest("userland.runtime.image.initrd").find_file
    Messages.files = [(name, bytes(find_file(Messages.image.initrd, name))) for name in ("root", "manifest")]
    run_state_machine_as_test(
        Messages,
        settings=settings(
            max_examples=examples, stateful_step_count=STEPS, deadline=None, phases=phases, print_blob=True,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
        ),
    )  # fmt: skip


def test_the_machine_does_what_the_model_says(build_suite: Callable[[str], Image]) -> None:
    check(build_suite, 8, (Phase.reuse, Phase.generate))


@pytest.mark.long
def test_the_machine_does_what_the_model_says_for_long(build_suite: Callable[[str], Image]) -> None:
    check(build_suite, 1500, (Phase.reuse, Phase.generate, Phase.shrink))
