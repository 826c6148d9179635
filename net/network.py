"""The virtual Ethernet: stations and switches joined by links, driven in virtual time by whoever runs the stations.

A frame's way is a chain of arrivals in one queue, ordered by (time, source, sequence): the same in every run, in
whatever order the stations were asked. `send` touches only what is the station's own: several may send at once.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from heapq import heapify, heappop, heappush
from itertools import pairwise
from typing import Any

from atoll.net.switch import Switch
from atoll.net.wire import SOUND, Direction, Faults, Medium, total

# Is shown each frame when it leaves a station (True) and when it reaches one: time, the station's name, frame.
Tap = Callable[[int, str, bool, bytes], None]


class TopologyError(Exception):
    """Links that make no network; the text says why, `link` which one (its place; None: not a single one)."""

    def __init__(self, why: str, link: int | None = None) -> None:
        super().__init__(why)
        self.link = link


@dataclass(frozen=True)
class Link:
    """Two points' names, and what is between them."""

    ends: tuple[str, str]
    medium: Medium = field(default_factory=Medium)

    @property
    def name(self) -> str:
        """For messages and figures."""
        return "-".join(self.ends)


@dataclass(frozen=True)
class Topology:
    """What a network is made of: each station has one link, to a switch; links make no loops and leave nobody out."""

    stations: tuple[str, ...]
    switches: tuple[str, ...]
    links: tuple[Link, ...]

    @staticmethod
    def star(stations: Iterable[str], medium: Medium) -> "Topology":
        """All at one switch."""
        names = tuple(stations)
        return Topology(names, ("switch1",), tuple(Link((name, "switch1"), medium) for name in names))

    def check(self) -> None:
        """Raise TopologyError for what cannot work."""
        names = [*self.stations, *self.switches]
        for name in names:
            if names.count(name) > 1:
                raise TopologyError(f"{name} is there twice: each node and switch has a name of its own")
        group = {name: {name} for name in names}  # who is joined to whom so far
        for place, link in enumerate(self.links):
            for end in link.ends:
                if end not in group:
                    raise TopologyError(f"link {link.name}: there is no node or switch {end}", place)
            if not set(link.ends) & set(self.switches):
                raise TopologyError(f"link {link.name}: one of its ends must be a switch", place)
            first, second = (group[end] for end in link.ends)
            if first is second:
                raise TopologyError(f"link {link.name}: its ends are joined already; links must make no loop", place)
            first |= second
            group.update(dict.fromkeys(second, first))
        for station in self.stations:
            if (count := sum(station in link.ends for link in self.links)) != 1:
                raise TopologyError(f"{station} has {count} links: a node has one, to a switch")
        for left, right in pairwise(names):
            if group[left] is not group[right]:
                raise TopologyError(f"no link leads from {left} to {right}")


@dataclass(frozen=True)
class Way:
    """One direction of a link, and where it leads."""

    direction: Direction
    point: int  # that it leads to
    port: int  # of that point, if it is a switch


@dataclass(frozen=True)
class Delivery:
    """A frame that has reached a station."""

    time_ns: int
    station: str
    frame: bytes


Event = tuple[int, int, int, int, int, bytes]  # time, source, sequence; way, origin (a station), frame


class Network:
    """Links, switches and the frames on them. Points are numbered: stations first, then switches."""

    def __init__(self, topology: Topology, seed: int = 0) -> None:
        topology.check()
        self.topology = topology
        self.taps: list[Tap] = []
        self.severed = 0  # frames that were not delivered because two stations were cut from each other
        self._names = [*topology.stations, *topology.switches]
        self._switches = [Switch() for _ in topology.switches]
        self._ways: list[Way] = []
        self._out: list[list[int]] = [[] for _ in self._names]  # ways that leave each point, by port
        self._sent: list[list[tuple[int, int, bytes]]] = [[] for _ in topology.stations]  # not yet shown to taps
        self._new: list[list[Event]] = [[] for _ in topology.stations]  # events that stations have made
        self._sequence = [0] * len(self._names)
        self._events: list[Event] = []
        self._cuts: set[tuple[int, int]] = set()  # pairs of stations that cannot hear each other
        for link in topology.links:
            self._join(link, seed)

    def _join(self, link: Link, seed: int) -> None:
        points = [self._names.index(end) for end in link.ends]
        ports = [len(self._out[point]) for point in points]
        for here, there in ((0, 1), (1, 0)):
            name = f"{link.ends[here]}-{link.ends[there]}"
            self._out[points[here]].append(len(self._ways))
            self._ways.append(Way(Direction(link.medium, name, seed), points[there], ports[there]))
        for point in points:
            if switch := self._switch(point):
                switch.ports += 1

    def _switch(self, point: int) -> Switch | None:
        index = point - len(self.topology.stations)
        return self._switches[index] if index >= 0 else None

    def lookahead_ns(self, stations: Iterable[str]) -> int:
        """The least time from a frame's leaving one of these stations to its reaching anything."""
        ways = [self._ways[self._out[self._names.index(name)][0]] for name in stations]
        media = [way.direction.medium for way in ways]
        return min(medium.latency_ns + medium.frame_time(0) for medium in media)

    # ---- frames ----

    def send(self, station: int, frame: bytes, now_ns: int) -> int | None:
        """A station (by its number) sends; when the frame reaches the link's other end. None: it never does."""
        way = self._out[station][0]
        self._sent[station].append((now_ns, self._sequence[station], frame))
        self._sequence[station] += 1
        events = self._transmit(station, way, station, frame, now_ns)
        self._new[station] += events
        return min((event[0] for event in events), default=None)

    def _transmit(self, source: int, way: int, origin: int, frame: bytes, now_ns: int) -> list[Event]:
        events: list[Event] = []
        for arrival, copy in self._ways[way].direction.send(frame, now_ns):
            events.append((arrival, source, self._sequence[source], way, origin, copy))
            self._sequence[source] += 1
        return events

    def gather(self) -> None:
        """Take what the stations have sent since; nobody may be sending meanwhile."""
        for events in self._new:
            for event in events:
                heappush(self._events, event)
            events.clear()
        sent = sorted(
            (time, station, sequence, frame)
            for station, entries in enumerate(self._sent) for time, sequence, frame in entries
        )  # fmt: skip
        for time, station, _, frame in sent:
            self._show(time, station, True, frame)
        for entries in self._sent:
            entries.clear()

    def _show(self, time_ns: int, station: int, leaves: bool, frame: bytes) -> None:
        for tap in self.taps:
            tap(time_ns, self._names[station], leaves, frame)

    @property
    def next_ns(self) -> int | None:
        """When the next of the gathered frames arrives somewhere."""
        return self._events[0][0] if self._events else None

    def advance(self, now_ns: int) -> list[Delivery]:
        """Let everything up to a time happen; the frames that have reached stations, in order."""
        deliveries = []
        while self._events and self._events[0][0] <= now_ns:
            time, _, _, number, origin, frame = heappop(self._events)
            way = self._ways[number]
            switch = self._switch(way.point)
            if switch is not None:
                self._forward(switch, way, origin, frame, time)
            elif (min(origin, way.point), max(origin, way.point)) in self._cuts:
                self.severed += 1
            else:
                self._show(time, way.point, False, frame)
                deliveries.append(Delivery(time, self._names[way.point], frame))
        return deliveries

    def _forward(self, switch: Switch, way: Way, origin: int, frame: bytes, time_ns: int) -> None:
        for port in switch.forward(frame, way.port, time_ns):
            for event in self._transmit(way.point, self._out[way.point][port], origin, frame, time_ns):
                heappush(self._events, event)

    # ---- faults ----

    def cut(self, first: str, second: str) -> None:
        """Two stations hear each other no more; or the link between two neighbours, one of them a switch, is cut."""
        points = sorted(self._point(name) for name in (first, second))
        if points[0] == points[1]:
            raise TopologyError(f"{first} cannot be cut from itself")
        if points[1] < len(self.topology.stations):
            self._cuts.add((points[0], points[1]))
            return
        for link in self.topology.links:
            if set(link.ends) == {first, second}:
                self.spoil([link], cut=True)
                return
        raise TopologyError(f"there is no link between {first} and {second}")

    def spoil(self, links: Iterable[Link] | None = None, **faults: Any) -> None:
        """Change some of the links' faults (fields of Faults), of all links if none are named."""
        for link in self.topology.links if links is None else links:
            for direction in self._directions(link):
                direction.faults = replace(direction.faults, **faults)

    def heal(self) -> None:
        """Nothing is cut any more, and all links are sound."""
        self._cuts.clear()
        for way in self._ways:
            way.direction.faults = SOUND

    def reseed(self, seed: int) -> None:
        """From now on what is drawn depends on this seed."""
        for link in self.topology.links:
            for number, direction in enumerate(self._directions(link)):
                direction.reseed(f"{link.ends[number]}-{link.ends[1 - number]}", seed)

    def _point(self, name: str) -> int:
        if name not in self._names:
            raise TopologyError(f"there is no node or switch {name}; there are {', '.join(self._names)}")
        return self._names.index(name)

    def _directions(self, link: Link) -> tuple[Direction, Direction]:
        first = 2 * self.topology.links.index(link)
        return self._ways[first].direction, self._ways[first + 1].direction

    # ---- figures and states ----

    def stats(self) -> dict[str, Any]:
        """What became of the frames, by link and switch; the same in every run."""
        links = {link.name: total([way.counts for way in self._directions(link)]) for link in self.topology.links}
        switches = {
            name: switch.stats() for name, switch in zip(self.topology.switches, self._switches, strict=True)
        }  # fmt: skip
        return {"links": links, "switches": switches, "severed": self.severed}

    def save(self) -> dict[str, Any]:
        """Everything on its way, and all that was learned and counted."""
        self.gather()
        return {
            "names": self._names, "events": [list(event) for event in sorted(self._events)],
            "sequence": self._sequence, "cuts": [list(pair) for pair in sorted(self._cuts)], "severed": self.severed,
            "directions": [way.direction.save() for way in self._ways],
            "switches": [switch.save() for switch in self._switches],
        }  # fmt: skip

    def restore(self, saved: dict[str, Any]) -> None:
        """The opposite of `save`; the network must have been made alike."""
        if saved["names"] != self._names:
            raise TopologyError(f"the saved network has {', '.join(saved['names'])}, this one {', '.join(self._names)}")
        self.gather()
        self._events = [tuple(event) for event in saved["events"]]
        heapify(self._events)
        self._sequence = list(saved["sequence"])
        self._cuts = {(first, second) for first, second in saved["cuts"]}
        self.severed = saved["severed"]
        for way, state in zip(self._ways, saved["directions"], strict=True):
            way.direction.restore(state)
        for switch, state in zip(self._switches, saved["switches"], strict=True):
            switch.restore(state)


__all__ = ["Delivery", "Faults", "Link", "Network", "Topology", "TopologyError"]
