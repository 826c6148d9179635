"""Proxies: ports of ours that stand for ports of other nodes. What is sent to one goes over the wire to its owner.

Gates of one badge that came are handles of one gate of ours; when the last one is gone, the owner is told how many had
come.
"""

from collections.abc import Callable

from atoll.abi.calls import Call, MintFlag
from atoll.abi.objects import NO_HANDLE, Info, Right
from atoll.abi.riscv import ecall
from atoll.abi.types import Array, u16, u64
from atoll.abi.wire import Delivery
from atoll.servers.network.exports import close_quietly
from atoll.servers.network.identity import Identity
from atoll.servers.network.peers import MOST_PEERS, NOWHERE
from atoll.userland.runtime.kernel_errors import KernelError
from atoll.userland.runtime.messages import Gate, Port, PortSet, create_port
from atoll.userland.runtime.objects import duplicate, is_dead_gate, read_info

MOST_PROXIES = 256
MOST_HELD = 1024
PLACES = 1 << 16  # of a label: the proxy's place, and above it how often that was used
GROUP = MOST_PEERS  # the owner of a proxy that stands for a group: nobody in particular
KEEPING = Right.DUPLICATE | Right.MOVE  # what a gate's handle that does not count allows
# ---- words of a port's Info ----
PORT_SERIAL = 0
PORT_WAITING = 4  # senders
PORT_BITS = 6  # of notifications
PORT_GATES = 7


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

    # ---- a port whose receiver has moved from node to node (moves.py) ----
    has_moved: bool  # there are gates of it that we did not make
    is_passing: bool  # its receive right is on its way to the owner, who may not have it yet
    is_opening: (
        bool  # the collector is to receive there (a port where something waits can be added by that thread only)
    )
    is_home: bool  # a process of this node receives there; it came from `owner`
    manage: u64  # then: a gate by which we make others
    delivery: u64  # how it came, or leaves: a Delivery
    counted_by: u64  # peer that has counted the gates of it that are here, and is to be told; NOWHERE: nobody
    senders: u64  # a bit for each peer that had its receiver before, and sends on what comes for it by way of us

    # ---- a port that is not where it was thought to be (seeking.py) ----
    is_seeking: bool  # nothing is sent there: what comes waits in the kernel
    asked: u64  # how often
    due: u64  # when to ask again
    misses: u64  # how often it was found and then was not there
    are_friends_known: bool  # its receive right is to come here: who has gates is here already (friends.py)


class Held:
    """Gates of one badge."""

    badge: u64
    keep: u64  # a handle that does not count, by which we make others of the same gate; NO_HANDLE: there is no gate
    gates: u64  # whose end we have not been told yet
    came: u64  # what the owner counts for us: how often it was sent here
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
    sweep_due: u64  # when to look at those whose receiver has moved
    seek_due: u64  # when to look at those that are sought
    open: Callable[[], None]  # let the collector receive at those that are opening

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

    def find_away(self, identity: Identity) -> u64:
        """The place of a proxy of another node's port; NOWHERE if there is none."""
        place = self.find(identity)
        return NOWHERE if place == NOWHERE or self.table[place].is_home else place

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
        place = self.free_place()
        if place != NOWHERE:
            port = create_port()
            self.begin(place, identity, owner, port)
            self.table[place].is_public = is_public
            self.ports.add(port)
        return place

    def free_place(self) -> u64:
        """A place for another; NOWHERE if there is none."""
        for place in range(u64(MOST_PROXIES)):
            if not self.table[place].is_used:
                return place
        return NOWHERE

    def end_dead(self) -> None:
        """Forget ports that came here and were destroyed."""
        for place in range(self.used):
            if self.table[place].is_home and is_dead_gate(self.table[place].manage):
                self.end(place)

    def begin(self, place: u64, identity: Identity, owner: u64, port: Port) -> None:
        """From now on that place is the proxy of an identity."""
        proxy = self.table[place]
        info = Info()
        read_info(port.handle, info)
        proxy.label = (proxy.label // PLACES + 1) * PLACES + place
        proxy.serial, proxy.owner, proxy.port = info.words[PORT_SERIAL], owner, port
        proxy.identity.low, proxy.identity.high = identity.low, identity.high
        proxy.first, proxy.is_used, proxy.is_sending, proxy.is_public = u16(0), True, False, False
        proxy.has_moved, proxy.is_passing, proxy.is_opening = False, False, False
        proxy.is_home, proxy.manage, proxy.delivery = False, NO_HANDLE, u64(Delivery.REDIRECT)
        proxy.senders, proxy.counted_by = 0, NOWHERE
        proxy.is_seeking, proxy.misses, proxy.are_friends_known = False, 0, False
        port.set_label(proxy.label)
        self.used = max(self.used, place + 1)
        self.count += 1

    def end(self, place: u64) -> None:
        """Whoever waits there is told that the port is dead, and every gate of it is."""
        proxy = self.table[place]
        proxy.is_used = False
        self.count -= 1
        while proxy.first != 0:
            self.free_first(proxy)
        if proxy.is_home:
            Gate(proxy.manage).close()
        else:
            proxy.port.close()
        proxy.is_home = False

    def end_all(self, owner: u64) -> None:
        """A node is gone: what led there may have moved before. What came from there is here."""
        for place in range(self.used):
            proxy = self.table[place]
            proxy.senders = proxy.senders & ~(u64(1) << owner)
            if proxy.is_used and proxy.owner == owner:
                if proxy.is_home:
                    proxy.owner = NOWHERE
                elif proxy.is_public or proxy.is_passing:
                    self.end(place)
                else:
                    self.suspend(place, 0)

    def is_unused(self, place: u64) -> bool:
        """Whether there is no gate any more through which somebody could send there."""
        proxy = self.table[place]
        if proxy.is_public or proxy.is_home or proxy.is_passing:
            return False
        if proxy.first != 0 and not proxy.has_moved:
            return False  # (of one that has moved not all gates tell their end)
        if proxy.senders != 0:
            return False  # they count nothing, but say goodbye (moves.py)
        info = Info()
        read_info(proxy.port.handle, info)
        return info.words[PORT_GATES] == 0 and info.words[PORT_WAITING] == 0 and info.words[PORT_BITS] == 0

    def free_first(self, proxy: Proxy) -> None:
        """Forget the gates of a badge."""
        place = proxy.first
        held = self.held[place - 1]
        close_quietly(held.keep)
        held.keep = NO_HANDLE
        proxy.first = held.next
        held.next = self.held_free
        self.held_free = place

    # ---- ports that are sought ----

    def suspend(self, place: u64, due: u64) -> None:
        """Nobody knows where it is received there: what comes waits in the kernel. It is asked for when that is due."""
        proxy = self.table[place]
        proxy.is_seeking, proxy.is_opening, proxy.asked, proxy.due = True, False, 0, due
        self.seek_due = min(self.seek_due, due)
        ecall(self.ports.handle, proxy.port.handle, 0, 0, 0, 0, 0, Call.SET_REMOVE)

    def found(self, place: u64, owner: u64) -> None:
        """A peer receives there."""
        proxy = self.table[place]
        proxy.owner = owner
        if proxy.is_seeking:
            proxy.is_seeking, proxy.is_opening = False, True
            self.open()

    def is_there(self, label: u64) -> None:
        """An answer has come from there."""
        place = self.of_label(label)
        if place != NOWHERE:
            self.table[place].misses = 0

    # ---- receive rights ----

    def take_port(self, identity: Identity, owner: u64, port: Port, delivery: u64) -> u64:
        """A port of this node whose receive right leaves for a peer: its label, as a proxy; 0: there are too many."""
        place, senders = self.find(identity), u64(0)
        if place != NOWHERE:  # it had come from elsewhere
            senders = self.table[place].senders & ~(u64(1) << owner)
            self.end(place)
        place = self.free_place() if place == NOWHERE else place
        if place == NOWHERE:
            return 0
        self.begin(place, identity, owner, port)
        proxy = self.table[place]
        proxy.has_moved, proxy.is_passing, proxy.delivery, proxy.senders = True, True, delivery, senders
        self.sweep_due = 0
        return self.table[place].label

    def port_passed(self, label: u64, was_taken: bool) -> u64:
        """The peer has it, and we send on what comes there: its place. Or it is lost, as what that is not delivered."""
        place = self.of_label(label)
        if place == NOWHERE or not self.table[place].is_passing:
            return NOWHERE
        self.table[place].is_passing = False
        if was_taken:
            self.table[place].is_opening = True
            self.open()
            return place
        self.end(place)
        return NOWHERE

    def give_port(self, place: u64, came_from: u64, delivery: u64) -> u64:
        """Receiving here is a process's of this node from now on: the port for it. Raises KernelError."""
        proxy = self.table[place]
        handle = proxy.port.handle
        proxy.manage = Gate(handle).mint(0, MintFlag.MANAGE).handle
        ecall(self.ports.handle, handle, 0, 0, 0, 0, 0, Call.SET_REMOVE)  # refused if it is opening still
        proxy.counted_by = proxy.owner if proxy.owner != came_from else NOWHERE  # that one knows it by its coming
        proxy.owner, proxy.has_moved, proxy.is_home, proxy.is_opening = came_from, True, True, False
        proxy.delivery, proxy.is_seeking, proxy.are_friends_known = delivery, False, False
        if delivery == Delivery.REDIRECT:
            proxy.senders = proxy.senders | u64(1) << came_from
        while proxy.first != 0:  # its process is told of their end
            self.free_first(proxy)
        self.sweep_due = 0
        proxy.port.handle = NO_HANDLE
        return handle

    # ---- gates ----

    def mint(self, place: u64, badge: u64) -> u64:
        """A gate that came; NOWHERE: there are too many. Raises KernelError."""
        proxy = self.table[place]
        number = self.place_of_held(proxy, badge)
        if number == NOWHERE:
            return NOWHERE
        gate = self.another(place, self.held[number])
        self.held[number].came += 1
        return gate.handle

    def another(self, place: u64, held: Held) -> Gate:
        """A handle of the one gate of a badge, which is made if it is not there. Raises KernelError."""
        if held.keep != NO_HANDLE:
            try:
                return self.make_gate(place, held.keep, MintFlag.SHARED)
            except KernelError:  # its last handle is gone just now
                close_quietly(held.keep)
                held.keep = NO_HANDLE
        gate = self.make_gate(place, held.badge, MintFlag.TELL_LAST)
        held.keep = duplicate(gate.handle, KEEPING)
        held.gates += 1
        return gate

    def note(self, place: u64, badge: u64, gate: u64) -> None:
        """That gate was here before its receiver left. (A badge may have several: each tells its end.)"""
        number = self.place_of_held(self.table[place], badge)
        if number != NOWHERE:
            held = self.held[number]
            held.gates += 1
            held.keep = duplicate(gate, KEEPING) if held.keep == NO_HANDLE else held.keep

    def place_of_held(self, proxy: Proxy, badge: u64) -> u64:
        """The gates of a badge, a new place if need be; NOWHERE: there are too many."""
        number = self.find_held(proxy, badge)
        return number if number != NOWHERE else self.new_held(proxy, badge)

    def make_gate(self, place: u64, badge: u64, flags: u64) -> Gate:
        """A gate that nobody counts. Raises KernelError."""
        proxy = self.table[place]
        return Gate(proxy.manage if proxy.is_home else proxy.port.handle).mint(badge, flags)

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
        held.badge, held.keep, held.gates, held.came, held.next = badge, NO_HANDLE, 0, 0, proxy.first
        proxy.first = u16(place)
        return place - 1

    def gone(self, place: u64, badge: u64) -> u64:
        """One gate of a badge is gone. If it was the last here: what the owner counts for us; else NOWHERE."""
        proxy = self.table[place]
        number = self.find_held(proxy, badge)
        if number == NOWHERE:
            return NOWHERE
        held = self.held[number]
        held.gates -= min(held.gates, u64(1))
        if held.gates != 0:
            return NOWHERE
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
        close_quietly(held.keep)
        held.keep = NO_HANDLE
        self.held[before].next = held.next
        held.next = self.held_free
        self.held_free = u16(number + 1)


proxies: Proxies = Proxies()
