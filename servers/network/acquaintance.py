"""Frames in: to whom they belong, and the rules by which two stations know that each other's memory is intact.

A frame counts if it names both sessions of the pair. One that names another of ours is answered by ours; when a peer
shows another session than we knew, it has forgotten us, or died meanwhile: whatever was between us is over.
"""

from atoll.abi import wire
from atoll.abi.types import u64
from atoll.abi.wire import Kind
from atoll.servers.network import groups, members, seeking
from atoll.servers.network.calls import calls
from atoll.servers.network.exports import exports
from atoll.servers.network.frame import Fault, Frame
from atoll.servers.network.line import line
from atoll.servers.network.peers import NOWHERE, Peer, peers
from atoll.servers.network.proxies import proxies
from atoll.servers.network.requests import requests
from atoll.userland.runtime.kernel_calls import clock

FROM_CLIENT = 16  # kinds below it
FROM_SERVER = 32


def arrived(frame: Frame, now: u64) -> None:
    """A frame has come."""
    line.counts.received += 1
    fault = frame.check(line.seal_key)
    if fault != Fault.NONE:
        line.counts.dropped[fault] += 1
        return
    number = frame.number(wire.NODE, 2)
    place = peers.find(number)
    if place == NOWHERE and number != line.number:  # not our own frame, come back
        place = peers.meet(number, frame.source, new_session(number))
    if place == NOWHERE:
        line.counts.dropped[Fault.FIELDS] += 1
        return
    peer = peers.table[place]
    match frame.kind:
        case Kind.ANNOUNCE:
            members.announced(peer, frame, now)
        case Kind.QUERY:
            groups.asked(peer, frame, now)
        case Kind.ANSWER:
            groups.answered(frame)
        case Kind.WHO_HAS:
            seeking.asked(peer, frame)
        case Kind.I_HAVE:
            seeking.answered(peer, frame, now)
        case Kind.HELLO:
            greet(peer, frame, now)
        case Kind.WELCOME:
            welcome(peer, frame, now)
        case _:
            if is_ours(peer, frame):
                peer.heard = now
                take(peer, frame, now)


def is_ours(peer: Peer, frame: Frame) -> bool:
    """Whether a frame belongs to this acquaintance; if the sender thinks of another, it is told."""
    session = frame.number(wire.SESSION, 8)
    if frame.number(wire.PEER, 8) != peer.ours:
        say_welcome(peer, frame)
        return False
    if peer.theirs == 0:
        peer.theirs = session  # it knows ours, so it has been welcomed
    if session != peer.theirs:
        line.counts.late += 1
        return False
    return True


def take(peer: Peer, frame: Frame, now: u64) -> None:
    """A frame of a station that we know and that knows us."""
    kind = frame.kind
    if kind < FROM_CLIENT:
        requests.arrived(peer, frame, now)
    elif kind < FROM_SERVER:
        calls.arrived(peer, frame, now)
    elif kind == Kind.PROBE:
        line.say(peer, Kind.ALIVE)


# ---- sessions ----


def new_session(number: u64) -> u64:
    """A session with a station that no earlier one was."""
    line.drawn += 1
    return line.key.draw(f"session {line.start} {number} {line.drawn} {clock()}")


def greet(peer: Peer, frame: Frame, now: u64) -> None:
    """A station wants to know our session, and shows its own."""
    session = frame.number(wire.SESSION, 8)
    peer.heard, peer.address = now, frame.source
    if peer.theirs != 0 and peer.theirs != session:
        end(peer)
        members.renewed(peer, now)
    knew = peer.theirs != 0
    peer.theirs = session
    say_welcome(peer, frame)
    if not knew:
        calls.welcome(peer.place, now)


def welcome(peer: Peer, frame: Frame, now: u64) -> None:
    """A station shows its session, to a greeting or because it knows nothing of what we said."""
    session = frame.number(wire.SESSION, 8)
    if frame.number(wire.PEER, 8) != peer.ours:
        line.counts.late += 1
        return
    peer.heard = now
    if peer.theirs == 0:
        peer.theirs = session
        calls.welcome(peer.place, now)
    elif peer.theirs != session:
        end(peer)
        members.renewed(peer, now)
        line.say(peer, Kind.HELLO)


def say_welcome(peer: Peer, asked: Frame) -> None:
    """Our session, in answer to a frame."""
    channel, transaction = asked.number(wire.CHANNEL, 2), asked.number(wire.TRANSACTION, 8)
    out = line.begin(peer, Kind.WELCOME, channel, transaction)
    out.put(wire.PEER, 8, asked.number(wire.SESSION, 8))
    line.finish()


def end(peer: Peer) -> None:
    """This acquaintance is over: on neither side is there anything of it any more."""
    line.counts.losses += 1
    peer.theirs = 0
    peer.ours = new_session(peer.number)
    proxies.end_all(peer.place)
    calls.end_all(peer.place)
    requests.end_all(peer.place)
    exports.forget_peer(peer.place)
