"""A learning switch: it notes behind which port each address is, and sends a frame there, or to all others if it cannot
know. (IEEE 802.1D, clauses 7.7 to 7.9: filtering, learning, ageing. There is no spanning tree: links make no loops.)
"""

from typing import Any

GROUP = 1  # bit of an address' first byte: a group's, or everybody's
ADDRESS = 6
HEADER = 14  # bytes that a frame has at least
AGE_NS = 300 * 1_000_000_000  # an address that was silent for so long is forgotten
MOST_ADDRESSES = 4096  # a full table learns nothing more; what it does not know is sent to all


class Switch:
    """A switch with ports from 0; where they lead is the network's business."""

    def __init__(self) -> None:
        self.ports = 0
        self.forwarded = self.flooded = self.filtered = self.runts = 0  # frames
        self._table: dict[bytes, tuple[int, int]] = {}  # address: port, when it was last heard

    def forward(self, frame: bytes, port: int, now_ns: int) -> list[int]:
        """The ports that a frame which came in at one goes out of."""
        if len(frame) < HEADER:
            self.runts += 1
            return []
        destination, source = frame[:ADDRESS], frame[ADDRESS : 2 * ADDRESS]
        self._learn(source, port, now_ns)
        known = None if destination[0] & GROUP else self._find(destination, now_ns)
        if known is None:
            self.flooded += 1
            return [other for other in range(self.ports) if other != port]
        if known == port:
            self.filtered += 1
            return []
        self.forwarded += 1
        return [known]

    def _learn(self, address: bytes, port: int, now_ns: int) -> None:
        if address[0] & GROUP:
            return  # nobody is a group
        if address in self._table or len(self._table) < MOST_ADDRESSES:
            self._table[address] = (port, now_ns)

    def _find(self, address: bytes, now_ns: int) -> int | None:
        port, heard = self._table.get(address, (None, now_ns))
        if now_ns - heard > AGE_NS:
            del self._table[address]
            return None
        return port

    def stats(self) -> dict[str, int]:
        """Frames so far."""
        return {
            "forwarded": self.forwarded, "flooded": self.flooded, "filtered": self.filtered, "runts": self.runts,
        }  # fmt: skip

    def save(self) -> dict[str, Any]:
        """What it has learned and counted."""
        table = [[address, port, heard] for address, (port, heard) in self._table.items()]
        return {"table": table, **self.stats()}

    def restore(self, saved: dict[str, Any]) -> None:
        """The opposite of `save`."""
        self._table = {address: (port, heard) for address, port, heard in saved["table"]}
        for name in self.stats():
            setattr(self, name, saved[name])
