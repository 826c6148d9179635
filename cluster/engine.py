"""A node and the host's station on one wire, run in virtual time: it stands still while the host thinks.

The board runs until the next frame arrives at the station, or the station wants to look at its calls; both happen at
exactly that time. So what the station does is a function of the run, as everything else is.
"""

from collections.abc import Callable
from typing import Any

from atoll.machine.board import Board, Stop, StopReason
from atoll.machine.events import Timed
from atoll.net.station import Station
from atoll.net.wire import Medium, Wire

SLICE_NS = 20_000_000  # virtual: how long the board runs at most before the host looks at signals and keys

FOREVER_NS = 1 << 62

Watch = Callable[[], None]
Tap = Callable[[int, bytes], None]  # is shown each frame when it is sent


class Engine:
    """What drives board, wire and station; `watch` is called between two runs of the board, and may raise."""

    def __init__(self, board: Board, medium: Medium, address: bytes, key: bytes, session: int) -> None:
        self.board = board
        self.wire = Wire(medium)
        self.station = Station(address, key, session, self._from_host)
        self.watch: Watch = lambda: None
        self.tap: Tap = lambda time_ns, frame: None
        self.limit_ns = FOREVER_NS  # nobody waits for a call beyond this time
        self._arriving = Timed()  # at the station, by nanoseconds
        board.port.transmit = self._from_node

    # ---- frames ----

    def _from_host(self, frame: bytes) -> None:
        now = self.board.time_ns
        self.tap(now, frame)
        for arrival, copy in self.wire.to_node.send(frame, now):
            self.board.deliver(copy, arrival)

    def _from_node(self, frame: bytes) -> None:
        self.tap(self.board.time_ns, frame)
        for arrival, copy in self.wire.to_host.send(frame, self.board.time_ns):
            self._arriving.add(arrival, copy)
            self.board.stop_by(arrival)

    # ---- time ----

    def run(self, until_ns: int, done: Callable[[], bool] = lambda: False) -> StopReason | None:
        """Run until something is done (None), or to a time, or to the node's end."""
        while not done():
            self.watch()
            self._settle()
            if done():
                break
            events = (until_ns, self._arriving.next(), self.station.due, self.board.time_ns + SLICE_NS)
            edge = min(event for event in events if event is not None)
            reason = self.board.run(until_ns=edge)
            if reason.kind is not Stop.UNTIL:
                return reason
            if self.board.time_ns >= until_ns:
                self._settle()
                return None if done() else reason
        return None

    def _settle(self) -> None:
        """What has come due for the station happens."""
        now = self.board.time_ns
        for frame in self._arriving.due(now):
            self.station.arrived(frame, now)
        if self.station.due is not None and self.station.due <= now:
            self.station.look(now)

    @property
    def waits_for_nothing(self) -> bool:
        """Whether no event can ever come, unless from the host."""
        nothing = not self._arriving and self.station.due is None
        return nothing and self.board.idle and self.board.next_event_ns is None

    # ---- saving ----

    def save(self) -> dict[str, Any]:
        """Wire and station, between calls."""
        return {"wire": self.wire.save(), "station": self.station.save(), "arriving": self._arriving.save()}

    def restore(self, saved: dict[str, Any]) -> None:
        """The opposite of `save`. (The board is the node's.)"""
        self.wire.restore(saved["wire"])
        self.station.restore(saved["station"])
        self._arriving.restore(saved["arriving"])
