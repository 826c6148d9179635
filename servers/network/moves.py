"""Receive rights that cross the wire: the receiver is at another node from then on, gates stay what they are.

The port itself stays: at the old node the network server receives there, as at any proxy, and sends on; so gates that
other nodes have of it go on leading there. At the new node a process gets a port, the proxy's if there was one; through
a gate that can mint we let messages in with any badge: what comes from the old node needs no gate that was counted.
"""

from atoll.abi.calls import NO_TIMEOUT, MintFlag, Status
from atoll.abi.calls import Call as KernelCall
from atoll.abi.riscv import ecall
from atoll.abi.types import u64
from atoll.abi.wire import MILLISECOND, OWN_GATES, Delivery, Outcome, Way
from atoll.servers.network import claims, farewells, outbox, recount, station
from atoll.servers.network.calls import calls
from atoll.servers.network.exports import close_quietly, exports
from atoll.servers.network.peers import NOWHERE, peers
from atoll.servers.network.proxies import proxies
from atoll.servers.network.requests import Request, State
from atoll.userland.runtime.kernel_errors import KernelError
from atoll.userland.runtime.objects import is_dead_gate

LOOK_EVERY = 500 * MILLISECOND

# ---- messages for a port that has moved ----


def may_pass(request: Request) -> bool:
    """Whether a request is for a port that has moved. (A node that knows its identity was given it: where a receiver
    has come to, or from where everything is sent on, nobody has counted all gates.)
    """
    place = proxies.find(request.message.envelope.target)
    if place == NOWHERE or not proxies.table[place].has_moved or not peers.table[request.peer].is_node:
        return False
    proxy = proxies.table[place]
    return proxy.is_home or proxy.delivery == Delivery.REDIRECT or proxy.owner == request.peer


def pass_in(request: Request) -> None:
    """Let it in, through a gate that is made for it."""
    envelope = request.message.envelope
    place = proxies.find(envelope.target)
    try:
        match envelope.way:
            case Way.RELEASE:
                station.answer(request, Outcome.ANSWERED if released(request, place) else Outcome.NO_SUCH_PORT)
            case Way.NOTIFY:
                gate = proxies.make_gate(place, 0, 0)
                status, _ = ecall(gate.handle, envelope.words[0], 0, 0, 0, 0, 0, KernelCall.NOTIFY)
                gate.close()
                station.answer(request, Outcome.ANSWERED if status == Status.OK else Outcome.NOT_TAKEN, status)
            case Way.CLAIM:
                claimed(request, place)
            case _:
                request.gate, request.is_gate_ours = proxies.make_gate(place, envelope.badge, 0).handle, True
                station.call(request)
    except KernelError:  # the port is dead: so it is for all who ask
        if proxies.table[place].is_home:
            proxies.end(place)
        station.answer(request, Outcome.NOT_TAKEN, Status.DEAD)


def released(request: Request, place: u64) -> bool:
    """A peer has no gate of that badge any more. If there are some here, they tell their end themselves. If the
    receiver has moved on, we tell the next node, as of a gate of our own. False: it has moved to that very peer.
    """
    envelope, proxy = request.message.envelope, proxies.table[place]
    if not proxy.is_home and proxy.owner == request.peer:
        return False
    export = exports.find(envelope.target, envelope.badge)
    if export != NOWHERE:
        exports.give_back(export, request.peer, envelope.words[0])
    elif envelope.words[1] == OWN_GATES and proxies.find_held(proxy, envelope.badge) == NOWHERE:
        proxies.make_gate(place, envelope.badge, MintFlag.TELL_LAST).close()
    return True


def claimed(request: Request, place: u64) -> None:
    """A peer has got a gate. If the receiver has moved on, and there is none of that badge here, we claim one ourselves
    first: what leads there by us is counted as one gate of ours. To where the receiver goes nothing is counted.
    """
    envelope, proxy = request.message.envelope, proxies.table[place]
    is_known = exports.find(envelope.target, envelope.badge) != NOWHERE
    is_known = is_known or proxies.find_held(proxy, envelope.badge) != NOWHERE
    if not proxy.is_home and proxy.owner == request.peer:
        station.answer_claim(request)
    elif proxy.is_home or is_known:
        count(request, place)
    elif not claims.claim_on(request, proxy.owner):
        station.answer(request, Outcome.NO_SUCH_PORT)


def claimed_on(request: Request, was_claimed: bool) -> None:
    """The node that we send on to has counted a gate of ours, of the badge that a peer claims; or it has not."""
    envelope = request.message.envelope
    place, gate = proxies.find_away(envelope.target), NOWHERE
    try:
        if was_claimed and place != NOWHERE:
            gate = proxies.mint(place, envelope.badge)
        if gate == NOWHERE or request.state == State.ABANDONED:
            station.answer(request, Outcome.NO_SUCH_PORT)
        else:
            count(request, place)
    except KernelError:
        station.answer(request, Outcome.NO_SUCH_PORT)
    if gate != NOWHERE:
        close_quietly(gate)


def count(request: Request, place: u64) -> None:
    """One gate more that a peer has. Raises KernelError."""
    envelope, proxy = request.message.envelope, proxies.table[place]
    export = exports.find(envelope.target, envelope.badge)
    if export == NOWHERE:
        held = NOWHERE if proxy.is_home else proxies.place_of_held(proxy, envelope.badge)
        if held == NOWHERE:
            gate = proxies.make_gate(place, envelope.badge, MintFlag.TELL_LAST).handle
        else:
            gate = proxies.another(place, proxies.held[held]).handle
        export = exports.add(gate, envelope.target, envelope.badge, proxy.serial)
        if export == NOWHERE:
            close_quietly(gate)
            station.answer(request, Outcome.NO_SUCH_PORT)
            return
    exports.send(export, request.peer)
    station.answer_claim(request)


# ---- when they have had their time ----


def look(now: u64) -> u64:
    """End what nobody tells us of: ports that came here and were destroyed, and those that went away and to which
    nobody has a gate here any more (its process made them, perhaps without TELL_LAST). When to look again.
    """
    if now < proxies.sweep_due:
        return proxies.sweep_due
    proxies.sweep_due = NO_TIMEOUT
    for place in range(proxies.used):
        proxy = proxies.table[place]
        if not proxy.is_used or not proxy.has_moved:
            continue
        recount.look_after(place)
        if proxy.counted_by != NOWHERE and not calls.is_on_way(proxy.label):
            farewells.give_back_gates(place)
        is_over = is_dead_gate(proxy.manage) if proxy.is_home else outbox.has_had_its_time(place)
        if is_over and farewells.say_goodbye(place):
            proxies.end(place)
        else:
            proxies.sweep_due = now + LOOK_EVERY
    return proxies.sweep_due


def heard_goodbye(request: Request) -> None:
    """A node that had the receiver before us has nothing to send on any more, or the receiver is there."""
    exports.take_back(request.message.envelope.target, request.peer)
    place = proxies.find(request.message.envelope.target)
    if place != NOWHERE:
        proxies.table[place].senders = proxies.table[place].senders & ~(u64(1) << request.peer)
    station.answer(request, Outcome.ANSWERED)
