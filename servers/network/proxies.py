"""Proxies: ports of ours that stand for ports of other nodes. What is sent to one goes over the wire to its owner.

Each gate that came is minted anew with its badge; when the last one of a badge is gone, the owner is told how many
had come.
"""

from atoll.abi.objects import Info
from atoll.abi.types import Array, u16, u64
from atoll.servers.network.identity import Identity
from atoll.servers.network.peers import MOST_PEERS, NOWHERE
from atoll.userland.runtime.messages import Port, PortSet, create_port
from atoll.userland.runtime.objects import read_info

MOST_PROXIES = 256
MOST_HELD = 1024
PLACES = 1 << 16  # of a label: the proxy's place, and above it how often that was used
GROUP = MOST_PEERS  # the owner of a proxy that stands for a group: nobody in particular
PORT_SERIAL = 0  # word of a port's Info


class Proxy:
    """One port of another node."""

    is_used: bool
    identity: Identity
    is_public: bool  # its gates are not given back
    owner: u64  # peer that receives there
    label: u64
    port: Port
    serial: u64  # of the port
    is_sending: bool  # something that nobody waits for is on its way: what comes next has to come behind it
    first: u16  # of the gates: place + 1


class Held:
    """Gates of one badge."""

    badge: u64
    out: u64  # that exist here
    came: u64  # how often it was sent to us
    next: u16  # of the proxy, or of the free ones


class Proxies:
    """All of them."""

    table: Array[Proxy, MOST_PROXIES]
    held: Array[Held, MOST_HELD]
    used: u64  # places that were ever used
    held_used: u64
    held_free: u16  # chain
    count: u64
    ports: PortSet  # where they are received from

    # ---- finding ----

    def find(self, identity: Identity) -> u64:
        """The place of a proxy; NOWHERE if there is none."""
        for place in range(self.used):
            proxy = self.table[place]
            if proxy.is_used and proxy.identity.is_same(identity):
                return place
        return NOWHERE

    def find_port(self, serial: u64) -> u64:
        """The same by the serial number of its port."""
        for place in range(self.used):
            if self.table[place].is_used and self.table[place].serial == serial:
                return place
        return NOWHERE

    def of_label(self, label: u64) -> u64:
        """The same by a message's label; NOWHERE: that proxy is gone."""
        place = label % PLACES
        if place < self.used and self.table[place].is_used and self.table[place].label == label:
            return place
        return NOWHERE

    # ---- making and ending ----

    def make(self, identity: Identity, owner: u64, is_public: bool = False) -> u64:
        """The proxy of an identity, a new one if need be; NOWHERE: there are too many. Raises KernelError."""
        place = self.find(identity)
        if place != NOWHERE:
            return place
        place = 0
        while place < self.used and self.table[place].is_used:
            place += 1
        if place == MOST_PROXIES:
            return NOWHERE
        proxy = self.table[place]
        label = (proxy.label // PLACES + 1) * PLACES + place
        proxy.port = create_port(label)
        info = Info()
        read_info(proxy.port.handle, info)
        proxy.label, proxy.serial, proxy.owner, proxy.is_public = label, info.words[PORT_SERIAL], owner, is_public
        proxy.identity.low, proxy.identity.high = identity.low, identity.high
        proxy.first, proxy.is_used, proxy.is_sending = u16(0), True, False
        self.used = max(self.used, place + 1)
        self.count += 1
        self.ports.add(proxy.port)
        return place

    def end(self, place: u64) -> None:
        """Whoever waits there is told that the port is dead, and every gate of it is."""
        proxy = self.table[place]
        proxy.is_used = False
        self.count -= 1
        while proxy.first != 0:
            self.free_first(proxy)
        proxy.port.close()

    def is_unused(self, place: u64) -> bool:
        """Whether there is no gate any more through which somebody could send there."""
        proxy = self.table[place]
        return proxy.first == 0 and not proxy.is_public

    def free_first(self, proxy: Proxy) -> None:
        """Forget the gates of a badge."""
        place = proxy.first
        held = self.held[place - 1]
        proxy.first = held.next
        held.next = self.held_free
        self.held_free = place

    # ---- gates ----

    def mint(self, place: u64, badge: u64) -> u64:
        """A gate that came; NOWHERE: there are too many. Raises KernelError."""
        proxy = self.table[place]
        number = self.find_held(proxy, badge)
        if number == NOWHERE:
            number = self.new_held(proxy, badge)
        if number == NOWHERE:
            return NOWHERE
        gate = proxy.port.mint(badge, True)
        self.held[number].out += 1
        self.held[number].came += 1
        return gate.handle

    def find_held(self, proxy: Proxy, badge: u64) -> u64:
        """The gates of a badge; NOWHERE if there are none."""
        place = u64(proxy.first)
        while place != 0:
            if self.held[place - 1].badge == badge:
                return place - 1
            place = u64(self.held[place - 1].next)
        return NOWHERE

    def new_held(self, proxy: Proxy, badge: u64) -> u64:
        """A place for them."""
        place = u64(self.held_free)
        if place != 0:
            self.held_free = self.held[place - 1].next
        elif self.held_used == MOST_HELD:
            return NOWHERE
        else:
            self.held_used += 1
            place = self.held_used
        held = self.held[place - 1]
        held.badge, held.out, held.came, held.next = badge, 0, 0, proxy.first
        proxy.first = u16(place)
        return place - 1

    def gone(self, place: u64, badge: u64) -> u64:
        """One gate of a badge is gone. If it was the last here: how many had come, which is what the owner counts."""
        proxy = self.table[place]
        number = self.find_held(proxy, badge)
        if number == NOWHERE:
            return 0
        held = self.held[number]
        held.out -= 1
        if held.out != 0:
            return 0
        came = held.came
        self.unlink(proxy, number)
        return came

    def unlink(self, proxy: Proxy, number: u64) -> None:
        """Forget the gates of a badge, wherever they are in the chain."""
        held = self.held[number]
        if proxy.first == number + 1:
            self.free_first(proxy)
            return
        before = u64(proxy.first) - 1
        while self.held[before].next != number + 1:
            before = u64(self.held[before].next) - 1
        self.held[before].next = held.next
        held.next = self.held_free
        self.held_free = u16(number + 1)


proxies: Proxies = Proxies()
