"""A node's station on the wire: card, calls both ways and threads put together. Everything here is in one thread."""

from collections.abc import Callable

from atoll.abi.calls import NO_TIMEOUT, Status
from atoll.abi.calls import Call as KernelCall
from atoll.abi.objects import NO_HANDLE, Kind, Right
from atoll.abi.raw import address_of
from atoll.abi.riscv import ecall
from atoll.abi.types import Text, u64
from atoll.abi.wire import OWN_GATES, Outcome, Way
from atoll.abi.wire import Kind as FrameKind
from atoll.servers.network import (
    acquaintance,
    answers,
    claims,
    collector,
    friends,
    groups,
    members,
    moves,
    outbox,
    recount,
    rights,
    seeking,
    workers,
)
from atoll.servers.network.calls import calls
from atoll.servers.network.card import Card
from atoll.servers.network.crossing import arrive, copy_identity
from atoll.servers.network.exports import close_quietly, exports
from atoll.servers.network.frame import Frame
from atoll.servers.network.key import parse_key
from atoll.servers.network.line import line
from atoll.servers.network.passing import rights_back
from atoll.servers.network.peers import NOWHERE, peers
from atoll.servers.network.proxies import proxies
from atoll.servers.network.requests import Request, State, requests
from atoll.userland.runtime.devices import Interrupt
from atoll.userland.runtime.kernel_calls import clock
from atoll.userland.runtime.kernel_errors import KernelError
from atoll.userland.runtime.messages import Letter, Port
from atoll.userland.runtime.objects import Memory, Process, duplicate
from atoll.userland.runtime.seal import draw_seal_key
from atoll.userland.runtime.system import own_process

SETTLE = 20_000_000  # nanoseconds that calls of others have to end in, before a swap: those that last longer go over
SETTLE_GROUPS = 500_000_000  # and groups, to answer
INTERRUPT: u64 = 1 << 63  # notification bit: the card has something; the bits of requests that are done are lower

card: Card = Card()
interrupt: Interrupt = Interrupt(0)
received: Frame = Frame()
done_port: Port = Port(0)


def start(
    registers: Memory, shared: Memory, done: Port, filled: Port, line_: Interrupt, priority: u64,
    find: Callable[[Text], u64],
) -> None:  # fmt: skip
    """Start card and threads. What they have to say comes as notifications to `done` and `filled`."""
    global interrupt, done_port
    done_port = done
    card.start(registers, shared)
    line.address = card.address
    line.place, line.transmit = place_frame, transmit
    calls.answered, calls.failed, calls.ended = answers.answered, answers.failed, outbox.ended
    calls.came, calls.claim = outbox.pump, claims.claim_for_call
    calls.is_waited_for, calls.repeat = answers.is_waited_for, outbox.repeat
    proxies.seek_due, seeking.search.pump = 0, outbox.pump
    calls.due = NO_TIMEOUT
    rights_back.take = rights.take_back
    requests.ready = ready
    process = Process(own_process())
    workers.start(process, priority, done.mint(0), find)
    collector.start(process, priority - 1, filled.mint(0))
    interrupt = line_
    to_us = done.mint(0)
    interrupt.bind(to_us, INTERRUPT)
    interrupt.done()
    workers.take_over()


def place_frame(frame: Frame) -> bool:
    """Where the card can send a frame from."""
    return card.begin(frame)


def transmit(frame: Frame) -> None:
    """Let the card send it."""
    card.send(frame)


def introduce(key: Text, name: Text, number: u64, incarnation: Text, speed: u64, patience: u64) -> None:
    """Who we are. If no predecessor has handed us its own, this is another start. Raises BadKey."""
    now = clock()
    line.key.first, line.key.second = parse_key(key)
    draw_seal_key(line.key.first, line.key.second, address_of(line.seal_key))
    line.number, line.patience = number, max(patience, u64(1))
    if line.start == 0:
        line.start = line.key.draw(f"start {number} {incarnation} {now}")
    members.introduce(name, number_in(incarnation), speed, now)


def number_in(digits: Text) -> u64:
    """A decimal number; 0 without digits."""
    value: u64 = 0
    for digit in digits.encode():
        value = value * 10 + (digit - 0x30)
    return value


# ---- what wakes us ----


def notified(bits: u64) -> None:
    """The card or a worker has something to say."""
    done = bits & ~INTERRUPT
    place: u64 = 0
    while done != 0:
        if done & 1 != 0:
            answered(requests.table[place])
        done = done >> 1
        place += 1
    if bits & INTERRUPT != 0:
        card.device.take_interrupt()
        take_frames()
        interrupt.done()


def answered(request: Request) -> None:
    """A worker has done its work."""
    rights.end(request.place)
    if request.is_query:
        groups.answer(request)
    else:
        reply(request)


def reply(request: Request) -> None:
    """What is answered is in the message. Of a port that is dead its peer has nothing more, which both now know."""
    if request.message.envelope.is_dead:
        exports.take_back(request.target, request.peer)
        proxies.end_dead()
    requests.answered(request)


def take_frames() -> None:
    """All frames that have come."""
    now = clock()
    while card.receive(received):
        acquaintance.arrived(received, now)
        card.done(received)
    card.refill()


def look(now: u64) -> u64:
    """Do what time asks for; how many nanoseconds until the next time."""
    due = min(members.look(now), calls.look(now), requests.look(now), groups.look(now), claims.look(now))
    due = min(due, seeking.look(now), moves.look(now))
    return max(due, now) - now


# ---- a swap ----


def settle() -> None:
    """Before the state is written: short calls of others end, nothing new of our own begins, groups have answered."""
    end = clock() + SETTLE
    while is_working() and clock() < end:
        wait(end)
    outbox.filled(collector.stop())
    end = clock() + SETTLE_GROUPS
    while groups.groups.count != 0 and clock() < end:
        wait(min(end, groups.look(clock())))


def wait(end: u64) -> None:
    """For the card or a worker, or until then."""
    letter = Letter()
    if letter.attempt(KernelCall.RECEIVE, done_port.handle, max(end, clock()) - clock()) == Status.OK:
        notified(letter.words[0])


def is_working() -> bool:
    """Whether any worker has something to do."""
    for request in requests.table:
        if request.state == State.WORKING:
            return True
    return False


def go_on() -> None:
    """The swap has not come about."""
    workers.let_go()
    collector.go_on()


# ---- requests ----


def ready(request: Request) -> None:
    """A request is here as a whole."""
    message = request.message
    envelope = message.envelope
    copy_identity(envelope.target, request.target)
    if envelope.name_size != 0:
        workers.begin(request.place)
        return
    if envelope.way == Way.AWAIT:
        await_reply(request)
        return
    if envelope.way == Way.FRIENDS or envelope.way == Way.HOLD:
        told(request)
        return
    if envelope.way == Way.ELSEWHERE:
        recount.asked(request)
        return
    if envelope.way == Way.GOODBYE:
        moves.heard_goodbye(request)
        return
    place = exports.find(envelope.target, envelope.badge)
    if envelope.way == Way.NOTIFY:
        place = exports.find_any(envelope.target, request.peer)
    is_of_port = envelope.way == Way.RELEASE and envelope.words[1] == OWN_GATES
    is_known = place != NOWHERE and not is_of_port
    is_claim = envelope.way == Way.CLAIM
    may_call = is_known and (is_claim or exports.may_call(place, request.peer))
    if (is_claim or not may_call) and moves.may_pass(request):
        moves.pass_in(request)
    elif not may_call:
        answer(request, Outcome.NO_SUCH_PORT)
    elif envelope.way == Way.RELEASE:
        exports.give_back(place, request.peer, envelope.words[0])
        answer(request, Outcome.ANSWERED)
    elif envelope.way == Way.CLAIM:
        exports.send(place, request.peer)
        answer_claim(request)
    elif envelope.way == Way.NOTIFY:
        status, _ = ecall(exports.entries[place].gate, envelope.words[0], 0, 0, 0, 0, 0, KernelCall.NOTIFY)
        answer(request, Outcome.ANSWERED if status == Status.OK else Outcome.NOT_TAKEN, status)
    else:
        call_export(request, exports.entries[place].gate)


def call_export(request: Request, gate: u64) -> None:
    """Through a gate of its own: what was exported may be given back before a thread comes to call. One that may not
    be copied is called itself.
    """
    try:
        request.gate = duplicate(gate, Right.SEND)
        request.is_gate_ours = True
    except KernelError:
        request.gate = gate
    call(request)


def call(request: Request) -> None:
    """Its gate is known: now for what came with it."""
    if not claims.claim_for_request(request):
        deliver(request)


def deliver(request: Request) -> None:
    """What came with it can be taken; then a thread calls the service."""
    envelope = request.message.envelope
    request.until = 0
    request.handle = arrive(envelope, request.peer)
    envelope.taken = u64(request.handle != NO_HANDLE)
    if request.state == State.ABANDONED:
        close_quietly(request.handle)
        request.handle = NO_HANDLE
        requests.answered(request)
    elif envelope.handle_kind != Kind.NONE and request.handle == NO_HANDLE:
        answer(request, Outcome.NOT_TRANSFERABLE)
    else:
        workers.begin(request.place)


def told(request: Request) -> None:
    """A port is about to leave the peer: for here, or for elsewhere."""
    identity = request.message.envelope.target
    is_known = friends.told(request.message, request.peer)
    if is_known and request.message.envelope.way == Way.FRIENDS:
        claims.go_on(identity, request.peer)
    answer(request, Outcome.ANSWERED if is_known else Outcome.NO_SUCH_PORT)


def await_reply(request: Request) -> None:
    """A thread calls us: whoever answers that call answers the peer's caller."""
    envelope = request.message.envelope
    number = rights.awaited(request.place, request.peer, envelope.target)
    envelope.words[0], envelope.words[1] = request.place, number
    request.gate = collector.collector.to_rights.handle
    line.say(peers.table[request.peer], FrameKind.WORKING, request.channel, request.number)
    workers.begin(request.place)


def answer_claim(request: Request) -> None:
    """The gate is the claimer's too; the answer says again which, so that it can be given back."""
    target, badge = request.message.envelope.target, request.message.envelope.badge
    low, high = target.low, target.high
    request.message.answer(Outcome.ANSWERED, 0)
    envelope = request.message.envelope
    envelope.handle.low, envelope.handle.high = low, high
    envelope.handle_badge = badge
    requests.answered(request)


def answer(request: Request, outcome: u64, word: u64 = 0) -> None:
    """Without any thread."""
    request.message.answer(outcome, word)
    reply(request)
