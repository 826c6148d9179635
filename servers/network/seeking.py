"""Ports that are not where they were thought to be: everybody is asked who has them, a few times, before they are dead.

A proxy's owner is a guess. It is wrong when that node says so, and may be when it is gone; then nothing is sent there,
and callers wait in the kernel, until some node says I_HAVE, or none does.
"""

from collections.abc import Callable

from atoll.abi import wire
from atoll.abi.calls import NO_TIMEOUT
from atoll.abi.raw import address_of, view
from atoll.abi.types import u64
from atoll.abi.wire import Delivery, Kind
from atoll.servers.network import friends
from atoll.servers.network.exports import exports
from atoll.servers.network.frame import Frame
from atoll.servers.network.identity import Identity
from atoll.servers.network.line import line
from atoll.servers.network.message import Envelope, Message
from atoll.servers.network.peers import NOWHERE, Peer
from atoll.servers.network.proxies import GROUP, proxies
from atoll.userland.runtime.kernel_calls import clock

MOST_ASKED = 3
FIRST_WAIT = 50 * wire.MILLISECOND  # for an answer; twice as long each time
HOLD_FOR = 200 * wire.MILLISECOND  # until it is asked for a port of which we were told that it moves
MOST_MISSES = 4  # that a port was found, and then was not there, in a row


class Search:
    """What is written and read here."""

    message: Message
    pump: Callable[[], None]  # send what has waited


search: Search = Search()

# ---- who seeks ----


def miss(place: u64, peer: u64) -> bool:
    """That peer does not have the port, or is gone: whether it may be elsewhere, and then it is sought."""
    proxy = proxies.table[place]
    if proxy.is_public or proxy.owner == GROUP or proxy.is_home:
        return False
    if proxy.is_seeking or proxy.owner != peer:
        return True
    proxy.misses += 1
    if proxy.misses > MOST_MISSES:
        return False
    proxies.suspend(place, clock())
    return True


def hold(place: u64, now: u64) -> None:
    """Its receiver is about to leave."""
    proxies.suspend(place, now + HOLD_FOR * line.patience)


def look(now: u64) -> u64:
    """Ask, or give up; when to look again."""
    if now < proxies.seek_due:
        return proxies.seek_due
    proxies.seek_due = NO_TIMEOUT
    for place in range(proxies.used):
        proxy = proxies.table[place]
        if not proxy.is_used or not proxy.is_seeking:
            continue
        if now >= proxy.due and proxy.asked == MOST_ASKED:
            proxies.end(place)
            search.pump()
            continue
        if now >= proxy.due:
            say(wire.EVERYBODY, Kind.WHO_HAS, proxy.identity)
            proxy.due = now + (FIRST_WAIT << proxy.asked) * line.patience
            proxy.asked += 1
        proxies.seek_due = min(proxies.seek_due, proxy.due)
    return proxies.seek_due


def answered(peer: Peer, frame: Frame, now: u64) -> None:
    """A node has it, or will know soon who has."""
    envelope = read(frame)
    place = proxies.find_away(envelope.target)
    if place == NOWHERE or not peer.is_node:
        return
    proxy = proxies.table[place]
    if proxy.is_public or proxy.owner == GROUP or proxy.is_passing:
        return
    if envelope.words[0] != wire.MOVING:
        proxy.senders = 0  # they have heard it too, or will ask
        if proxy.has_moved and proxy.delivery == Delivery.REDIRECT:
            proxy.delivery, proxies.sweep_due = u64(Delivery.RECOVER), 0  # whom we have counted goes there (recount.py)
        proxies.found(place, peer.place)
        search.pump()
    elif proxy.is_seeking:
        proxy.asked, proxy.due = 0, now + HOLD_FOR * line.patience
        proxies.seek_due = min(proxies.seek_due, proxy.due)


# ---- who has it ----


def asked(peer: Peer, frame: Frame) -> None:
    """Somebody seeks a port: if it is here, and not by redirection, we say so."""
    envelope = read(frame)
    identity = Identity()
    identity.low, identity.high = envelope.target.low, envelope.target.high
    place = proxies.find(identity)
    serial = exports.serial_of(identity) if place == NOWHERE else proxies.table[place].serial
    if place == NOWHERE and serial == NOWHERE:
        return
    is_here = place == NOWHERE or (
        proxies.table[place].is_home and proxies.table[place].delivery != Delivery.REDIRECT
    )
    is_passing = place != NOWHERE and proxies.table[place].is_passing
    is_leaving = is_here and friends.is_leaving(serial)
    if is_here or is_passing:
        say(peer.address, Kind.I_HAVE, identity, u64(wire.MOVING) if is_passing or is_leaving else u64(0))


def announce(identity: Identity) -> None:
    """It is here, everybody who cares may know."""
    say(wire.EVERYBODY, Kind.I_HAVE, identity)


# ---- frames ----


def say(address: u64, kind: u64, identity: Identity, word: u64 = 0) -> None:
    """A frame about one port."""
    message = search.message
    message.clear()
    message.envelope.target.low, message.envelope.target.high = identity.low, identity.high
    message.envelope.words[0] = word
    line.send_alone(address, kind, 0, view(address_of(message), wire.ENVELOPE_SIZE))


def read(frame: Frame) -> Envelope:
    """What a frame says."""
    room = view(address_of(search.message), u64(wire.ENVELOPE_SIZE))
    room[:] = frame.payload()[0 : wire.ENVELOPE_SIZE]
    return search.message.envelope
